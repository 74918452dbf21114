//! Recordings: what a source saw, scan by scan, as lines of JSON.
//!
//! [`Recorder`] is a source that writes down what another one says; [`ReplaySource`] plays it again. The
//! format is described in `docs/recordings.md`.

mod bytes;
mod format;
mod notes;
mod reader;
mod recorder;
mod replay_source;
mod row;

pub use self::recorder::Recorder;
pub use self::replay_source::ReplaySource;

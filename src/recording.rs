//! Recordings: what a source saw, scan by scan, as lines of JSON.
//!
//! [`Recorder`] is a source that writes down what another one says;
//! [`ReplaySource`](crate::ReplaySource) plays it again. The format is described in `docs/recordings.md`.

mod format;
mod reader;
mod recorder;

pub(crate) use self::format::{Failed, Shown};
pub(crate) use self::reader::{Reader, Recorded};
pub use self::recorder::Recorder;

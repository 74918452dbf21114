//! Recordings: the rows of a source, scan by scan, as lines of JSON.
//!
//! [`Recorder`] is a source that records another source; [`ReplaySource`] replays the recording.
//! `docs/recordings.md` describes the format.

mod bounded;
mod bytes;
mod detail_record;
mod exit_status;
mod exit_usage;
mod format;
mod full_scan;
mod heard;
mod part;
mod reader;
mod recorder;
mod replay_source;
mod row;
mod scan_recorder;
mod unheard;

pub use self::part::RecordingPart;
pub use self::recorder::Recorder;
pub use self::replay_source::ReplaySource;

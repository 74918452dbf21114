//! The parts of a recording in several files.

use serde::{Deserialize, Serialize};

/// Which part of a recording a file is.
///
/// A recording that lasts can be divided into parts. Each begins with a header and a scan that lists every process
/// in full, so each can be replayed alone. One after the other they are one recording: the header of a part
/// continues the part before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordingPart {
    /// Identifies the run of the recorder. No two runs may have the same one.
    pub run: String,
    /// Number of the part. It grows by 1 from part to part.
    pub number: u64,
    /// How many of the last parts the recorder keeps; `None`: all.
    ///
    /// The recorder itself does not delete anything: this allows its user to delete the part.
    #[serde(default)]
    pub keep: Option<u64>,
}

impl RecordingPart {
    /// Creates the first part of a run. All parts are to be kept.
    pub fn new(run: impl Into<String>, number: u64) -> Self {
        Self {
            run: run.into(),
            number,
            keep: None,
        }
    }

    /// Returns whether this part follows directly after another one, in the same run.
    pub fn continues(&self, before: &Self) -> bool {
        self.run == before.run && before.number.checked_add(1) == Some(self.number)
    }

    /// Returns the part after this one.
    pub(super) fn following(&self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            ..self.clone()
        }
    }
}

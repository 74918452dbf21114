//! The plain values of a process: [`Resources`].

use serde::{Deserialize, Serialize};

/// The plain values of a process. Unknown values are `None`.
///
/// A plain value needs no rule of its own: a source reads it, and the table compares and reports it. A new one
/// takes a line here, an entry in [`FIELDS`](crate::FIELDS), and a source that reads it.
///
/// ```
/// use process_scanner::ProcessRow;
///
/// let mut row = ProcessRow::unknown(7);
/// row.resources.rss_bytes = Some(4096);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Resources {
    /// Resident memory in bytes. On Linux from `statm` (proc_pid_statm(5), field 2).
    pub rss_bytes: Option<u64>,
}

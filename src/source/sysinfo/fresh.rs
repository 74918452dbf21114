//! What is read of a process beside sysinfo.

use crate::source::Reading;

/// Start time, name and command line of a process.
pub(super) struct Fresh<'a> {
    pub(super) start_time_ms: Option<u64>,
    pub(super) name: Reading<&'a [u8]>,
    pub(super) command: Reading<&'a [u8]>,
    /// The second of its start is over.
    pub(super) is_settled: bool,
}

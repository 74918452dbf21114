//! What a process has used in its whole life.

use serde::{Deserialize, Serialize};

/// What a process has used from its birth to its end, as the kernel counted it.
///
/// `docs/platforms.md` has where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExitUsage {
    /// CPU time of all its threads, in nanoseconds; `None` if unknown.
    ///
    /// It is never less than the last measured CPU time. It can lack up to one tick of the kernel (1 to
    /// 10 ms) for each thread, and what the kernel needs to free its memory. It can be one tick too large
    /// where a hypervisor, interrupts or a limit of the cgroup took the CPU from a process.
    pub cpu_time_ns: Option<u64>,
    /// The most resident memory that its last program has had, in bytes; `None` if unknown.
    pub peak_rss_bytes: Option<u64>,
    /// Bytes that it has made storage read, without what was in memory already; `None` if unknown.
    pub read_bytes: Option<u64>,
    /// Bytes that it has made storage write, including what was deleted before that; `None` if unknown.
    pub written_bytes: Option<u64>,
}

impl ExitUsage {
    /// Returns whether nothing is known.
    pub(crate) fn is_unknown(self) -> bool {
        self == Self::default()
    }
}

//! What is read of a process beside sysinfo.

use crate::model::Status;
use crate::source::Reading;

/// CPU time of a process, which shows whether it has run. Only a thread that runs can `exec`, start another one or
/// end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "it is read on Linux alone")
)]
pub(super) enum CpuTime {
    /// Of its CPU clock. An equal one proves that it has not run.
    Clock { ns: u64 },
    /// In ticks of 10 ms, where its clock cannot be read. An equal one proves nothing.
    Ticks { ms: u64 },
}

/// Start time, name, command line and threads of a process.
pub(super) struct Fresh<'a> {
    pub(super) start_time_ms: Option<u64>,
    pub(super) name: Reading<&'a [u8]>,
    pub(super) command: Reading<&'a [u8]>,
    /// Number of threads, on Linux; `None`: unknown.
    pub(super) threads: Option<u64>,
    /// Distinguishes it from others with its pid and start time. Read on Linux, if it is new or its
    /// second is not over.
    pub(super) identity: Option<u64>,
    /// The second of its start is over.
    pub(super) is_settled: bool,
}

/// What a process is that sysinfo reports as ended, or without memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judged {
    /// It has no other thread, and stays a zombie.
    Ended,
    /// It is as sysinfo reports it.
    AsRead,
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "threads are read on Linux alone")
    )]
    /// A thread of it lives. Both values are unknown if they cannot be read.
    Lives {
        status: Option<Status>,
        rss_bytes: Option<u64>,
    },
}

#[cfg(target_os = "linux")]
impl Judged {
    pub(super) const UNKNOWN: Self = Self::Lives {
        status: None,
        rss_bytes: None,
    };
}

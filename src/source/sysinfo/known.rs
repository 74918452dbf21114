//! What is stored about each process, and whether a pid still belongs to the same one.

use sysinfo::{Pid, Process};

use super::fresh::CpuTime;
#[cfg(target_os = "linux")]
use super::linux as platform;
#[cfg(not(target_os = "linux"))]
use super::other as platform;

/// Name and command line of a process are read again in this many scans after its first.
const YOUNG_SCANS: u8 = 3;

/// Name and command line of older processes are read again once in this many scans.
const REREAD_SCANS: u32 = 60;

/// What is stored about each process.
#[derive(Debug)]
pub(super) struct Known {
    /// Start time from sysinfo, in seconds.
    pub(super) start_time: u64,
    /// Start time as read beside sysinfo.
    pub(super) read_start_ms: Option<u64>,
    /// Start time as emitted.
    pub(super) start_time_ms: Option<u64>,
    /// How many earlier processes had its pid and start time.
    pub(super) nth: u8,
    /// Distinguishes it from them, on Linux.
    pub(super) identity: Option<u64>,
    /// The second of its start is over: no later process can have the same start time.
    pub(super) is_settled: bool,
    /// All its threads have ended.
    pub(super) is_zombie: bool,
    /// CPU time when it was emitted, on Linux.
    pub(super) cpu: Option<CpuTime>,
    /// Number of threads, on Linux.
    pub(super) threads: Option<u64>,
    /// Number of scans that emitted it; it stops mattering after the first few.
    pub(super) scans: u8,
    pub(super) last_scan: u32,
}

impl Known {
    /// Returns whether start time, name and command line of a process are read now.
    ///
    /// `cpu` is its CPU time now, and `scans` the number of this scan.
    pub(super) fn is_due(&self, process: &Process, cpu: Option<CpuTime>, scans: u32) -> bool {
        if self.start_time != process.start_time()
            || !self.is_settled
            // The scan before did not emit it, so all fields must be emitted.
            || self.last_scan != scans.wrapping_sub(1)
        {
            return true;
        }
        let turn = process.pid().as_u32().wrapping_add(scans);
        let is_its_turn = turn.is_multiple_of(REREAD_SCANS);
        // An `exec` uses CPU time. Kernel threads usually do not exec, and on Windows there is no
        // `exec`.
        (self.scans <= YOUNG_SCANS || is_its_turn || self.cpu != cpu)
            && process.thread_kind().is_none()
            && !cfg!(windows)
    }

    /// Returns how many earlier processes had the pid and start time of the one with this identity.
    pub(super) fn nth_of(&self, identity: Option<u64>) -> u8 {
        match (self.identity, identity) {
            (Some(before), Some(now)) if before != now => self.nth.saturating_add(1),
            _ => self.nth,
        }
    }

    /// Returns whether another process has the pid by now.
    ///
    /// Without an identity, only a CPU clock that went back proves that.
    pub(super) fn is_replaced(&self, pid: Pid, supplement: &platform::Supplement) -> bool {
        match (self.identity, supplement.identity(pid.as_u32())) {
            (Some(before), Some(now)) => before != now,
            _ => match (self.cpu, supplement.clock_ns(pid.as_u32())) {
                (Some(CpuTime::Clock { ns }), Some(now_ns)) => now_ns < ns,
                _ => false,
            },
        }
    }
}

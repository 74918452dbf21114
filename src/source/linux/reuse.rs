//! Decides whether a pid still belongs to the process that had it.

use super::inspect::Rules;
use super::known::Known;
use super::proc::cpu::{CpuClock, cpu_clock};
use super::proc::pidfd::{self, Pidfd, PidfdOwner};
use crate::model::Collect;
use crate::source::exited::within_tick;

impl Rules {
    /// Returns whether this is the process that was known by its pid.
    pub(super) fn is_same(&self, now: &mut Known, before: &Known) -> bool {
        if now.start_ticks != before.start_ticks {
            return false;
        }
        (now.identity, now.nth) = (before.identity, before.nth);
        now.late_ticks = before.late_ticks;
        if now.inode == before.inode {
            return true;
        }
        // The kernel has dropped the inode for lack of memory, or another process started in the
        // same tick.
        now.identity = self.identity(now.pid);
        let is_same = match (before.identity, now.identity) {
            (Some(before), Some(now)) => before == now,
            // Only CPU time distinguishes the two, which never shrinks.
            _ => now.cpu_ns >= before.cpu_ns,
        };
        if !is_same {
            now.nth = before.nth.saturating_add(1);
            now.late_ticks = 0;
        }
        is_same
    }

    /// Returns whether another process has the pid of a known one, which has exited. The files of one
    /// of them cannot be read.
    ///
    /// Without an identity, only a CPU time that went back proves that.
    pub(super) fn is_replaced(&self, before: &Known) -> bool {
        if !self.has_clocks {
            return false;
        }
        match (before.identity, self.identity(before.pid)) {
            (Some(before), Some(now)) => before != now,
            _ => matches!(cpu_clock(before.pid), CpuClock::Ns(ns) if ns < before.cpu_ns),
        }
    }

    /// Returns whether a process has the pid of another one, and the table cannot distinguish the two:
    /// one of them has no start time. So a scan without it must report the exit of the one before.
    pub(super) fn must_exit_first(&self, now: &Known, before: &Known) -> bool {
        if !before.is_denied {
            return self.start_time_ms(now).is_none();
        }
        // The one before could never be read. It may be this one, which can be read by now.
        let is_evident = self.collect.contains(Collect::CPU) && now.cpu_ns < before.cpu_ns;
        !is_evident && self.is_replaced(before)
    }

    /// Returns what distinguishes a new process, and its owner if that is collected.
    pub(super) fn identity_and_owner(&self, pid: u32) -> (Option<u64>, Option<PidfdOwner>) {
        let pidfd = self.has_clocks.then(|| Pidfd::open(pid)).flatten();
        let wants_owner = self.collect.has_any(Collect::USER.with(Collect::CGROUP));
        let owner = pidfd
            .as_ref()
            .filter(|_| wants_owner)
            .and_then(Pidfd::owner);
        (pidfd.and_then(|pidfd| pidfd.identity()), owner)
    }

    pub(super) fn identity(&self, pid: u32) -> Option<u64> {
        self.has_clocks.then(|| pidfd::identity(pid))?
    }

    /// Returns the start time in milliseconds since the Unix epoch. A tick is longer than a
    /// millisecond, so processes that started in the same tick get different start times within it.
    pub(super) fn start_time_ms(&self, process: &Known) -> Option<u64> {
        let start = process.start();
        let tick_ms = self.origin.start_time_ms(start.ticks)?;
        Some(within_tick(tick_ms, start.nth))
    }
}

//! Reads one process: what has to be read of it, and the row it makes.

use super::boot::{Boot, TICK_MS};
use super::cpu::{ClockReader, CpuClock};
use super::known::{CommandState, Known};
use super::pidfd;
use super::procfs::{Listed, Procfs, Unread};
use super::stat::{Stat, number};
use crate::config::Collect;
use crate::model::{Status, Timestamp};
use crate::source::row::known_unless_empty;
use crate::source::{ProcessRow, Reading};

/// What is the same for all processes and scans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) collect: Collect,
    pub(super) boot: Boot,
    /// The pids of `/proc` are those that CPU clocks use.
    pub(super) has_clocks: bool,
    pub(super) page_bytes: u64,
}

/// Why a process is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// To find whether it has run.
    Changes,
    /// Its parent has ended, so it has another one, even if it is idle.
    LostParent,
    /// Its turn has come: everything is read, even if it is idle.
    Turn,
}

/// The result of reading one process.
pub(super) enum Inspected<'a> {
    /// Nothing has changed.
    Unchanged(Known),
    /// It was read.
    Read(Read<'a>),
    /// It has exited.
    Gone,
    /// It exists, but access to its files is denied.
    Denied {
        cpu_time_ns: Option<u64>,
        read_at_ns: Option<u64>,
    },
    /// It could not be read. If it is known, it stays as it was.
    Failed(Option<Known>),
}

/// A process that was read.
pub(super) struct Read<'a> {
    pub(super) known: Known,
    pub(super) name: &'a [u8],
    /// The scan before did not emit it, so all fields must be emitted.
    pub(super) is_new: bool,
    pub(super) unreadable_fields: u32,
}

impl Rules {
    /// Reads a process. `before` is the entry of this pid in the scan before, `why` decides whether
    /// it is read even if it seems unchanged, and `line` is a buffer for `stat`.
    pub(super) fn inspect<'a>(
        &self,
        procfs: &Procfs,
        listed: Listed,
        before: Option<&Known>,
        why: Why,
        line: &'a mut [u8],
        clocks: &mut ClockReader,
    ) -> Inspected<'a> {
        let mut read_at_ns = None;
        let mut clock = || {
            let (clock, at_ns) = clocks.read(listed.pid);
            read_at_ns = Some(at_ns);
            clock
        };
        let clock_ns = match self.has_clocks.then(&mut clock) {
            Some(CpuClock::Ns(ns)) => Some(ns),
            Some(CpuClock::Gone) => return Inspected::Gone,
            Some(CpuClock::Unknown) | None => None,
        };
        let lost = || Inspected::Failed(before.copied().map(Known::lost));
        if let Some(before) = before
            && why == Why::Changes
            && !before.is_lost
            && before.inode == listed.inode
            && clock_ns == Some(before.cpu_ns)
            && before.command == CommandState::Done
        {
            return Inspected::Unchanged(before.read_again(read_at_ns));
        }
        let line = match procfs.read_of(listed.pid, "stat", line) {
            Ok(line) => line,
            Err(Unread::Gone) => return Inspected::Gone,
            // Access was allowed before, so this may pass.
            Err(Unread::Denied) if before.is_some() => return lost(),
            Err(Unread::Denied) => {
                return Inspected::Denied {
                    cpu_time_ns: clock_ns.filter(|_| self.collect.cpu),
                    read_at_ns,
                };
            }
            Err(Unread::Failed) => return lost(),
        };
        let Some(stat) = Stat::parse(line) else {
            return lost();
        };
        let is_new = before.is_none_or(|before| before.start_ticks != stat.start_ticks);
        // The clock may have been that of the previous process with this pid.
        let clock_ns = match clock_ns.filter(|_| is_new).map(|_| clock()) {
            Some(CpuClock::Ns(ns)) => Some(ns),
            Some(_) => return Inspected::Gone,
            None => clock_ns,
        };
        let ticks_ns = stat.cpu_ticks.saturating_mul(TICK_MS * 1_000_000);
        let mut known = Known::new(listed, &stat, clock_ns.unwrap_or(ticks_ns));
        known.read_at_ns = match clock_ns {
            Some(_) => read_at_ns,
            // `stat` was read just now.
            None => Some(Timestamp::monotonic_now_ns()),
        };
        let before = before
            .filter(|before| self.is_same(&mut known, before))
            .filter(|before| !before.is_lost);
        if before.is_none() {
            known.identity = self.identity(&known);
        }
        let mut unreadable_fields = 0;
        match self.memory(procfs, &known, &stat, before, why) {
            Ok(rss_bytes) => known.resources.rss_bytes = rss_bytes,
            Err(Unread::Gone) => return Inspected::Gone,
            Err(_) => unreadable_fields += 1,
        }
        known.has_run =
            before.is_some_and(|before| before.has_run || before.cpu_ns != known.cpu_ns);
        known.command = self.command(&known, before, why);
        match before {
            Some(before)
                if known.command == CommandState::Done
                    && known.is_equal(before)
                    && unreadable_fields == 0 =>
            {
                Inspected::Unchanged(known)
            }
            _ => Inspected::Read(Read {
                known,
                name: stat.name,
                is_new: before.is_none(),
                unreadable_fields,
            }),
        }
    }

    /// Returns whether this is the process that was known by its pid.
    fn is_same(&self, now: &mut Known, before: &Known) -> bool {
        if now.start_ticks != before.start_ticks {
            return false;
        }
        (now.identity, now.nth) = (before.identity, before.nth);
        if now.inode == before.inode {
            return true;
        }
        // The kernel has dropped the inode for lack of memory, or another process started in the
        // same tick.
        now.identity = self.identity(now);
        let are_equal = match (before.identity, now.identity) {
            (Some(before), Some(now)) => before == now,
            _ => true,
        };
        // Before Linux 6.9 all identities are equal, and only CPU time distinguishes the two.
        let is_same = are_equal && now.cpu_ns >= before.cpu_ns;
        if !is_same {
            now.nth = before.nth.saturating_add(1);
        }
        is_same
    }

    fn identity(&self, process: &Known) -> Option<u64> {
        self.has_clocks.then(|| pidfd::identity(process.pid))?
    }

    /// Returns the start time in milliseconds since the Unix epoch. A tick is longer than a
    /// millisecond, so processes that started in the same tick get different start times within it.
    fn start_time_ms(&self, process: &Known) -> u64 {
        let tick_ms = self.boot.start_time_ms(process.start_ticks);
        tick_ms + u64::from(process.nth).min(TICK_MS - 1)
    }

    /// Returns the resident memory, from `statm` (proc_pid_statm(5)), because that of `stat` is
    /// rough.
    fn memory(
        &self,
        procfs: &Procfs,
        known: &Known,
        stat: &Stat<'_>,
        before: Option<&Known>,
        why: Why,
    ) -> Result<Option<u64>, Unread> {
        if !self.collect.memory {
            return Ok(None);
        }
        // The first thread has ended and others live on. Their memory is not visible.
        if known.status == Status::Zombie && stat.threads > 1 {
            return Err(Unread::Denied);
        }
        // Neither has memory of its own.
        if known.is_kernel_thread || known.status == Status::Zombie {
            return Ok(Some(0));
        }
        if let Some(before) = before
            && why != Why::Turn
            && before.resources.rss_bytes.is_some()
            && known.has_memory_of(before)
        {
            return Ok(before.resources.rss_bytes);
        }
        let mut buffer = [0; 128];
        let statm = procfs.read_of(known.pid, "statm", &mut buffer)?;
        let pages = statm.split(|&byte| byte == b' ').nth(1).and_then(number);
        let pages = pages.ok_or(Unread::Failed)?;
        Ok(Some(pages.saturating_mul(self.page_bytes)))
    }

    fn command(&self, known: &Known, before: Option<&Known>, why: Why) -> CommandState {
        // A kernel thread has none, and a zombie has lost it.
        if !self.collect.command || known.is_kernel_thread || known.status == Status::Zombie {
            return CommandState::Done;
        }
        match before {
            Some(before)
                if before.command == CommandState::Done
                    && known.program == before.program
                    // A process that has run may have overwritten it.
                    && !(why == Why::Turn && known.has_run) =>
            {
                CommandState::Done
            }
            _ => CommandState::Needed,
        }
    }

    /// Returns the number of fields that are read for a row.
    pub(super) fn fields(&self) -> u32 {
        let Collect {
            cpu,
            memory,
            command,
        } = self.collect;
        // Start time and name are always read.
        2 + [cpu, memory, command].map(u32::from).iter().sum::<u32>()
    }

    /// Creates the row of a process. Its command line was not needed, or has arrived.
    pub(super) fn row<'a>(
        &self,
        known: &Known,
        name: Reading<&'a [u8]>,
        command: Reading<&'a [u8]>,
    ) -> ProcessRow<'a> {
        ProcessRow {
            pid: known.pid,
            start_time_ms: Some(self.start_time_ms(known)),
            parent_pid: (known.parent != 0).then_some(known.parent),
            name,
            command,
            status: Some(known.status),
            cpu_time_ns: self.collect.cpu.then_some(known.cpu_ns),
            read_at_ns: known.read_at_ns,
            resources: known.resources,
            kernel_thread: Some(known.is_kernel_thread),
        }
    }

    /// Returns the name for the row. The name of a kernel worker follows its work, so it is only
    /// emitted once.
    pub(super) fn name<'a>(&self, read: &Read<'a>) -> Reading<&'a [u8]> {
        match read.known.is_kernel_thread && !read.is_new {
            true => Reading::Unchanged,
            false => known_unless_empty(read.name),
        }
    }

    /// Returns the command line for the row, if it was not read.
    pub(super) fn unread_command<'a>(&self, read: &Read<'_>) -> Reading<&'a [u8]> {
        match self.collect.command {
            false => Reading::Unknown,
            true if read.known.is_kernel_thread => Reading::Known(&[]),
            // A zombie has lost it, and may have changed it before it exited.
            true if read.is_new || read.known.status == Status::Zombie => Reading::Unknown,
            true => Reading::Unchanged,
        }
    }
}

//! One process at a time: what has to be read of it, and the row that it makes.

use super::boot::{Boot, TICK_MS};
use super::cpu::{CpuClock, cpu_clock};
use super::known::{CommandLine, Known};
use super::pidfd;
use super::procfs::{Listed, Procfs, Unread};
use super::stat::{Stat, number};
use crate::config::Collect;
use crate::model::Status;
use crate::source::row::known_unless_empty;
use crate::source::{ProcessRow, Reading};

/// What is the same for all processes and all scans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) collect: Collect,
    pub(super) boot: Boot,
    /// The pids of `/proc` are those that clocks are asked by.
    pub(super) has_clocks: bool,
    pub(super) page_bytes: u64,
}

/// Why a process is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// To see whether it has run.
    Changes,
    /// Its parent has ended: it has another, be it idle.
    LostParent,
    /// All of it is renewed now, be it idle.
    Turn,
}

/// What came of looking at one process.
pub(super) enum Look<'a> {
    /// It is as it was.
    Unchanged(Known),
    /// It was read.
    Read(Read<'a>),
    /// It has gone.
    Gone,
    /// It is there, and its files are not for us.
    Denied { cpu_time_ns: Option<u64> },
    /// It could not be read this time, and stands as it was, if it is known.
    Failed(Option<Known>),
}

/// A process that was read.
pub(super) struct Read<'a> {
    pub(super) known: Known,
    pub(super) name: &'a [u8],
    /// It was not handed over in the scan before, so that nothing can be the same.
    pub(super) is_new: bool,
    pub(super) unreadable_fields: u32,
}

impl Rules {
    /// Looks at a process. `before`: what was last handed over for this pid, in the scan before.
    /// `why`: whether it is to be read though it seems to be the same. `line`: room for its `stat`.
    pub(super) fn look<'a>(
        &self,
        procfs: &Procfs,
        listed: Listed,
        before: Option<&Known>,
        why: Why,
        line: &'a mut [u8],
    ) -> Look<'a> {
        let clock_ns = match self.has_clocks.then(|| cpu_clock(listed.pid)) {
            Some(CpuClock::Ns(ns)) => Some(ns),
            Some(CpuClock::Gone) => return Look::Gone,
            Some(CpuClock::Unknown) | None => None,
        };
        let lost = || Look::Failed(before.copied().map(Known::lost));
        if let Some(before) = before
            && why == Why::Changes
            && !before.is_lost
            && before.inode == listed.inode
            && clock_ns == Some(before.cpu_ns)
            && before.command == CommandLine::Asked
        {
            return Look::Unchanged(*before);
        }
        let line = match procfs.read_of(listed.pid, "stat", line) {
            Ok(line) => line,
            Err(Unread::Gone) => return Look::Gone,
            // It was for us before.
            Err(Unread::Denied) if before.is_some() => return lost(),
            Err(Unread::Denied) => {
                return Look::Denied {
                    cpu_time_ns: clock_ns.filter(|_| self.collect.cpu),
                };
            }
            Err(Unread::Failed) => return lost(),
        };
        let Some(stat) = Stat::parse(line) else {
            return lost();
        };
        let is_new = before.is_none_or(|before| before.start_ticks != stat.start_ticks);
        // The clock may have been that of another, who had the pid until now.
        let clock_ns = match clock_ns.filter(|_| is_new).map(|_| cpu_clock(listed.pid)) {
            Some(CpuClock::Ns(ns)) => Some(ns),
            Some(_) => return Look::Gone,
            None => clock_ns,
        };
        let ticks_ns = stat.cpu_ticks.saturating_mul(TICK_MS * 1_000_000);
        let mut known = Known::new(listed, &stat, clock_ns.unwrap_or(ticks_ns));
        let before = before
            .filter(|before| self.is_same(&mut known, before))
            .filter(|before| !before.is_lost);
        if before.is_none() {
            known.identity = self.identity(&known);
        }
        let mut unreadable_fields = 0;
        match self.memory(procfs, &known, &stat, before, why) {
            Ok(rss_bytes) => known.resources.rss_bytes = rss_bytes,
            Err(Unread::Gone) => return Look::Gone,
            Err(_) => unreadable_fields += 1,
        }
        known.has_run =
            before.is_some_and(|before| before.has_run || before.cpu_ns != known.cpu_ns);
        known.command = self.command(&known, before, why);
        match before {
            Some(before)
                if known.command == CommandLine::Asked
                    && known.is_as(before)
                    && unreadable_fields == 0 =>
            {
                Look::Unchanged(known)
            }
            _ => Look::Read(Read {
                known,
                name: stat.name,
                is_new: before.is_none(),
                unreadable_fields,
            }),
        }
    }

    /// Whether the process is the one that was known by its pid.
    fn is_same(&self, now: &mut Known, before: &Known) -> bool {
        if now.start_ticks != before.start_ticks {
            return false;
        }
        (now.identity, now.nth) = (before.identity, before.nth);
        if now.inode == before.inode {
            return true;
        }
        // The kernel forgets inodes when it needs memory. Or another has started in the same tick.
        now.identity = self.identity(now);
        let are_alike = match (before.identity, now.identity) {
            (Some(before), Some(now)) => before == now,
            _ => true,
        };
        // Before Linux 6.9 all are alike.
        let is_same = are_alike && now.cpu_ns >= before.cpu_ns;
        if !is_same {
            now.nth = before.nth.saturating_add(1);
        }
        is_same
    }

    fn identity(&self, process: &Known) -> Option<u64> {
        self.has_clocks.then(|| pidfd::identity(process.pid))?
    }

    /// Milliseconds from the Unix epoch. A tick is longer than a millisecond, so that those that started
    /// in one can be told with start times that differ and lie within it.
    fn start_time_ms(&self, process: &Known) -> u64 {
        let tick_ms = self.boot.start_time_ms(process.start_ticks);
        tick_ms + u64::from(process.nth).min(TICK_MS - 1)
    }

    /// Resident memory to the page, from `statm` (proc_pid_statm(5)): that of `stat` is rough.
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
        // The first thread has ended and others live on: its memory is theirs, and is not shown.
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
        let mut room = [0; 128];
        let statm = procfs.read_of(known.pid, "statm", &mut room)?;
        let pages = statm.split(|&byte| byte == b' ').nth(1).and_then(number);
        let pages = pages.ok_or(Unread::Failed)?;
        Ok(Some(pages.saturating_mul(self.page_bytes)))
    }

    fn command(&self, known: &Known, before: Option<&Known>, why: Why) -> CommandLine {
        // A kernel thread has none, and a zombie's is gone.
        if !self.collect.command || known.is_kernel_thread || known.status == Status::Zombie {
            return CommandLine::Asked;
        }
        match before {
            Some(before)
                if before.command == CommandLine::Asked
                    && known.program == before.program
                    // It may have written over it since.
                    && !(why == Why::Turn && known.has_run) =>
            {
                CommandLine::Asked
            }
            _ => CommandLine::Wanted,
        }
    }

    /// How many fields of a row are read.
    pub(super) fn fields(&self) -> u32 {
        let Collect {
            cpu,
            memory,
            command,
        } = self.collect;
        // Its start time and its name are read in any case.
        2 + [cpu, memory, command].map(u32::from).iter().sum::<u32>()
    }

    /// The row of a process whose command line was not asked for or has come.
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
            resources: known.resources,
            kernel_thread: Some(known.is_kernel_thread),
        }
    }

    /// What is said of its name. That of a kernel's worker follows its work, and is told once, as a
    /// program's would be.
    pub(super) fn name<'a>(&self, read: &Read<'a>) -> Reading<&'a [u8]> {
        match read.known.is_kernel_thread && !read.is_new {
            true => Reading::Same,
            false => known_unless_empty(read.name),
        }
    }

    /// What is said of a command line that was not asked for.
    pub(super) fn unasked<'a>(&self, read: &Read<'_>) -> Reading<&'a [u8]> {
        match self.collect.command {
            false => Reading::Unknown,
            true if read.known.is_kernel_thread => Reading::Known(&[]),
            // That of a zombie is gone. It may have had another when it died than was known.
            true if read.is_new || read.known.status == Status::Zombie => Reading::Unknown,
            true => Reading::Same,
        }
    }
}

//! Reads one process: what has to be read of it, and the row it makes.

use std::ops::Range;

use super::details::Occasion;
use super::known::{CommandState, Known};
use super::proc::cpu::{ClockReader, CpuClock};
use super::proc::kept_files::{KeptFile, KeptFiles};
use super::proc::origin::Origin;
use super::proc::pidfd::PidfdOwner;
use super::proc::procfs::{Listed, Procfs, Unread};
use super::proc::stat::{STAT_LEN, Stat};
use super::proc::threads::LivingThread;
use crate::model::{Collect, Timestamp};
use crate::source::exited::{Exited, TICK_MS};

/// What is the same for all processes and scans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) collect: Collect,
    /// Optional fields are collected.
    pub(super) has_details: bool,
    pub(super) origin: Origin,
    /// The pids of `/proc` are those that CPU clocks use.
    pub(super) has_clocks: bool,
    pub(super) page_bytes: u64,
    /// Names of users have arrived since the scan before.
    pub(super) has_new_names: bool,
    /// Shares of memory have arrived since the scan before.
    pub(super) has_new_shares: bool,
}

/// Why a process is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// To find whether it has run.
    Changes,
    /// Its parent has ended, so it has another one, even if it is idle.
    LostParent,
    /// Its turn has come: its memory is read, even if it is idle. If that has changed, or if the process
    /// has run, everything is.
    Memory,
    /// Its turn has come: everything is read, even if it is idle.
    Turn,
}

/// What reads processes, from scan to scan.
#[derive(Debug, Default)]
pub(super) struct Readers {
    pub(super) clocks: ClockReader,
    pub(super) files: KeptFiles,
}

/// A process that must be there.
pub(super) struct Entry<'k> {
    pub(super) listed: Listed,
    /// The entry of this pid in the scan before.
    before: Option<&'k Known>,
    /// Its CPU clock, and when it was read.
    clock: Option<(CpuClock, u64)>,
}

/// The result of reading one process.
pub(super) enum Inspected<'a> {
    /// Nothing has changed.
    Unchanged(Known),
    /// It was read.
    Read(Read<'a>),
    /// It has exited.
    Gone,
    /// It exists, but its files cannot be read and never were: access is denied, or a recorded folder
    /// lacks them.
    Denied {
        known: Known,
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
    /// It has not called `exec`.
    pub(super) has_only_forked: bool,
    /// It was born so late that its row must be checked before it is emitted.
    pub(super) is_young: bool,
    /// Its birth, or that of an earlier process with its pid and start time, was heard.
    pub(super) is_heard: bool,
    /// Its memory could not be read.
    pub(super) has_unread_memory: bool,
    /// `stat` after the name.
    pub(super) after_name: &'a [u8],
    /// Virtual memory; `None` if the first thread has ended and the others cannot be read.
    pub(super) virtual_bytes: Option<u64>,
    /// Which of the optional fields are due.
    pub(super) occasion: Occasion,
    /// As read with its identity.
    pub(super) owner: Option<PidfdOwner>,
    /// Range of its optional fields in what was gathered.
    pub(super) details: Range<usize>,
}

impl Inspected<'_> {
    /// Counts the processes that had its pid and start tick, and have exited.
    pub(super) fn count_earlier(&mut self, exited: &Exited) {
        if let Self::Read(read) = self
            && read.is_new
        {
            let known = &mut read.known;
            known.nth = known.nth.max(exited.count(known.pid, known.start_ticks));
        }
    }
}

impl Rules {
    /// Reads the CPU clock of a process that the scan before has read.
    pub(super) fn entry<'k>(
        &self,
        listed: Listed,
        before: Option<&'k Known>,
        clocks: &mut ClockReader,
    ) -> Entry<'k> {
        let has_clock = self.has_clocks && before.is_some();
        Entry {
            listed,
            before,
            clock: has_clock.then(|| clocks.read(listed.pid)),
        }
    }

    /// Returns the entry of a process that has not changed, as its clock shows.
    pub(super) fn idle<'k>(
        &self,
        procfs: &Procfs,
        entry: &Entry<'k>,
        why: Why,
    ) -> Option<(&'k Known, u64)> {
        let before = entry.before?;
        let (clock, read_at_ns) = entry.clock?;
        let is_idle = clock == CpuClock::Ns(before.cpu_ns)
            && before.inode == entry.listed.inode
            && !before.is_lost
            && before.command == CommandState::Done
            && !(before.has_late_name && self.has_new_names)
            && !(before.has_late_share && self.has_new_shares)
            && match why {
                Why::Changes => true,
                Why::Memory => !before.has_run && self.has_memory_of(procfs, before),
                Why::LostParent | Why::Turn => false,
            };
        is_idle.then_some((before, read_at_ns))
    }

    /// Reads a process that is not known to be [idle](Self::idle). `line` is a buffer for `stat`.
    pub(super) fn inspect<'a>(
        &self,
        procfs: &Procfs,
        entry: Entry<'_>,
        why: Why,
        line: &'a mut [u8],
        readers: &mut Readers,
    ) -> Inspected<'a> {
        let Entry { listed, before, .. } = entry;
        let mut read_at_ns = entry.clock.map(|(_, at_ns)| at_ns);
        let mut clock = || {
            let (clock, at_ns) = readers.clocks.read(listed.pid);
            read_at_ns = Some(at_ns);
            clock
        };
        // Of a new process it is read after `stat`.
        let clock_ns = match entry.clock {
            Some((CpuClock::Ns(ns), _)) => Some(ns),
            Some((CpuClock::Gone, _)) => return Inspected::Gone,
            Some((CpuClock::Unknown, _)) | None => None,
        };
        let lost = || Inspected::Failed(before.copied().map(Known::lost));
        let why = match why {
            Why::Memory => Why::Turn,
            why => why,
        };
        // It has run, and probably will again.
        let keeps = before.is_some_and(|before| clock_ns.is_some_and(|ns| ns != before.cpu_ns));
        let mut files = readers.files.of(procfs, listed.pid, keeps);
        let line = match files.read(KeptFile::Stat, line) {
            // A recorded folder can lack the file.
            Err(Unread::Gone) if self.has_clocks || procfs.folder(listed.pid).is_err() => {
                return Inspected::Gone;
            }
            Err(Unread::Failed) => return lost(),
            Err(Unread::NotAFile) if procfs.folder(listed.pid).is_err() => return lost(),
            line => line.ok(),
        };
        let stat = line.and_then(Stat::parse);
        // The clock may have been that of the previous process with this pid.
        let reads_clock = match (before, stat) {
            (Some(before), Some(stat)) => {
                clock_ns.is_some() && before.start_ticks != stat.start_ticks
            }
            (Some(_), None) => false,
            (None, _) => self.has_clocks,
        };
        let clock_ns = match reads_clock.then(&mut clock) {
            Some(CpuClock::Ns(ns)) => Some(ns),
            Some(CpuClock::Unknown) if before.is_none() => None,
            Some(_) => return Inspected::Gone,
            None => clock_ns,
        };
        let Some(stat) = stat else {
            return self.denied(listed, before, clock_ns, read_at_ns);
        };
        let folder;
        let mut thread = Ok(None);
        if stat.has_lost_first_thread() {
            folder = procfs.folder(listed.pid);
            let last = before.and_then(|before| before.thread);
            let find = |folder| LivingThread::find(folder, last);
            thread = folder.as_ref().map_err(|unread| *unread).and_then(find);
            if matches!(thread, Err(Unread::Gone)) && has_exited(procfs, listed.pid, &stat) {
                return Inspected::Gone;
            }
        }
        let ticks_ns = stat.cpu_ticks.saturating_mul(TICK_MS * 1_000_000);
        let mut known = Known::new(listed, &stat, &thread, clock_ns.unwrap_or(ticks_ns));
        known.read_at_ns = match clock_ns {
            Some(_) => read_at_ns,
            // `stat` was read just now.
            None => Some(Timestamp::monotonic_now_ns()),
        };
        let same = before.filter(|before| self.is_same(&mut known, before));
        if let (Some(before), None) = (before, same)
            && self.must_exit_first(&known, before)
        {
            return Inspected::Gone;
        }
        let before = same.filter(|before| !before.is_lost);
        let mut owner = None;
        if before.is_none() {
            (known.identity, owner) = self.identity_and_owner(known.pid);
        }
        let mut has_unread_memory = false;
        match self.memory(&mut files, &known, &stat, &thread, before, why) {
            Ok(rss_bytes) => known.resources.rss_bytes = rss_bytes,
            Err(Unread::Gone) if has_exited(procfs, listed.pid, &stat) => {
                return Inspected::Gone;
            }
            Err(_) => has_unread_memory = true,
        }
        known.has_run =
            before.is_some_and(|before| before.has_run || before.cpu_ns != known.cpu_ns);
        known.command = self.command(&known, before, why);
        known.has_late_name = before.is_some_and(|before| before.has_late_name);
        known.has_late_share = before.is_some_and(|before| before.has_late_share);
        let occasion = self.occasion(&known, before, why);
        match before {
            Some(before)
                if known.command == CommandState::Done
                    && known.is_equal(before)
                    && !occasion.must_be_emitted()
                    && !has_unread_memory =>
            {
                Inspected::Unchanged(known)
            }
            _ => Inspected::Read(Read {
                known,
                name: stat.name,
                is_new: before.is_none(),
                has_only_forked: stat.has_only_forked,
                is_young: false,
                is_heard: false,
                has_unread_memory,
                after_name: stat.after_name,
                virtual_bytes: match &thread {
                    Ok(Some(thread)) => Some(thread.stat.virtual_bytes),
                    Ok(None) => Some(stat.virtual_bytes),
                    Err(_) => None,
                },
                occasion,
                owner,
                details: 0..0,
            }),
        }
    }

    /// Finds what to emit of a process whose files cannot be read.
    fn denied(
        &self,
        listed: Listed,
        before: Option<&Known>,
        clock_ns: Option<u64>,
        read_at_ns: Option<u64>,
    ) -> Inspected<'static> {
        let before = before.copied();
        // The table cannot distinguish two processes without start times. So the scan leaves out
        // the second one once, and the first one exits.
        if before.is_some_and(|before| before.inode != listed.inode && self.is_replaced(&before)) {
            return Inspected::Gone;
        }
        match before {
            // They could be read before, so this may pass.
            Some(before) if !before.is_denied => {
                let mut lost = before.lost();
                // A recheck has no inode.
                if listed.inode != 0 {
                    lost.inode = listed.inode;
                }
                Inspected::Failed(Some(lost))
            }
            _ => {
                let identity = match before {
                    Some(before) => before.identity,
                    None => self.identity(listed.pid),
                };
                Inspected::Denied {
                    known: Known::denied(listed, clock_ns.unwrap_or(0), identity),
                    cpu_time_ns: clock_ns.filter(|_| self.collect.contains(Collect::CPU)),
                    read_at_ns,
                }
            }
        }
    }
}

/// Returns whether a process has exited, after one of its files was not there: a recorded folder can
/// lack it. `before` is its `stat` from before.
fn has_exited(procfs: &Procfs, pid: u32, before: &Stat<'_>) -> bool {
    let mut line = [0; STAT_LEN];
    match procfs.read_of(pid, "stat", &mut line) {
        Ok(line) => Stat::parse(line).is_some_and(|now| now.start_ticks != before.start_ticks),
        Err(unread) => unread == Unread::Gone,
    }
}

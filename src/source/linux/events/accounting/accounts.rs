//! Finds the process of each record.
//!
//! A record has a pid and no key. It belongs to an exit of that pid if it was sent after the birth, the
//! time from start to end is that of the process, and no other record fits.

use std::collections::HashMap;

use super::intake::Records;
use super::thread_record::{Record, ThreadName};
use crate::model::ExitUsage;

/// The kernel can need so long from the record to the exit, to free the memory of a process.
const SLOW_NS: u64 = 10_000_000_000;

/// The times of birth and start differ by at most this much.
const LATE_NS: u64 = 1_000_000_000;

/// What has no process for so long is forgotten.
const FORGET_NS: u64 = 60_000_000_000;

/// The processes whose records have arrived, and whose exits have not been reported.
#[derive(Debug)]
pub(in crate::source::linux::events) struct Accounts {
    by_pid: HashMap<u32, Account, ahash::RandomState>,
    /// The scheduler counts CPU time at least once in this time.
    tick_ns: u64,
    /// As in [`Records`].
    since_ns: Option<u64>,
}

/// The records of one pid.
#[derive(Debug, Default)]
struct Account {
    /// Of the threads since the last `ended`.
    threads: Threads,
    ended: Vec<Last>,
    /// When its last record was taken.
    heard_ns: u64,
}

/// What some threads have used together; `None` if that of one of them is unknown.
#[derive(Debug, Clone, Copy)]
struct Threads {
    has_any: bool,
    cpu_ns: Option<u64>,
    read_bytes: Option<u64>,
    written_bytes: Option<u64>,
}

/// The record of the last thread, with the sums of it and those before.
#[derive(Debug, Clone, Copy)]
struct Last {
    record: Record,
    /// When it was taken, which is not before its process was born.
    heard_ns: u64,
    threads: Threads,
}

/// The end of a process, as its events describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::linux::events) struct Ended {
    pub(in crate::source::linux::events) pid: u32,
    /// When it was born, as in timestamps; `None` if that was not heard.
    pub(in crate::source::linux::events) born_ns: Option<u64>,
    /// When it ended.
    pub(in crate::source::linux::events) ended_ns: u64,
    /// It lived for this time at least, and at most, without suspends.
    pub(in crate::source::linux::events) lived_ns: [u64; 2],
}

/// What the record of a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::linux::events) struct Recorded {
    pub(in crate::source::linux::events) usage: ExitUsage,
    /// The name that the process had at its end; `None` if it had several threads, which can have other
    /// names.
    pub(in crate::source::linux::events) name: Option<ThreadName>,
}

impl Accounts {
    /// Creates an empty one. `tick_ns` is how often the scheduler counts CPU time.
    pub(in crate::source::linux::events) fn new(tick_ns: u64) -> Self {
        Self {
            by_pid: HashMap::default(),
            tick_ns,
            since_ns: None,
        }
    }

    /// Takes the records since the drain before.
    pub(in crate::source::linux::events) fn hear(&mut self, records: &mut Records, now_ns: u64) {
        if self.since_ns != records.since_ns {
            self.by_pid.clear();
            self.since_ns = records.since_ns;
        }
        for record in records.list.drain(..) {
            let account = self.by_pid.entry(record.pid).or_default();
            account.heard_ns = now_ns;
            account.add(record, now_ns);
        }
    }

    /// Returns what the record of a process has, and forgets it.
    ///
    /// `None` if its record is missing, or may be of another process.
    pub(in crate::source::linux::events) fn take(&mut self, process: Ended) -> Option<Recorded> {
        let since_ns = self.since_ns?;
        // Others are of a thread that was not the last, or of an exit that was not heard.
        let is_it = |last: &Last| {
            let is_later = process
                .born_ns
                .is_none_or(|born_ns| last.heard_ns >= born_ns);
            is_later && last.record.fits(process)
        };
        let account = self.by_pid.get_mut(&process.pid)?;
        let ended = std::mem::take(&mut account.ended);
        // Before version 12, the last thread has the sum of all, and only the first one the time of the
        // process. Two processes would have more than these two records.
        let sum = ended.iter().find_map(|last| last.record.unplaced_sum());
        let sum = sum.map(|sum| sum.filter(|_| ended.len() == 2));
        let mut fitting = ended.into_iter().filter(is_it);
        let last = fitting.next().filter(|_| process.ended_ns > since_ns);
        let is_alone = fitting.next().is_none();
        // The last thread can be faster than those that ended just before it.
        let has_group = last.is_some_and(|last| last.record.group.is_some());
        let late = has_group.then(|| std::mem::take(&mut account.threads));
        self.forget_empty(process.pid);
        let last = last.filter(|_| is_alone)?;
        let group = last.record.group.or(sum);
        let usage = match group {
            None => last.usage(last.record.cpu_time_ns(process, self.tick_ns)),
            Some(group_ns) => {
                let late = late.unwrap_or_default();
                let is_all_heard = process.born_ns.is_some_and(|born_ns| born_ns > since_ns)
                    && last.record.group.is_some();
                last.usage_of_group(group_ns, late, is_all_heard)
            }
        };
        let name =
            Some(last.record.name).filter(|name| group.is_none() && !name.bytes().is_empty());
        Some(Recorded { usage, name })
    }

    /// Forgets the records of a pid whose exit is not certain.
    pub(in crate::source::linux::events) fn skip(&mut self, pid: u32) {
        if let Some(account) = self.by_pid.get_mut(&pid) {
            account.ended.clear();
            // They may be of threads of that process, or of the next one.
            account.threads.add(Threads::UNKNOWN);
        }
        self.forget_empty(pid);
    }

    /// Forgets a pid of which nothing waits. Threads of the next process with this pid may have ended.
    fn forget_empty(&mut self, pid: u32) {
        let account = self.by_pid.get(&pid);
        if account.is_some_and(|account| account.ended.is_empty() && !account.threads.has_any) {
            self.by_pid.remove(&pid);
        }
    }

    /// Forgets what belongs to no process that has ended and waits. `has_ended` returns whether one waits.
    pub(in crate::source::linux::events) fn forget(
        &mut self,
        now_ns: u64,
        has_ended: &dyn Fn(u32) -> bool,
    ) {
        self.by_pid.retain(|&pid, account| {
            now_ns.saturating_sub(account.heard_ns) < FORGET_NS
                || has_ended(pid)
                // A thread of a process that lives on.
                || account.ended.is_empty()
        });
    }
}

impl Account {
    fn add(&mut self, record: Record, heard_ns: u64) {
        self.threads.add(Threads::of(record));
        if record.is_last == Some(false) {
            return;
        }
        let mut threads = std::mem::take(&mut self.threads);
        // Before version 12, each record may be of the last thread.
        if record.is_last.is_none() && record.group.is_some() {
            threads = Threads::UNKNOWN;
        }
        self.ended.push(Last {
            record,
            heard_ns,
            threads,
        });
    }
}

impl Threads {
    const UNKNOWN: Self = Self {
        has_any: false,
        cpu_ns: None,
        read_bytes: None,
        written_bytes: None,
    };

    fn of(record: Record) -> Self {
        Self {
            has_any: true,
            cpu_ns: record.cpu_ns,
            read_bytes: record.read_bytes,
            written_bytes: record.written_bytes,
        }
    }

    fn add(&mut self, other: Self) {
        let sum = |a: Option<u64>, b: Option<u64>| a.zip(b).map(|(a, b)| a.saturating_add(b));
        self.has_any |= other.has_any;
        self.cpu_ns = sum(self.cpu_ns, other.cpu_ns);
        self.read_bytes = sum(self.read_bytes, other.read_bytes);
        self.written_bytes = sum(self.written_bytes, other.written_bytes);
    }
}

impl Default for Threads {
    fn default() -> Self {
        Self {
            has_any: false,
            cpu_ns: Some(0),
            read_bytes: Some(0),
            written_bytes: Some(0),
        }
    }
}

impl Last {
    /// Returns what a process with one thread has used.
    fn usage(self, cpu_time_ns: Option<u64>) -> ExitUsage {
        ExitUsage {
            cpu_time_ns,
            peak_rss_bytes: self.record.peak_rss_bytes,
            read_bytes: self.threads.read_bytes,
            written_bytes: self.threads.written_bytes,
        }
    }

    /// Returns what a process with several threads has used. `late` are those whose records came after
    /// that of the last one.
    fn usage_of_group(self, group_ns: Option<u64>, late: Threads, is_all_heard: bool) -> ExitUsage {
        let mut all = self;
        all.threads.add(late);
        if !is_all_heard {
            all.threads = Threads::UNKNOWN;
        }
        // The kernel's sum may lack that of the late ones.
        let group_ns = group_ns.filter(|_| !late.has_any);
        all.usage(group_ns.max(all.threads.cpu_ns))
    }
}

impl Record {
    /// Returns the CPU time of a whole process, if it is of the last thread and has no time of the process.
    fn unplaced_sum(&self) -> Option<Option<u64>> {
        self.group.filter(|_| self.elapsed_ns.is_none())
    }

    /// Returns whether it can be of this process, by the time from start to end.
    fn fits(&self, process: Ended) -> bool {
        let [least_ns, most_ns] = process.lived_ns;
        self.elapsed_ns.is_some_and(|elapsed_ns| {
            elapsed_ns <= most_ns.saturating_add(LATE_NS)
                && elapsed_ns.saturating_add(SLOW_NS) >= least_ns
        })
    }

    /// Returns the CPU time of a process with one thread, up to this record.
    fn cpu_time_ns(&self, process: Ended, tick_ns: u64) -> Option<u64> {
        self.cpu_ns.max(self.awake_ns(process, tick_ns))
    }

    /// Returns the CPU time of a process that has never slept: the time that it lived, without that in
    /// which it waited for a CPU. The kernel's sum lacks the time since the last tick, which may be all
    /// of a short life, and no more: what is more than that, a hypervisor took.
    fn awake_ns(&self, process: Ended, tick_ns: u64) -> Option<u64> {
        process.born_ns?;
        let delay_ns = self.delay_ns.filter(|_| self.never_slept)?;
        // The parent may have been stopped between the start and the event of the birth.
        let [lived_ns, _] = process.lived_ns;
        let awake_ns = self.elapsed_ns?.min(lived_ns).checked_sub(delay_ns)?;
        Some(awake_ns.min(self.cpu_ns.unwrap_or(0).saturating_add(tick_ns)))
    }
}

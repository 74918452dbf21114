//! One scan applied to the table: marks the slot of each row, then finds the slots without a row.

use std::time::{Duration, Instant};

use super::arena::Table;
use crate::model::{Error, ErrorClass, Event, Exit, ProcessKey, Timestamp};
use crate::source::{ProcessRow, Row};

/// One scan while it is applied to a [`Table`].
///
/// Before [`finish`](Self::finish), only a process whose pid was reused counts as exited. If a pass
/// is dropped instead, the table keeps its values, but no event of it is ever reported.
#[derive(Debug)]
#[must_use = "a pass that is not finished reports nothing"]
pub(crate) struct Pass<'t> {
    pub(super) table: &'t mut Table,
    pub(super) at: Timestamp,
    /// It is a scan, and not only what happened between two scans.
    pub(super) is_scan: bool,
    /// All rows of the scan but those of a recheck have been applied.
    pub(super) has_rows: bool,
    /// Number of processes in the table that this scan has reported. If it equals the table's
    /// length, no process is missing.
    pub(super) marked: usize,
    rows: u32,
    /// Number of processes in the table when the scan began.
    before: usize,
    /// The slot of the previous row; `u32::MAX` before the first row.
    last: u32,
    /// No scan was trusted yet, so new processes are `Existing`, not `Created`.
    first: bool,
    births: u64,
    /// Time that processes new to the table took here.
    first_time: Duration,
    fault: Option<Error>,
}

/// What happens to the processes that a scan did not report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The scan is trusted: they exited.
    Exited,
    /// The scan is not trusted: they stay until a later scan decides.
    Unconfirmed,
}

/// The result of applying one scan.
#[derive(Debug, Default)]
pub(crate) struct PassResult {
    /// The events in order of pid. For a reused pid, `Exited` comes before `Created`.
    pub(crate) events: Vec<Event>,
    /// Processes that the scan did not report or could not read. They keep their values.
    pub(crate) unconfirmed: Vec<ProcessKey>,
    /// Number of created processes that started after the last trusted scan began and before this
    /// one.
    pub(crate) births: u64,
    /// Time that processes new to the table took.
    pub(crate) first_time: Duration,
}

impl Table {
    /// Begins a scan.
    pub(crate) fn begin(&mut self, at: Timestamp) -> Pass<'_> {
        self.scan = self.scan.wrapping_add(1);
        Pass::new(self, at, true)
    }

    /// Begins to apply what happened between two scans.
    pub(crate) fn begin_between(&mut self, at: Timestamp) -> Pass<'_> {
        Pass::new(self, at, false)
    }
}

impl<'t> Pass<'t> {
    fn new(table: &'t mut Table, at: Timestamp, is_scan: bool) -> Self {
        // A dropped pass leaves notes behind, and their slots may hold other processes by now.
        table.notes.clear();
        table.ages.begin(at);
        let first = table.ages.is_first();
        let before = table.len();
        Self {
            table,
            at,
            is_scan,
            // Between two scans, the rows of the last one stand.
            has_rows: !is_scan,
            marked: 0,
            rows: 0,
            before,
            last: u32::MAX,
            first,
            births: 0,
            first_time: Duration::ZERO,
            fault: None,
        }
    }

    /// Applies one row.
    pub(crate) fn apply(&mut self, row: Row<'_>) {
        self.rows += 1;
        let pid = row.pid();
        let index = self.find(pid);
        if let Some(index) = index {
            let slot = &mut self.table.slots[index as usize];
            if slot.scan == self.table.scan {
                return self.fail(format!("the source reported pid {pid} twice in one scan"));
            }
            slot.scan = self.table.scan;
            self.marked += 1;
        }
        match (&row, index) {
            (Row::Process(row), Some(index)) => {
                if self.table.is_same_process(row, index) {
                    self.table.update(row, index, self.at);
                } else {
                    self.table.remove(index, self.at, Exit::default());
                    self.insert(row);
                }
            }
            (Row::Process(row), None) => {
                self.insert(row);
                self.marked += 1;
            }
            (&Row::Unchanged { read_at_ns, .. }, Some(index)) => {
                self.table.update_idle(index, read_at_ns, self.at);
            }
            (Row::Unreadable { .. }, Some(index)) => {
                let key = self.table.slots[index as usize].reported().key();
                self.table.notes.note_unreadable(key);
            }
            (Row::Unchanged { pid, .. }, None) => self.fail(format!(
                "the source reported pid {pid} as unchanged, but never reported it before"
            )),
            // Nothing is known about it, not even whether it is a process.
            (Row::Unreadable { .. }, None) => {}
        }
    }

    /// Notes that the rows of this scan are complete, except those of a recheck.
    pub(crate) fn end_rows(&mut self) {
        self.has_rows = true;
    }

    /// Returns whether the table is still empty because no scan was trusted before.
    pub(super) fn is_unfounded(&self) -> bool {
        self.first && !(self.is_scan && self.has_rows)
    }

    /// Returns whether this scan has reported a process with this pid.
    pub(crate) fn has(&self, pid: u32) -> bool {
        self.table
            .by_pid
            .get(&pid)
            .is_some_and(|&index| self.table.slots[index as usize].scan == self.table.scan)
    }

    /// Returns the number of rows so far.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Takes the first breach of the source's [contract](crate::Source).
    ///
    /// Rows that broke it are not in the table.
    pub(crate) fn take_fault(&mut self) -> Option<Error> {
        self.fault.take()
    }

    /// Returns the number of processes in the table when the scan began.
    pub(crate) fn processes_before(&self) -> usize {
        self.before
    }

    /// Returns the pids that the scan has not reported, in order.
    pub(crate) fn missing(&self) -> Vec<u32> {
        let table = &*self.table;
        if table.len() == self.marked {
            return Vec::new();
        }
        let mut missing: Vec<u32> = table
            .slots
            .iter()
            .filter(|slot| slot.scan != table.scan && slot.reported.is_some())
            .map(|slot| slot.pid)
            .collect();
        missing.sort_unstable();
        missing
    }

    /// Ends the scan and returns its events.
    pub(crate) fn finish(self, missing: Missing) -> PassResult {
        let mut unconfirmed = self.table.notes.take_unreadable();
        let missing_pids = match self.is_scan {
            true => self.missing(),
            false => Vec::new(),
        };
        for pid in missing_pids {
            let index = self.table.by_pid[&pid];
            match missing {
                Missing::Exited => self.table.remove(index, self.at, Exit::default()),
                Missing::Unconfirmed => {
                    unconfirmed.push(self.table.slots[index as usize].reported().key());
                }
            }
        }
        if self.is_scan && missing == Missing::Exited {
            self.table.ages.mark_trusted(self.at);
        }
        let table = &mut *self.table;
        // Some of them have exited since they were not read.
        unconfirmed.retain(|key| {
            let index = table.by_pid.get(&key.pid);
            index.is_some_and(|&index| table.slots[index as usize].reported().key() == *key)
        });
        let events = table.notes.take_events(&table.slots, self.first);
        table.shrink();
        PassResult {
            events,
            unconfirmed,
            births: self.births,
            first_time: self.first_time,
        }
    }

    /// Finds the slot of a pid.
    ///
    /// Sources keep their order, so it is usually the slot that followed the previous row's slot in
    /// the last scan. Trying that one first avoids a hash lookup, which is a cache miss.
    fn find(&mut self, pid: u32) -> Option<u32> {
        let table = &*self.table;
        let guess = table
            .slots
            .get(self.last as usize)
            .map_or(0, |slot| slot.next);
        let guessed = table.slots.get(guess as usize);
        if guessed.is_some_and(|slot| slot.pid == pid && slot.reported.is_some()) {
            self.last = guess;
            return Some(guess);
        }
        let index = table.by_pid.get(&pid).copied()?;
        self.set_next(index);
        Some(index)
    }

    /// Links the previous row's slot to this one. It is only a guess, so it may be outdated.
    fn set_next(&mut self, index: u32) {
        if let Some(last) = self.table.slots.get_mut(self.last as usize) {
            last.next = index;
        }
        self.last = index;
    }

    fn insert(&mut self, row: &ProcessRow<'_>) {
        let began = Instant::now();
        self.births += u64::from(self.table.ages.is_birth(row, self.at));
        let index = self.table.insert(row, self.at);
        self.set_next(index);
        self.first_time += began.elapsed();
    }

    fn fail(&mut self, message: String) {
        self.fault
            .get_or_insert_with(|| Error::new(ErrorClass::BadData, message));
    }
}

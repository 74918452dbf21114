//! One pass over the table: each row is marked seen and compared with its slot; then a sweep
//! finds what was not seen.

use super::arena::Table;
use super::identity::{self, Evidence, Identity};
use super::rates::{ns_to_ms, percent};
use super::slot::Slot;
use super::texts::Texts;
use crate::model::{Changes, Error, ErrorClass, Event, ProcessInfo, ProcessKey, Timestamp};
use crate::source::{ProcessRow, Reading, Row};

/// One scan's pass over a [`Table`]. Until it is finished, nothing is told as gone but what a
/// process with the same pid has replaced. Of one that is dropped instead, the table keeps what it has
/// seen, and no later pass tells it.
#[derive(Debug)]
#[must_use = "a pass that is not finished tells nothing"]
pub(crate) struct Pass<'t> {
    table: &'t mut Table,
    at: Timestamp,
    /// Rows for processes that the table now holds, so that what is missing is a subtraction.
    marked: usize,
    rows: u32,
    /// How many processes the table held when the pass began.
    before: usize,
    /// The slot of the row before; `u32::MAX` before the first.
    last: u32,
    /// No scan has been whole yet: what appears was there before us.
    first: bool,
    newborn: u64,
    fault: Option<Error>,
}

/// What becomes of the processes that a pass did not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// The scan is believed: they exited.
    AreGone,
    /// The scan is not believed: they stand until another settles it.
    Stand,
}

/// What a pass had to tell.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The events in order of pid; where a pid was used again, `Exited` before `Created`.
    pub(crate) events: Vec<Event>,
    /// What was not seen, or could not be read, and stands as it was.
    pub(crate) unconfirmed: Vec<ProcessKey>,
    /// How many of the processes told as created started after the last scan that was believed began
    /// and before this one did.
    pub(crate) newborn: u64,
}

impl Table {
    /// Begins the pass of a scan.
    pub(crate) fn begin(&mut self, at: Timestamp) -> Pass<'_> {
        Pass::new(self, at)
    }
}

impl<'t> Pass<'t> {
    fn new(table: &'t mut Table, at: Timestamp) -> Self {
        table.pass = table.pass.wrapping_add(1);
        // A pass that was dropped has left its own, and their slots may be another's by now.
        table.notes.clear();
        table.ages.begin(at);
        let first = table.ages.is_first();
        let before = table.len();
        Self {
            table,
            at,
            marked: 0,
            rows: 0,
            before,
            last: u32::MAX,
            first,
            newborn: 0,
            fault: None,
        }
    }

    /// Takes in one row.
    pub(crate) fn see(&mut self, row: Row<'_>) {
        self.rows += 1;
        let pid = row.pid();
        let index = self.find(pid);
        if let Some(index) = index {
            let slot = &mut self.table.slots[index as usize];
            if slot.pass == self.table.pass {
                return self.blame(format!("the source showed pid {pid} twice in one scan"));
            }
            slot.pass = self.table.pass;
            self.marked += 1;
        }
        match (&row, index) {
            (Row::Process(row), Some(index)) => self.see_again(row, index),
            (Row::Process(row), None) => {
                self.welcome(row);
                self.marked += 1;
            }
            (Row::Unchanged { .. }, Some(index)) => self.idle(index),
            (Row::Unreadable { .. }, Some(index)) => {
                let key = self.table.slots[index as usize].told().key();
                self.table.notes.note_unreadable(key);
            }
            (Row::Unchanged { pid }, None) => self.blame(format!(
                "the source said that pid {pid} is unchanged, and has never shown it"
            )),
            // Nothing is known of it, not even whether it is a process: no row to keep.
            (Row::Unreadable { .. }, None) => {}
        }
    }

    /// Whether this pass has seen a process with this pid.
    pub(crate) fn has_seen(&self, pid: u32) -> bool {
        self.table
            .by_pid
            .get(&pid)
            .is_some_and(|&index| self.table.slots[index as usize].pass == self.table.pass)
    }

    /// How many rows it took in.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// What the source broke its [contract](crate::Source) with, first; the rows that did were
    /// left out.
    pub(crate) fn take_fault(&mut self) -> Option<Error> {
        self.fault.take()
    }

    /// How many processes the table held when the pass began.
    pub(crate) fn processes_before(&self) -> usize {
        self.before
    }

    /// The pids of the processes of the table that it has not seen, in order.
    pub(crate) fn missing(&self) -> Vec<u32> {
        let table = &*self.table;
        if table.len() == self.marked {
            return Vec::new();
        }
        let mut missing: Vec<u32> = table
            .slots
            .iter()
            .filter(|slot| slot.pass != table.pass)
            .filter_map(|slot| slot.told.as_ref())
            .map(|process| process.pid)
            .collect();
        missing.sort_unstable();
        missing
    }

    /// Ends the pass and tells what it found.
    pub(crate) fn finish(mut self, absent: Absent) -> Told {
        let mut unconfirmed = self.table.notes.take_unreadable();
        for pid in self.missing() {
            let index = self.table.by_pid[&pid];
            match absent {
                Absent::AreGone => self.say_goodbye(index),
                Absent::Stand => unconfirmed.push(self.table.slots[index as usize].told().key()),
            }
        }
        if absent == Absent::AreGone {
            self.table.ages.mark_whole(self.at);
        }
        let table = &mut *self.table;
        let events = table.notes.take_events(&table.slots, self.first);
        table.shrink();
        Told {
            events,
            unconfirmed,
            newborn: self.newborn,
        }
    }
}

/// One process at a time.
impl Pass<'_> {
    /// The slot of a pid. As a rule it is the one that followed the slot of the row before in the
    /// last pass too, since sources keep their order: that spares a look-up far off in memory.
    fn find(&mut self, pid: u32) -> Option<u32> {
        let table = &*self.table;
        let guess = table
            .slots
            .get(self.last as usize)
            .map_or(0, |slot| slot.next);
        let is_right = table
            .slots
            .get(guess as usize)
            .and_then(|slot| slot.told.as_ref())
            .is_some_and(|told| told.pid == pid);
        if is_right {
            self.last = guess;
            return Some(guess);
        }
        let index = table.by_pid.get(&pid).copied()?;
        self.follow_with(index);
        Some(index)
    }

    /// Remembers which slot came next. Only a guess is made of it, so it may be outdated.
    fn follow_with(&mut self, index: u32) {
        if let Some(last) = self.table.slots.get_mut(self.last as usize) {
            last.next = index;
        }
        self.last = index;
    }

    fn blame(&mut self, message: String) {
        self.fault
            .get_or_insert_with(|| Error::new(ErrorClass::BadData, message));
    }

    /// A pid that the table does not hold.
    fn welcome(&mut self, row: &ProcessRow<'_>) {
        let texts = &mut self.table.texts;
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: row.pid,
            start_time_ms: row.start_time_ms,
        });
        process.parent_pid = row.parent_pid;
        if let Reading::Known(name) = row.name {
            process.name = Some(texts.take_name(name));
        }
        if let Reading::Known(command) = row.command {
            process.command = Some(texts.take_command(command));
        }
        process.status = row.status;
        process.cpu_percent = self.table.ages.percent_of_life(row, self.at);
        process.cpu_time_ms = row.cpu_time_ns.map(ns_to_ms);
        process.resources = row.resources;
        process.kernel_thread = row.kernel_thread;
        self.newborn += u64::from(self.table.ages.is_newborn(row, self.at));
        let slot = Slot {
            start_time_ms: row.start_time_ms,
            pass: self.table.pass,
            status: row.status,
            next: 0,
            cpu_percent: process.cpu_percent,
            cpu_time_ns: row.cpu_time_ns,
            cpu_time_known_ns: row.cpu_time_ns.unwrap_or(0),
            resources: row.resources,
            cpu_read_at_ns: self.at.monotonic_ns,
            told: Some(process),
        };
        let slot = self.table.put(slot);
        self.follow_with(slot);
        self.table.notes.note_new(row.pid, slot);
    }

    /// A pid that the table holds: the same process, or one that came after it.
    fn see_again(&mut self, row: &ProcessRow<'_>, index: u32) {
        let slot = &self.table.slots[index as usize];
        let evidence = Evidence {
            known_start_ms: slot.start_time_ms,
            seen_start_ms: row.start_time_ms,
            coarse_start_times: self.table.ages.is_coarse(),
            cpu_time_went_back: row
                .cpu_time_ns
                .is_some_and(|now_ns| now_ns < slot.cpu_time_known_ns),
            all_else_changed: all_else_changed(slot.told(), row, &self.table.texts),
        };
        match identity::compare(evidence) {
            Identity::Different => {
                self.say_goodbye(index);
                self.welcome(row);
            }
            Identity::Same | Identity::Unknown => self.update(row, index),
        }
    }

    fn update(&mut self, row: &ProcessRow<'_>, index: u32) {
        let table = &mut *self.table;
        let slot = &mut table.slots[index as usize];
        let told = slot
            .told
            .as_mut()
            .expect("BUG: the index leads to taken slots only");
        let mut changed = Changes::default();

        let had_name = told.name.is_some();
        let has_new_name = table.texts.renew_name(&mut told.name, row.name);
        if has_new_name {
            changed.insert(Changes::NAME);
        }
        let has_other_command = match row.command {
            // The one that is known can be that of another program.
            Reading::Unknown if has_new_name && had_name => {
                table.texts.forget_command(&mut told.command)
            }
            command => table.texts.renew_command(&mut told.command, command),
        };
        if has_other_command {
            changed.insert(Changes::COMMAND);
        }
        if told.parent_pid != row.parent_pid {
            told.parent_pid = row.parent_pid;
            changed.insert(Changes::PARENT);
        }
        let is_flip = match (told.status, row.status) {
            (Some(old), Some(new)) => old.is_flip(new),
            (old, new) => old == new,
        };
        if told.status != row.status && !is_flip {
            changed.insert(Changes::STATUS);
        }
        if row.start_time_ms.is_some() {
            slot.start_time_ms = row.start_time_ms;
        }
        slot.cpu_percent = percent(
            slot.cpu_time_ns,
            row.cpu_time_ns,
            self.at.monotonic_ns.saturating_sub(slot.cpu_read_at_ns),
        );
        slot.cpu_time_ns = row.cpu_time_ns;
        slot.cpu_time_known_ns = row.cpu_time_ns.unwrap_or(slot.cpu_time_known_ns);
        slot.cpu_read_at_ns = self.at.monotonic_ns;
        slot.resources = row.resources;
        slot.status = row.status;
        changed.insert(table.thresholds.exceeded(slot));

        if !changed.is_empty() {
            self.tell(index, row.pid, changed);
        }
    }

    /// A process that has not run and is as it was.
    fn idle(&mut self, index: u32) {
        let table = &mut *self.table;
        let slot = &mut table.slots[index as usize];
        slot.cpu_percent = percent(
            slot.cpu_time_ns,
            slot.cpu_time_ns,
            self.at.monotonic_ns.saturating_sub(slot.cpu_read_at_ns),
        );
        slot.cpu_read_at_ns = self.at.monotonic_ns;
        let changed = table.thresholds.exceeded(slot);
        if !changed.is_empty() {
            let pid = slot.told().pid;
            self.tell(index, pid, changed);
        }
    }

    /// Brings what is told up to what is measured, and notes it down.
    fn tell(&mut self, index: u32, pid: u32, changed: Changes) {
        let slot = &mut self.table.slots[index as usize];
        if let Some(told) = &mut slot.told {
            told.status = slot.status;
            told.cpu_percent = slot.cpu_percent;
            told.cpu_time_ms = slot.cpu_time_ns.map(ns_to_ms);
            told.resources = slot.resources;
        }
        self.table.notes.note_changed(pid, index, changed);
    }

    fn say_goodbye(&mut self, index: u32) {
        let start_time_ms = self.table.slots[index as usize].start_time_ms;
        let lived_ms = start_time_ms.and_then(|start| self.table.ages.age_ms(start, self.at));
        let process = self.table.take(index);
        self.table.notes.note_gone(process, lived_ms);
    }
}

/// An `exec` keeps the parent, and a lost parent leaves name and command: the three together mean
/// another process. The cheapest to compare goes first.
fn all_else_changed(told: &ProcessInfo, row: &ProcessRow<'_>, texts: &Texts) -> bool {
    if told.parent_pid == row.parent_pid || told.parent_pid.is_none() || row.parent_pid.is_none() {
        return false;
    }
    let (Some(name), Reading::Known(new_name)) = (&told.name, row.name) else {
        return false;
    };
    let (Some(command), Reading::Known(new_command)) = (&told.command, row.command) else {
        return false;
    };
    !texts.is_name(name, new_name) && !texts.is_command(command, new_command)
}

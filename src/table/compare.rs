//! One row compared with the table: adds, updates or removes a process, and notes its event.

use super::arena::Table;
use super::identity::{self, Evidence, Identity};
use super::rates::{ns_to_ms, percent};
use super::slot::Slot;
use super::texts::Texts;
use crate::model::{Changes, Exit, ProcessInfo, ProcessKey, Timestamp};
use crate::source::{ProcessRow, Reading};

impl Table {
    /// Adds a process and returns its slot. The table must not have its pid. `at` is the time of
    /// the scan.
    pub(super) fn insert(&mut self, row: &ProcessRow<'_>, at: Timestamp) -> u32 {
        let texts = &mut self.texts;
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: row.pid,
            start_time_ms: row.start_time_ms,
        });
        let values = &mut *process;
        values.parent_pid = row.parent_pid;
        if let Reading::Known(name) = row.name {
            values.name = Some(texts.intern_name(name));
        }
        if let Reading::Known(command) = row.command {
            values.command = Some(texts.intern_command(command));
        }
        values.status = row.status;
        values.cpu_percent = self.ages.percent_of_life(row, at);
        values.cpu_time_ms = row.cpu_time_ns.map(ns_to_ms);
        values.resources = row.resources;
        values.kernel_thread = row.kernel_thread;
        values.details = self.unknown_details.clone();
        texts.update_details(&mut values.details, row.details);
        values.details.shrink();
        let slot = Slot {
            pid: row.pid,
            start_time_ms: row.start_time_ms,
            scan: self.scan,
            status: row.status,
            next: 0,
            cpu_percent: process.cpu_percent,
            cpu_time_ns: row.cpu_time_ns,
            cpu_time_known_ns: row.cpu_time_ns.unwrap_or(0),
            resources: row.resources,
            details: process.details.clone(),
            cpu_read_at_ns: row.read_at_ns.unwrap_or(at.monotonic_ns),
            has_own_time: row.read_at_ns.is_some(),
            is_unmeasured: false,
            reported: Some(process),
        };
        let index = self.put(slot);
        self.notes.note_new(row.pid, index);
        index
    }

    /// Returns whether a row belongs to the process in this slot, not to a later one with its pid.
    pub(super) fn is_same_process(&self, row: &ProcessRow<'_>, index: u32) -> bool {
        let slot = &self.slots[index as usize];
        let evidence = Evidence {
            known_start_ms: slot.start_time_ms,
            new_start_ms: row.start_time_ms,
            coarse_start_times: self.ages.is_coarse(),
            cpu_time_went_back: row
                .cpu_time_ns
                .is_some_and(|now_ns| now_ns < slot.cpu_time_known_ns),
            all_else_changed: all_else_changed(slot.reported(), row, &self.texts),
        };
        match identity::compare(evidence) {
            Identity::Different => false,
            Identity::Same | Identity::Unknown => true,
        }
    }

    /// Updates a process from its row.
    pub(super) fn update(&mut self, row: &ProcessRow<'_>, index: u32, at: Timestamp) {
        let slot = &mut self.slots[index as usize];
        let since_ns = slot.read_again(row.read_at_ns, at);
        let process = slot
            .reported
            .as_mut()
            .expect("BUG: the index has only slots in use");
        let mut changed = Changes::default();

        changed.insert(update_texts(&mut self.texts, process, row));
        if process.parent_pid != row.parent_pid {
            process.parent_pid = row.parent_pid;
            changed.insert(Changes::PARENT);
        }
        changed.insert(update_kind(process, row));
        let is_flip = match (process.status, row.status) {
            (Some(old), Some(new)) => old.is_flip(new),
            (old, new) => old == new,
        };
        if process.status != row.status && !is_flip {
            changed.insert(Changes::STATUS);
        }
        if row.start_time_ms.is_some() {
            slot.start_time_ms = row.start_time_ms;
        }
        slot.cpu_percent = match slot.is_unmeasured {
            true => self.ages.percent_of_life(row, at),
            false => percent(slot.cpu_time_ns, row.cpu_time_ns, since_ns),
        };
        slot.is_unmeasured = false;
        slot.cpu_time_ns = row.cpu_time_ns;
        slot.cpu_time_known_ns = row.cpu_time_ns.unwrap_or(slot.cpu_time_known_ns);
        slot.resources = row.resources;
        slot.status = row.status;
        if !row.details.is_empty() {
            self.texts.update_details(&mut slot.details, row.details);
            let new = slot.details.since(&process.details);
            changed.insert(new.reported);
            // Nothing else shows that it has run.
            if row.cpu_time_ns.is_none() {
                changed.insert(new.quiet);
            }
        }
        changed.insert(self.thresholds.exceeded(slot));

        if !changed.is_empty() {
            self.report(index, row.pid, changed);
        }
    }

    /// Updates what a source heard of a process between two scans: unknown values stay, but for name
    /// and command line of an earlier program.
    ///
    /// It changes nothing if the process was read later than that.
    pub(super) fn amend(&mut self, row: &ProcessRow<'_>, index: u32) {
        let slot = &mut self.slots[index as usize];
        if row.read_at_ns.is_none_or(|read| read < slot.cpu_read_at_ns) {
            return;
        }
        let process = slot
            .reported
            .as_mut()
            .expect("BUG: the index has only slots in use");
        let mut changed = update_texts(&mut self.texts, process, row);
        if row.is_other_program {
            changed.insert(forget_unread_texts(&mut self.texts, process, row));
        }
        if row.parent_pid.is_some() && process.parent_pid != row.parent_pid {
            process.parent_pid = row.parent_pid;
            changed.insert(Changes::PARENT);
        }
        if row.status.is_some() && slot.status != row.status {
            slot.status = row.status;
            changed.insert(Changes::STATUS);
        }
        changed.insert(update_kind(process, row));
        if !row.details.is_empty() {
            self.texts.update_details(&mut slot.details, row.details);
            changed.insert(slot.details.since(&slot.reported().details).reported);
        }
        if !changed.is_empty() {
            self.report(index, row.pid, changed);
        }
    }

    /// Updates a process that is unchanged and had not run when it was read.
    pub(super) fn update_idle(&mut self, index: u32, read_at_ns: Option<u64>, at: Timestamp) {
        let slot = &mut self.slots[index as usize];
        let since_ns = slot.read_again(read_at_ns, at);
        let cpu_percent = percent(slot.cpu_time_ns, slot.cpu_time_ns, since_ns);
        // What was measured before is reported, or within the thresholds.
        if std::mem::replace(&mut slot.cpu_percent, cpu_percent) == cpu_percent {
            return;
        }
        let changed = self.thresholds.exceeded(slot);
        if !changed.is_empty() {
            let pid = slot.pid;
            self.report(index, pid, changed);
        }
    }

    /// Copies the measured values to the reported ones, and notes the update.
    fn report(&mut self, index: u32, pid: u32, mut changed: Changes) {
        let slot = &mut self.slots[index as usize];
        if let Some(process) = &mut slot.reported {
            let values = &mut **process;
            if !slot.details.is_shared_with(&values.details) {
                changed.insert(slot.details.since(&values.details).quiet);
                values.details = slot.details.clone();
            }
            values.status = slot.status;
            values.cpu_percent = slot.cpu_percent;
            values.cpu_time_ms = slot.cpu_time_ns.map(ns_to_ms);
            values.resources = slot.resources;
        }
        self.notes.note_changed(pid, index, changed);
    }

    /// Removes a process and notes its exit.
    pub(super) fn remove(&mut self, index: u32, at: Timestamp, exit: Exit) {
        let start_time_ms = self.slots[index as usize].start_time_ms;
        let age_ms = || start_time_ms.and_then(|start| self.ages.age_ms(start, at));
        let lived_ms = lived_ms(start_time_ms, exit).or_else(age_ms);
        let process = self.take(index);
        self.notes.note_exit(process, lived_ms, exit);
    }
}

/// Returns how long a process lived at most, if both its start and a limit of its end are known.
pub(super) fn lived_ms(start_time_ms: Option<u64>, exit: Exit) -> Option<u64> {
    // Start times have the resolution of their source.
    let exact_ms = exit.lived_ns.map(|lived_ns| lived_ns / 1_000_000);
    let end_ms = exit.ended_at_ms.or(exit.ended_by_ms);
    exact_ms.or_else(|| Some(end_ms?.saturating_sub(start_time_ms?)))
}

/// Updates name and command line from a row, and returns which changed.
fn update_texts(texts: &mut Texts, process: &mut ProcessInfo, row: &ProcessRow<'_>) -> Changes {
    let mut changed = Changes::default();
    let had_name = process.name.is_some();
    let has_new_name = texts.update_name(process, row.name);
    if has_new_name {
        changed.insert(Changes::NAME);
    }
    let has_other_command = match row.command {
        // The known one may belong to the program before the `exec`.
        Reading::Unknown if has_new_name && had_name => texts.clear_command(process),
        command => texts.update_command(process, command),
    };
    if has_other_command {
        changed.insert(Changes::COMMAND);
    }
    changed
}

/// Makes name and command line unknown that are of an earlier program, and returns which were known.
fn forget_unread_texts(
    texts: &mut Texts,
    process: &mut ProcessInfo,
    row: &ProcessRow<'_>,
) -> Changes {
    let mut changed = Changes::default();
    if row.name == Reading::Unknown && texts.clear_name(process) {
        changed.insert(Changes::NAME);
    }
    if row.command == Reading::Unknown && texts.clear_command(process) {
        changed.insert(Changes::COMMAND);
    }
    changed
}

/// Updates whether it is a kernel thread. What is known stays when it is not read.
fn update_kind(process: &mut ProcessInfo, row: &ProcessRow<'_>) -> Changes {
    if row.kernel_thread.is_none() || row.kernel_thread == process.kernel_thread {
        return Changes::default();
    }
    process.kernel_thread = row.kernel_thread;
    Changes::KERNEL_THREAD
}

/// Returns whether parent, name and command line all changed.
///
/// An `exec` keeps the parent, and an exit of the parent keeps name and command line: only another
/// process changes all three. The cheapest comparison comes first.
fn all_else_changed(known: &ProcessInfo, row: &ProcessRow<'_>, texts: &Texts) -> bool {
    if known.parent_pid == row.parent_pid || known.parent_pid.is_none() || row.parent_pid.is_none()
    {
        return false;
    }
    let (Some(name), Reading::Known(new_name)) = (&known.name, row.name) else {
        return false;
    };
    let (Some(command), Reading::Known(new_command)) = (&known.command, row.command) else {
        return false;
    };
    !texts.is_name(name, new_name) && !texts.is_command(command, new_command)
}

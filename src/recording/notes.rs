//! What a recorder takes down of one scan.

use std::borrow::Cow;
use std::collections::HashMap;

use ahash::RandomState;

use super::format::Shown;
use super::row::RowRecord;
use crate::model::{Error, ErrorClass};
use crate::redact::Redactor;
use crate::source::{ProcessRow, Reading, Row};

/// What a scan and its recheck showed; `None` for a process of which nothing is known.
pub(super) type Known = HashMap<u32, Option<RowRecord>, RandomState>;

/// The rows of one scan as they are taken down.
pub(super) struct Notes<'r> {
    redactor: &'r Redactor,
    /// What the scan before showed; `None` in a recheck. What is rechecked was not shown, so there
    /// is nothing it could be the same as.
    before: Option<Known>,
    pub(super) now: Known,
    pub(super) shown: Shown,
    /// What the source broke its contract with, first. A recording with such rows could not be
    /// read, so they go no further: the scan fails, and fails alike when it is played.
    pub(super) fault: Option<Error>,
}

impl<'r> Notes<'r> {
    pub(super) fn of_scan(before: Known, redactor: &'r Redactor) -> Self {
        Self {
            redactor,
            now: HashMap::with_capacity_and_hasher(before.len(), RandomState::default()),
            before: Some(before),
            shown: Shown::default(),
            fault: None,
        }
    }

    pub(super) fn of_recheck(now: Known, redactor: &'r Redactor) -> Self {
        Self {
            redactor,
            before: None,
            now,
            shown: Shown::default(),
            fault: None,
        }
    }

    pub(super) fn take_down(&mut self, row: Row<'_>, hand_over: &mut dyn FnMut(Row<'_>)) {
        let pid = row.pid();
        if self.now.contains_key(&pid) {
            return self.blame(format!("the source showed pid {pid} twice in one scan"));
        }
        let before = self.before.as_mut().map(|before| before.remove(&pid));
        let now = match &row {
            Row::Process(row) => {
                return self.take_down_process(row, before.flatten().flatten(), hand_over);
            }
            Row::Unchanged { .. } => {
                if let Some(None) = before {
                    return self.blame(format!(
                        "the source said that pid {pid} is unchanged, and the scan before does \
                         not show it"
                    ));
                }
                self.shown.unchanged.push(pid);
                before.flatten().flatten()
            }
            Row::Unreadable { .. } => {
                self.shown.unreadable.push(pid);
                before.flatten().flatten()
            }
        };
        self.now.insert(pid, now);
        hand_over(row);
    }

    /// Takes down one that was read, without its secrets, and hands it on so.
    fn take_down_process(
        &mut self,
        row: &ProcessRow<'_>,
        before: Option<RowRecord>,
        hand_over: &mut dyn FnMut(Row<'_>),
    ) {
        // What was taken down goes through the redactor unchanged.
        let (held_name, held_command) = match &before {
            Some(before) => (before.as_row().name, before.as_row().command),
            None => (Reading::Unknown, Reading::Unknown),
        };
        let name = row
            .name
            .map(|name| match held_name == Reading::Known(name) {
                true => Cow::Borrowed(name),
                false => self.redactor.name(name),
            });
        let command = row
            .command
            .map(|command| match held_command == Reading::Known(command) {
                true => Cow::Borrowed(command),
                false => self.redactor.command(command),
            });
        let row = ProcessRow {
            name: name.as_ref().map(|name| &**name),
            command: command.as_ref().map(|command| &**command),
            ..*row
        };
        let now = self.compare(&row, before);
        self.now.insert(row.pid, Some(now));
        hand_over(Row::Process(row));
    }

    /// Takes down what is new in a row, and returns the whole of it.
    fn compare(&mut self, row: &ProcessRow<'_>, before: Option<RowRecord>) -> RowRecord {
        let mut record = RowRecord::from(row);
        let Some(before) = before else {
            self.shown.rows.push(record.clone());
            return record;
        };
        if may_be_another(&record, &before) {
            self.shown.rows.push(record.clone());
            return record;
        }
        stands(&mut record.name, &before.name);
        stands(&mut record.command, &before.command);
        if record == before {
            self.shown.unchanged.push(row.pid);
            return before;
        }
        let mut line = record.clone();
        if line.name == before.name {
            line.name = Reading::Same;
        }
        if line.command == before.command {
            line.command = Reading::Same;
        }
        self.shown.rows.push(line);
        record
    }

    fn blame(&mut self, message: String) {
        self.fault
            .get_or_insert_with(|| Error::new(ErrorClass::BadData, message));
    }
}

/// Whether the table could take the two for two processes. The second one then needs its name and
/// command in full, be they the same or not.
fn may_be_another(record: &RowRecord, before: &RowRecord) -> bool {
    // Where CPU time was unknown before, the table holds an older one against it.
    let cpu_time_went_back = record.cpu_time_ns.is_some_and(|now_ns| {
        before
            .cpu_time_ns
            .is_none_or(|before_ns| now_ns < before_ns)
    });
    record.start_time_ms != before.start_time_ms || cpu_time_went_back
}

/// A field that was not read again is what it was.
fn stands<T: Clone>(reading: &mut Reading<T>, before: &Reading<T>) {
    if matches!(reading, Reading::Same) {
        *reading = before.clone();
    }
}

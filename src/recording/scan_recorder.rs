//! Records the rows of one scan or recheck.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ahash::RandomState;

use super::detail_record::{DetailRecord, merged};
use super::format::Shown;
use super::row::{RowRecord, read_at_ns, read_offset_ns};
use crate::model::{Error, ErrorClass};
use crate::redact::Redactor;
use crate::source::{ProcessRow, Reading, Row};

/// The rows of a scan and its recheck by pid; `None` for a process that was never read.
pub(super) type Known = HashMap<u32, Option<RowRecord>, RandomState>;

/// Records the rows of one scan or recheck, and passes them on redacted.
pub(super) struct ScanRecorder<'r> {
    redactor: &'r Redactor,
    /// The monotonic time of the scan.
    scan_ns: u64,
    /// The rows of the scan before; `None` in a recheck, because its processes are not in the scan
    /// before.
    before: Option<Known>,
    /// Pids of what was heard since then: the row of the scan before may not be their last one.
    heard: HashSet<u32>,
    pub(super) now: Known,
    pub(super) shown: Shown,
    /// The first breach of the source's contract.
    ///
    /// Rows that break it are neither recorded nor passed on, because such a recording could not be
    /// read. The scan fails instead, live and in the replay.
    pub(super) fault: Option<Error>,
}

impl<'r> ScanRecorder<'r> {
    /// Creates the recorder of a scan.
    pub(super) fn of_scan(
        before: Known,
        heard: HashSet<u32>,
        redactor: &'r Redactor,
        scan_ns: u64,
    ) -> Self {
        Self {
            heard,
            redactor,
            scan_ns,
            now: HashMap::with_capacity_and_hasher(before.len(), RandomState::default()),
            before: Some(before),
            shown: Shown::default(),
            fault: None,
        }
    }

    /// Creates the recorder of the recheck after a scan.
    pub(super) fn of_recheck(now: Known, redactor: &'r Redactor, scan_ns: u64) -> Self {
        Self {
            heard: HashSet::new(),
            redactor,
            scan_ns,
            before: None,
            now,
            shown: Shown::default(),
            fault: None,
        }
    }

    /// Records a row and emits it.
    pub(super) fn record(&mut self, mut row: Row<'_>, emit: &mut dyn FnMut(Row<'_>)) {
        let pid = row.pid();
        if self.now.contains_key(&pid) {
            return self.fail(format!("the source reported pid {pid} twice in one scan"));
        }
        let before = self.before.as_mut().map(|before| before.remove(&pid));
        let now = match &row {
            Row::Process(row) => {
                let before = before.flatten().flatten();
                let before = before.filter(|_| !self.heard.contains(&pid));
                return self.record_process(row, before, emit);
            }
            &Row::Unchanged {
                read_at_ns: at_ns, ..
            } => {
                if let Some(None) = before {
                    return self.fail(format!(
                        "the source reported pid {pid} as unchanged, but the scan before does \
                         not contain it"
                    ));
                }
                let offset_ns = read_offset_ns(self.scan_ns, at_ns);
                self.shown.add_unchanged(pid, offset_ns);
                // What cannot be recorded is not emitted, or the replay would differ.
                row = Row::Unchanged {
                    pid,
                    read_at_ns: read_at_ns(self.scan_ns, offset_ns),
                };
                before.flatten().flatten()
            }
            Row::Unreadable { .. } => {
                self.shown.unreadable.push(pid);
                before.flatten().flatten()
            }
        };
        self.now.insert(pid, now);
        emit(row);
    }

    /// Redacts a row, records it and emits it.
    fn record_process(
        &mut self,
        row: &ProcessRow<'_>,
        before: Option<RowRecord>,
        emit: &mut dyn FnMut(Row<'_>),
    ) {
        // Recorded text is redacted, and stays unchanged when redacted again.
        let (old_name, old_command) = match &before {
            Some(before) => {
                let row = before.as_row(self.scan_ns, &[]);
                (row.name, row.command)
            }
            None => (Reading::Unknown, Reading::Unknown),
        };
        let name = row.name.map(|name| match old_name == Reading::Known(name) {
            true => Cow::Borrowed(name),
            false => self.redactor.name(name),
        });
        let command = row
            .command
            .map(|command| match old_command == Reading::Known(command) {
                true => Cow::Borrowed(command),
                false => self.redactor.command(command),
            });
        let details = row.details.iter().map(DetailRecord::of);
        let details: Vec<_> = details
            .map(|detail| detail.redacted(self.redactor))
            .collect();
        let readings: Vec<_> = details.iter().map(DetailRecord::reading).collect();
        let row = ProcessRow {
            details: &readings,
            name: name.as_ref().map(|name| &**name),
            command: command.as_ref().map(|command| &**command),
            read_at_ns: read_at_ns(self.scan_ns, read_offset_ns(self.scan_ns, row.read_at_ns)),
            ..*row
        };
        let now = self.compare(&row, before);
        self.now.insert(row.pid, Some(now));
        emit(Row::Process(row));
    }

    /// Records the changes of a row, and returns the complete row.
    fn compare(&mut self, row: &ProcessRow<'_>, before: Option<RowRecord>) -> RowRecord {
        let mut record = RowRecord::of(row, self.scan_ns);
        let Some(before) = before else {
            self.shown.rows.push(record.clone());
            return record;
        };
        if may_be_another_process(&record, &before) {
            self.shown.rows.push(record.clone());
            return record;
        }
        let is_name_unread = record.name == Reading::Unchanged;
        let is_command_unread = record.command == Reading::Unchanged;
        let read = std::mem::take(&mut record.details);
        record.details = merged(&before.details, &read);
        resolve_same(&mut record.name, &before.name);
        resolve_same(&mut record.command, &before.command);
        if record.has_values_of(&before) {
            self.shown.add_unchanged(row.pid, record.read_offset_ns);
            return before;
        }
        let mut line = record.clone();
        if record.command == Reading::Unknown && record.name == before.name {
            record.kept_command = match &before.command {
                Reading::Known(command) => Some(command.clone()),
                _ => before.kept_command.clone(),
            };
        }
        line.details = read;
        line.details
            .retain(|detail| !before.details.contains(detail));
        // An unreadable command line under a new name is cleared, so unknown is not the same as
        // unchanged.
        if line.name == before.name && (line.name != Reading::Unknown || is_name_unread) {
            line.name = Reading::Unchanged;
        }
        if line.command == before.command && (line.command != Reading::Unknown || is_command_unread)
        {
            line.command = Reading::Unchanged;
        }
        self.shown.rows.push(line);
        record
    }

    fn fail(&mut self, message: String) {
        self.fault
            .get_or_insert_with(|| Error::new(ErrorClass::BadData, message));
    }
}

/// Returns whether the table may take the two rows for two processes.
///
/// The second one then needs its name and command line in full, even if they are the same.
fn may_be_another_process(record: &RowRecord, before: &RowRecord) -> bool {
    // If CPU time was unknown in the scan before, the table compares with an older one.
    let cpu_time_went_back = record.cpu_time_ns.is_some_and(|now_ns| {
        before
            .cpu_time_ns
            .is_none_or(|before_ns| now_ns < before_ns)
    });
    // Without a start time, the table takes this for another one.
    let has_all_else_changed = record.parent_pid != before.parent_pid
        && record.name != before.name
        && record.name != Reading::Unchanged
        && record.command != before.command
        && record.command != Reading::Unchanged;
    record.start_time_ms != before.start_time_ms || cpu_time_went_back || has_all_else_changed
}

/// Replaces [`Reading::Unchanged`] by the reading before.
fn resolve_same<T: Clone>(reading: &mut Reading<T>, before: &Reading<T>) {
    if matches!(reading, Reading::Unchanged) {
        *reading = before.clone();
    }
}

//! What a source heard between scans, applied to the table.

use super::compare::lived_ms;
use super::pass::Pass;
use crate::model::Exit;
use crate::source::{Happening, ProcessRow};

impl Pass<'_> {
    /// Applies a birth, a change or an exit that the source heard.
    ///
    /// Before the first rows there is nothing that it could be compared with, so it is ignored then.
    pub(crate) fn happened(&mut self, happening: Happening<'_>) {
        if self.is_unfounded() {
            return;
        }
        let known = self.table.by_pid.get(&happening.pid()).copied();
        match (happening, known) {
            (Happening::Born(row), Some(index)) => {
                if self.table.is_same_process(&row, index) {
                    self.table.amend(&row, index);
                } else {
                    // It had ended when the next process with its pid was born.
                    let exit = Exit {
                        ended_at_ms: row.start_time_ms,
                        ..Exit::default()
                    };
                    self.end_by(index, exit);
                    self.bear(&row);
                }
            }
            (Happening::Born(row), None) => self.bear(&row),
            (Happening::Changed(row), Some(index)) => {
                if self.table.is_same_process(&row, index) {
                    self.table.amend(&row, index);
                }
            }
            (
                Happening::Exited {
                    pid,
                    start_time_ms,
                    exit,
                },
                known,
            ) => match known.filter(|&index| self.has_started(index, start_time_ms)) {
                Some(index) => self.end(index, exit),
                // The scan that is under way may have found it already.
                None => {
                    let lived_ms = lived_ms(start_time_ms, exit);
                    let notes = &mut self.table.notes;
                    notes.complete_exit(pid, start_time_ms, lived_ms, exit);
                }
            },
            (Happening::Changed(_), None) => {}
        }
    }

    /// Returns whether the process in this slot started then, as far as that is known.
    fn has_started(&self, index: u32, start_time_ms: Option<u64>) -> bool {
        let known_ms = self.table.slots[index as usize].start_time_ms;
        start_time_ms.is_none() || known_ms.is_none() || start_time_ms == known_ms
    }

    /// Adds a process that was born.
    fn bear(&mut self, row: &ProcessRow<'_>) {
        let index = self.table.insert(row, self.at);
        let slot = &mut self.table.slots[index as usize];
        slot.is_unmeasured = true;
        if self.has_rows {
            // The rows of this scan came before the birth.
            self.marked += 1;
        } else {
            // The rows of this scan are still to come, and have to confirm it.
            slot.scan = self.table.scan.wrapping_sub(1);
        }
    }

    /// Removes a process that has exited by the time of `exit`, as is not known more exactly.
    fn end_by(&mut self, index: u32, exit: Exit) {
        let start_time_ms = self.table.slots[index as usize].start_time_ms;
        self.unmark(index);
        let process = self.table.take(index);
        let lived_ms = lived_ms(start_time_ms, exit);
        let notes = &mut self.table.notes;
        notes.note_exit(process, lived_ms, Exit::default());
    }

    /// Removes a process that has exited.
    fn end(&mut self, index: u32, exit: Exit) {
        self.unmark(index);
        self.table.remove(index, self.at, exit);
    }

    /// Forgets that this scan has reported the process in this slot.
    fn unmark(&mut self, index: u32) {
        let is_marked = self.table.slots[index as usize].scan == self.table.scan;
        self.marked -= usize::from(self.is_scan && is_marked);
    }
}

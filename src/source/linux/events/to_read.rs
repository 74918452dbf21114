//! The processes that the second thread has to read, because no filtered socket names them.

use std::collections::VecDeque;

use super::kernel_event::{KernelEvent, What};

/// A child that calls `exec` usually does so before. Until then it has the program of its parent.
const YOUNG_NS: u64 = 5_000_000;

/// Births that can wait for that age, and processes that can wait to be read. Further ones are left to
/// scans.
const MAX: usize = 512;

/// Its children have no command line, and scans read their names.
const KTHREADD: u32 = 2;

/// What the second thread has to read: processes that have only forked.
#[derive(Debug, Default)]
pub(super) struct ToRead {
    /// Births without an `exec` or an end so far: the pid, and the time of the event.
    young: VecDeque<(u32, u64)>,
    /// What to read now, in the same form.
    due: Vec<(u32, u64)>,
    /// No other socket reports each `exec` at once.
    pub(super) has_execs: bool,
    /// The bell waits until they are read, but no longer than a beat.
    pub(super) is_held: bool,
}

impl ToRead {
    /// Takes an event into account.
    pub(super) fn hear(&mut self, event: &KernelEvent) {
        match event.what {
            What::Fork { parent, tid, pid }
                if tid == pid && parent != KTHREADD && self.young.len() < MAX =>
            {
                self.young.push_back((pid, event.at_ns));
            }
            What::Exec { pid } => {
                self.forget(pid);
                if self.has_execs && self.due.len() < MAX {
                    self.due.push((pid, event.at_ns));
                }
            }
            What::Exit { tid, pid, .. } if tid == pid => self.forget(pid),
            _ => {}
        }
    }

    fn forget(&mut self, pid: u32) {
        // It is the last one with this pid, and usually one of the last of all.
        if let Some(index) = self.young.iter().rposition(|(of, _)| *of == pid) {
            self.young.remove(index);
        }
    }

    /// Returns whether there is something to read now. `now_ns` is of the clock of events.
    pub(super) fn has_due(&mut self, now_ns: u64) -> bool {
        let is_old = |(_, born_ns): &mut (u32, u64)| born_ns.saturating_add(YOUNG_NS) <= now_ns;
        while let Some(old) = self.young.pop_front_if(is_old) {
            if self.due.len() < MAX {
                self.due.push(old);
            }
        }
        !self.due.is_empty()
    }

    /// Returns whether births wait for their age.
    pub(super) fn has_young(&self) -> bool {
        !self.young.is_empty()
    }

    pub(super) fn take_due(&mut self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.due)
    }

    /// Forgets all, because nothing is read now.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.due.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn heard(events: &[(u64, What)], has_execs: bool, now_ms: u64) -> Vec<(u32, u64)> {
        let mut to_read = ToRead {
            has_execs,
            ..ToRead::default()
        };
        for &(at_ms, what) in events {
            to_read.hear(&KernelEvent {
                seq: 0,
                cpu: 0,
                at_ns: at_ms * MS,
                what,
            });
        }
        to_read.has_due(now_ms * MS);
        to_read.take_due()
    }

    fn fork(pid: u32) -> What {
        What::Fork {
            parent: 1,
            tid: pid,
            pid,
        }
    }

    #[test]
    fn a_birth_without_an_exec_is_read_after_a_while() {
        let exit = |tid, pid| What::Exit {
            is_released: false,
            tid,
            pid,
            status: 0,
        };
        let thread = What::Fork {
            parent: 7,
            tid: 9,
            pid: 7,
        };
        let kernel_thread = What::Fork {
            parent: KTHREADD,
            tid: 5,
            pid: 5,
        };
        assert_eq!(heard(&[(10, fork(7))], false, 14), []);
        assert_eq!(heard(&[(10, fork(7))], false, 15), [(7, 10 * MS)]);
        let lives_on = [(10, fork(7)), (10, thread), (11, exit(9, 7))];
        assert_eq!(heard(&lives_on, false, 20), [(7, 10 * MS)]);
        assert_eq!(heard(&[(10, kernel_thread)], false, 20), []);
        assert_eq!(heard(&[(10, fork(7)), (11, exit(7, 7))], false, 20), []);
        // The next process with that pid.
        let reused = [(10, fork(7)), (11, exit(7, 7)), (12, fork(7))];
        assert_eq!(heard(&reused, false, 20), [(7, 12 * MS)]);
    }

    #[test]
    fn an_exec_is_read_at_once_if_no_other_socket_reports_it() {
        let events = [(10, fork(7)), (11, What::Exec { pid: 7 })];
        assert_eq!(heard(&events, false, 20), []);
        assert_eq!(heard(&events, true, 11), [(7, 11 * MS)]);
    }

    #[test]
    fn a_storm_is_left_to_scans() {
        let mut to_read = ToRead::default();
        for pid in 10..10_000 {
            to_read.hear(&KernelEvent {
                seq: 0,
                cpu: 0,
                at_ns: 0,
                what: fork(pid),
            });
        }
        assert!(to_read.has_due(10 * MS));
        assert_eq!(to_read.take_due().len(), MAX);
        assert!(!to_read.has_due(10 * MS));
    }
}

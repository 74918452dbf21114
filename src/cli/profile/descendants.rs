//! Selects the events of the descendants of this process.

use std::collections::HashSet;

use process_scanner::{Batch, Event, Filter, ProcessKey, Selection};

/// The descendants of one process that were born after a moment.
///
/// `pscan` adopts descendants whose parents have exited, so each one stays below it.
#[derive(Debug)]
pub(super) struct Descendants {
    selection: Selection,
    has_begun: bool,
    /// Those that were there before, and theirs. A shell that calls `exec pscan run` leaves it its
    /// background jobs.
    others: HashSet<ProcessKey>,
}

impl Descendants {
    pub(super) fn of(pid: u32) -> Self {
        Self {
            selection: Selection::new(Filter::new().with_descendants_of(pid)),
            has_begun: false,
            others: HashSet::new(),
        }
    }

    /// Leaves out the descendants of all batches so far.
    pub(super) fn begin(&mut self) {
        self.has_begun = true;
    }

    /// Adds a batch, and returns the events of the descendants.
    pub(super) fn take(&mut self, batch: &Batch) -> Vec<Event> {
        let mut selected = self.selection.select(batch);
        if !self.has_begun {
            self.others
                .extend(selected.iter().map(|event| event.process().key()));
            return Vec::new();
        }
        if !self.others.is_empty() {
            selected.retain(|event| !self.is_other(event));
        }
        selected
    }

    fn is_other(&mut self, event: &Event) -> bool {
        let process = event.process();
        let key = process.key();
        let is_birth = matches!(event, Event::Created(_) | Event::Existing(_));
        let has_other_parent = || {
            let mut others = self.others.iter();
            others.any(|other| Some(other.pid) == process.parent_pid && key.can_be_child_of(*other))
        };
        if is_birth && has_other_parent() {
            self.others.insert(key);
        }
        let is_other = self.others.contains(&key);
        if is_other && matches!(event, Event::Exited { .. }) {
            self.others.remove(&key);
        }
        is_other
    }
}

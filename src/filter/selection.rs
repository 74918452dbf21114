//! The events of the processes that a filter selects: [`Selection`].

use std::collections::HashSet;

use ahash::RandomState;

use super::criteria::Filter;
use super::family::{Family, has_other_parent, is_ancestor};
use super::verdict::Verdict;
use crate::model::{Batch, Event, ProcessInfo, ProcessKey, Snapshot};

type Keys = HashSet<ProcessKey, RandomState>;

/// Selects events by their processes, batch by batch.
///
/// A process that matches once is selected until its exit, even if it no longer matches: ceasing to
/// match is no exit. A process that begins to match is [`Existing`](Event::Existing) then. It is
/// [`Created`](Event::Created) if its birth was in an earlier batch, and only now is known that it
/// matches.
///
/// ```
/// use process_scanner::{Batch, Event, Filter, ProcessInfo, ProcessKey, Selection};
///
/// let process = |pid, name: &str| {
///     let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms: Some(1) });
///     process.name = Some(name.into());
///     process
/// };
/// let mut selection = Selection::new(Filter::new().with_name("^make$")?);
/// let batch = Batch::new(1, 1000, vec![
///     Event::Existing(process(7, "make")),
///     Event::Existing(process(8, "sh")),
/// ]);
/// let selected = selection.select(&batch);
/// assert_eq!(selected, [Event::Existing(process(7, "make"))]);
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug)]
pub struct Selection {
    filter: Filter,
    selected: Keys,
    /// Processes whose birth was seen, and of which is not known whether they match.
    undecided: Keys,
    /// `None` if the filter does not depend on parents.
    relatives: Option<Relatives>,
}

/// What a filter needs that depends on parents.
#[derive(Debug, Default)]
struct Relatives {
    /// All processes.
    all: Snapshot,
    family: Family,
}

impl Selection {
    /// Creates a selection before the first batch.
    pub fn new(filter: Filter) -> Self {
        let relatives = filter.has_family().then(Relatives::default);
        Self {
            filter,
            selected: Keys::default(),
            undecided: Keys::default(),
            relatives,
        }
    }

    /// Returns the filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Returns whether the process with this key is selected, and has not exited.
    pub fn contains(&self, key: ProcessKey) -> bool {
        self.selected.contains(&key)
    }

    /// Adds a batch, and returns the events of the selected processes, in order of pid.
    ///
    /// It must get every batch that a consumer receives, in order.
    pub fn select(&mut self, batch: &Batch) -> Vec<Event> {
        if batch.full {
            // The exits of lost batches have no events.
            let present: Keys = batch.events.iter().map(|e| e.process().key()).collect();
            self.selected.retain(|key| present.contains(key));
            self.undecided.retain(|key| present.contains(key));
        }
        if let Some(relatives) = &mut self.relatives {
            relatives.all.apply(batch);
            let of = &self.filter.descendants_of;
            relatives.family.begin(of, batch, &relatives.all);
        }
        let mut selected = Vec::new();
        for event in &batch.events {
            self.take(event, &mut selected);
        }
        self.take_relatives(batch, &mut selected);
        if let Some(relatives) = &mut self.relatives {
            relatives.family.end(&relatives.all);
        }
        selected
    }

    /// Adds an event, and what it means for the selected processes.
    fn take(&mut self, event: &Event, selected: &mut Vec<Event>) {
        let process = event.process();
        let key = process.key();
        let is_exit = matches!(event, Event::Exited { .. });
        if self.selected.contains(&key) {
            if is_exit {
                self.selected.remove(&key);
            }
            return selected.push(event.clone());
        }
        let verdict = self.verdict(process);
        match (event, verdict) {
            (Event::Created(_), None) => {
                self.undecided.insert(key);
            }
            (_, Some(true)) => {
                let is_birth_late = self.undecided.remove(&key);
                if !is_exit {
                    self.selected.insert(key);
                }
                match event {
                    Event::Created(_) | Event::Existing(_) => selected.push(event.clone()),
                    Event::Updated { .. } | Event::Exited { .. } => {
                        selected.push(match is_birth_late {
                            true => Event::Created(process.clone()),
                            false => Event::Existing(process.clone()),
                        });
                        if is_exit {
                            selected.push(event.clone());
                        }
                    }
                }
            }
            (_, Some(false)) => _ = self.undecided.remove(&key),
            (_, None) if is_exit => _ = self.undecided.remove(&key),
            (_, None) => {}
        }
    }

    /// Adds processes that are relatives by now, and have no event of their own.
    fn take_relatives(&mut self, batch: &Batch, selected: &mut Vec<Event>) {
        let Some(relatives) = &self.relatives else {
            return;
        };
        let of = &self.filter.ancestors_of;
        let mut events = batch.events.iter();
        // A full batch has an event for each.
        if batch.full || !events.any(|event| has_other_parent(event) || is_of(event, of)) {
            return;
        }
        let matching = relatives.all.iter().filter(|process| {
            !self.selected.contains(&process.key())
                && relatives.verdict(&self.filter, process) == Some(true)
        });
        let late: Vec<_> = matching.cloned().collect();
        if late.is_empty() {
            return;
        }
        self.selected.extend(late.iter().map(ProcessInfo::key));
        selected.extend(late.into_iter().map(Event::Existing));
        // The order of events of one pid stays.
        selected.sort_by_key(|event| event.process().pid);
    }

    fn verdict(&self, process: &ProcessInfo) -> Verdict {
        match &self.relatives {
            Some(relatives) => relatives.verdict(&self.filter, process),
            None => self.filter.verdict_in_family(process, || false),
        }
    }
}

fn is_of(event: &Event, pids: &[u32]) -> bool {
    pids.contains(&event.process().pid)
}

impl Relatives {
    fn verdict(&self, filter: &Filter, process: &ProcessInfo) -> Verdict {
        let is_relative = || {
            let descends = filter.descendants_of.is_empty() || self.family.contains(process);
            let of = &filter.ancestors_of;
            descends && (of.is_empty() || is_ancestor(process, of, &self.all))
        };
        filter.verdict_in_family(process, is_relative)
    }
}

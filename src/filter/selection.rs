//! The events of the processes that a filter selects: [`Selection`].

use std::collections::HashSet;

use ahash::RandomState;

use super::criteria::{Filter, descent};
use super::family::{Family, ancestors, is_ancestor};
use super::verdict::{Verdict, all};
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
    /// In this batch, a process without an event may have become a descendant.
    may_have_grown: bool,
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
            relatives.may_have_grown = relatives.family.begin(of, batch, &relatives.all);
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
        let all = &relatives.all;
        let mut late: Vec<&ProcessInfo> = match (batch.full, of.is_empty()) {
            // A full batch has an event for each.
            (true, _) => return,
            (false, false) => {
                let begins = of.iter().filter_map(|pid| all.by_pid(*pid));
                begins.flat_map(|begin| ancestors(begin, all)).collect()
            }
            (false, true) if relatives.may_have_grown => all.iter().collect(),
            (false, true) => return,
        };
        late.retain(|process| relatives.verdict(&self.filter, process) == Some(true));
        late.retain(|process| self.selected.insert(process.key()));
        if late.is_empty() {
            return;
        }
        selected.extend(late.into_iter().cloned().map(Event::Existing));
        // The order of events of one pid stays.
        selected.sort_by_key(|event| event.process().pid);
    }

    fn verdict(&self, process: &ProcessInfo) -> Verdict {
        match &self.relatives {
            Some(relatives) => relatives.verdict(&self.filter, process),
            None => self.filter.verdict_in_family(process, || None),
        }
    }
}

impl Relatives {
    fn verdict(&self, filter: &Filter, process: &ProcessInfo) -> Verdict {
        let is_relative = || {
            let of = &filter.descendants_of;
            let descends =
                (!of.is_empty()).then(|| descent(process, self.family.contains(process)));
            let of = &filter.ancestors_of;
            let precedes = (!of.is_empty()).then(|| Some(is_ancestor(process, of, &self.all)));
            all([descends, precedes].into_iter().flatten())
        };
        filter.verdict_in_family(process, is_relative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Changes;

    fn process(pid: u32, parent_pid: u32, name: &str) -> ProcessInfo {
        let start_time_ms = Some(u64::from(pid));
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.parent_pid = Some(parent_pid);
        process.name = Some(name.into()).filter(|_| !name.is_empty());
        process
    }

    fn there(pid: u32, parent: u32, name: &str) -> Event {
        Event::Existing(process(pid, parent, name))
    }

    fn born(pid: u32, parent: u32, name: &str) -> Event {
        Event::Created(process(pid, parent, name))
    }

    fn updated(pid: u32, parent: u32, name: &str) -> Event {
        Event::updated(process(pid, parent, name), Changes::NAME)
    }

    fn moved(pid: u32, parent: u32, name: &str) -> Event {
        Event::updated(process(pid, parent, name), Changes::PARENT)
    }

    fn exited(pid: u32, parent: u32, name: &str) -> Event {
        Event::exited(process(pid, parent, name), None)
    }

    /// Selects from batches, each with the events that are expected of it. The first batch is full.
    fn assert_selects(filter: Filter, batches: &[(&[Event], &[Event])]) {
        let mut selection = Selection::new(filter);
        for (seq, (events, expected)) in (1..).zip(batches) {
            let batch = Batch::new(seq, seq * 1000, events.to_vec());
            assert_eq!(selection.select(&batch), *expected, "batch {seq}");
        }
    }

    fn named(name: &str) -> Filter {
        let regex = format!("^{name}$");
        Filter::new().with_name(&regex).expect("it is valid")
    }

    #[test]
    fn a_process_is_selected_from_its_first_match_to_its_exit() {
        assert_selects(
            named("make"),
            &[
                (&[there(1, 0, "init")], &[]),
                (
                    &[born(2, 1, "make"), born(3, 1, "sh"), born(4, 1, "sh")],
                    &[born(2, 1, "make")],
                ),
                // It has matched, and an exec is no exit.
                (&[updated(2, 1, "cc")], &[updated(2, 1, "cc")]),
                (&[updated(3, 1, "make")], &[there(3, 1, "make")]),
                (&[updated(4, 1, "bash"), exited(4, 1, "bash")], &[]),
                (
                    &[exited(2, 1, "cc"), updated(3, 1, "ld")],
                    &[exited(2, 1, "cc"), updated(3, 1, "ld")],
                ),
                // Another process has the pid.
                (
                    &[born(2, 1, "cc"), exited(3, 1, "ld")],
                    &[exited(3, 1, "ld")],
                ),
                (&[exited(2, 1, "cc")], &[]),
            ],
        );
    }

    #[test]
    fn a_birth_that_is_known_to_match_later_is_a_birth() {
        assert_selects(
            named("make"),
            &[
                (&[there(1, 0, "init")], &[]),
                (&[born(2, 1, ""), born(3, 1, ""), born(4, 1, "")], &[]),
                (
                    &[
                        updated(2, 1, "make"),
                        updated(3, 1, "sh"),
                        exited(4, 1, "make"),
                    ],
                    &[born(2, 1, "make"), born(4, 1, "make"), exited(4, 1, "make")],
                ),
                // It had another name in between.
                (&[updated(3, 1, "make")], &[there(3, 1, "make")]),
                // It matched in its last moment.
                (
                    &[born(5, 1, "sh"), exited(5, 1, "make")],
                    &[there(5, 1, "make"), exited(5, 1, "make")],
                ),
            ],
        );
    }

    #[test]
    fn a_full_batch_keeps_who_was_selected_and_forgets_who_is_gone() {
        let mut selection = Selection::new(named("make"));
        let mut first = Batch::new(1, 1000, vec![there(2, 1, "make"), there(3, 1, "make")]);
        assert_eq!(selection.select(&first).len(), 2);
        first.seq = 9;
        first.events = vec![there(3, 1, "cc"), there(4, 1, "sh"), there(5, 1, "make")];
        let selected = selection.select(&first);
        assert_eq!(selected, [there(3, 1, "cc"), there(5, 1, "make")]);
        assert!(!selection.contains(process(2, 1, "").key()));
        assert!(selection.contains(process(3, 1, "").key()));
    }

    #[test]
    fn descendants_are_selected_when_their_parents_have_gone_too() {
        let of_ten = Filter::new().with_descendants_of(10);
        assert_selects(
            of_ten,
            &[
                // A child can have a smaller pid than its parent.
                (
                    &[there(2, 11, "b"), there(10, 1, "root"), there(11, 10, "a")],
                    &[there(2, 11, "b"), there(11, 10, "a")],
                ),
                (
                    &[exited(11, 10, "a"), born(12, 11, "c"), born(13, 12, "d")],
                    &[exited(11, 10, "a"), born(12, 11, "c"), born(13, 12, "d")],
                ),
                // Another process with the pid of a parent is none of the family.
                (&[born(11, 1, "x"), born(14, 11, "y")], &[]),
                (&[exited(10, 1, "root")], &[]),
                (&[born(15, 2, "z")], &[born(15, 2, "z")]),
                // Nor is one with the pid of the first ancestor.
                (&[born(10, 1, "x"), born(16, 10, "y")], &[]),
            ],
        );
    }

    #[test]
    fn a_pid_that_is_used_again_in_one_batch_is_another_descendant() {
        let again = |pid: u32, parent: u32, start_time_ms: u64| {
            let mut process = process(pid, parent, "again");
            process.start_time_ms = Some(start_time_ms);
            process
        };
        let of_ten = Filter::new().with_descendants_of(10);
        let reuse = [
            exited(11, 10, "a"),
            Event::Created(again(11, 10, 500)),
            // Of the first one, and of the second one.
            Event::Created(again(12, 11, 400)),
            Event::Created(again(13, 11, 600)),
        ];
        assert_selects(
            of_ten,
            &[
                (
                    &[there(10, 1, "root"), there(11, 10, "a")],
                    &[there(11, 10, "a")],
                ),
                (&reuse, &reuse),
                (
                    &[Event::exited(again(11, 10, 500), None)],
                    &[Event::exited(again(11, 10, 500), None)],
                ),
            ],
        );
    }

    #[test]
    fn a_parent_that_is_younger_than_its_child_is_none() {
        let of_500 = Filter::new().with_descendants_of(500);
        let above_7 = Filter::new().with_ancestors_of(7);
        let events = [there(7, 500, "child"), there(500, 1, "later")];
        for filter in [of_500, above_7] {
            assert_selects(filter, &[(&events, &[])]);
        }
    }

    #[test]
    fn relatives_without_an_event_are_selected_when_a_parent_changes() {
        let of_ten = Filter::new().with_descendants_of(10);
        assert_selects(
            of_ten,
            &[
                (
                    &[there(3, 1, "a"), there(4, 3, "b"), there(10, 1, "root")],
                    &[],
                ),
                (&[moved(3, 10, "a")], &[there(3, 10, "a"), there(4, 3, "b")]),
            ],
        );
        let above_ten = Filter::new().with_ancestors_of(10);
        assert_selects(
            above_ten,
            &[
                (
                    &[there(1, 0, "init"), there(3, 1, "a"), there(10, 3, "x")],
                    &[there(1, 0, "init"), there(3, 1, "a")],
                ),
                (&[born(5, 1, "new")], &[]),
                (&[moved(10, 5, "x")], &[there(5, 1, "new")]),
            ],
        );
    }
}

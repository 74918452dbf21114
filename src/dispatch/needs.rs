//! The part of each batch that one consumer needs.

use std::sync::Arc;

use crate::filter::{Filter, Selection};
use crate::model::{Batch, Collect, Event};

/// Returns the fields that a filter needs, and a source does not collect.
///
/// A source that lists none of the fields that all sources have may emit them all the same: a source
/// of the host program, or an old recording.
pub(super) fn missing(filter: &Filter, collects: Collect) -> Collect {
    let usual = Collect::CPU | Collect::MEMORY | Collect::COMMAND;
    let is_listed = collects.has_any(usual);
    let unlisted = if is_listed { Collect::NONE } else { usual };
    filter.collect().without(collects | unlisted)
}

/// What a consumer needs of the batches: everything, unless it has a filter.
pub(super) struct Needs {
    selection: Option<Box<Selection>>,
    /// The selection knows all processes.
    has_begun: bool,
    /// The last scan failed.
    has_failed: bool,
    /// Batches since the last one that the consumer needed.
    skipped: u64,
}

impl Needs {
    pub(super) fn new(filter: Option<Filter>) -> Self {
        Self {
            selection: filter.map(Selection::new).map(Box::new),
            has_begun: false,
            has_failed: false,
            skipped: 0,
        }
    }

    /// Returns what the consumer needs of a batch; `None` if it needs nothing of it.
    ///
    /// It must get every batch, whether there is room for it or not. Nothing is known before the
    /// first full one.
    pub(super) fn part_of(&mut self, batch: &Arc<Batch>) -> Option<Arc<Batch>> {
        let Some(selection) = &mut self.selection else {
            return Some(Arc::clone(batch));
        };
        self.has_begun |= batch.full;
        if !self.has_begun {
            return None;
        }
        let events = selection.select(batch);
        // The end of a failure is news, too.
        let had_failed = self.has_failed;
        if batch.of_scan {
            self.has_failed = batch.failure.is_some();
        }
        let is_needed = batch.full
            || !events.is_empty()
            || batch.failure.is_some()
            || (batch.of_scan && had_failed)
            || !batch.transitions.is_empty();
        if !is_needed {
            self.skipped += 1;
            return None;
        }
        Some(self.restrict(batch, events))
    }

    /// Returns a notice for the consumer, which is about the batches so far.
    pub(super) fn notice(&mut self, notice: &Arc<Batch>) -> Arc<Batch> {
        match self.selection {
            None => Arc::clone(notice),
            Some(_) => self.restrict(notice, Vec::new()),
        }
    }

    /// Returns a full batch, made of all processes as of the last batch, for the consumer.
    pub(super) fn full(&mut self, batch: Batch) -> Arc<Batch> {
        let Some(selection) = &mut self.selection else {
            return Arc::new(batch);
        };
        let events = match std::mem::replace(&mut self.has_begun, true) {
            true => {
                let is_selected = |event: &&Event| selection.contains(event.process().key());
                batch.events.iter().filter(is_selected).cloned().collect()
            }
            false => selection.select(&batch),
        };
        self.restrict(&batch, events)
    }

    fn restrict(&mut self, batch: &Batch, events: Vec<Event>) -> Arc<Batch> {
        let skipped = std::mem::take(&mut self.skipped);
        let mut unconfirmed = batch.unconfirmed.clone();
        if let Some(selection) = &self.selection {
            unconfirmed.retain(|key| selection.contains(*key));
        }
        // A full batch replaces all before it.
        let skipped = if batch.full { 0 } else { skipped };
        Arc::new(batch.restricted(skipped, events, unconfirmed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_missing_that_a_source_does_not_collect() {
        let of_user = Filter::new().with_user("root");
        let by_name = Filter::new().with_name("sh").expect("it is valid");
        let (none, usual) = (Collect::NONE, Collect::default());
        let both = Collect::COMMAND | Collect::USER;
        for (filter, collects, expected) in [
            (Filter::new(), none, none),
            (of_user.clone(), none, Collect::USER),
            (of_user.clone(), usual, Collect::USER),
            (of_user.clone(), Collect::USER, none),
            (by_name.clone(), none, none),
            (by_name.clone(), usual, none),
            (
                by_name.clone(),
                usual.without(Collect::COMMAND),
                Collect::COMMAND,
            ),
            (of_user.with_text("x"), Collect::CPU, both),
        ] {
            assert_eq!(
                missing(&filter, collects),
                expected,
                "{filter:?} {collects}"
            );
        }
    }
}

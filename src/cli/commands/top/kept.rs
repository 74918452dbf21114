//! The batches of a recording that are kept, so that going back a little reads nothing again.

use std::collections::VecDeque;
use std::sync::Arc;

use process_scanner::{Batch, Snapshot};

use super::super::window::full;
use super::tape::Recorded;

/// Most events that are kept, full batches included. One takes some 200 bytes, and its texts are shared.
const MAX_EVENTS: usize = 60_000;

/// Fewest events between two full batches.
const MIN_BETWEEN_FULL: usize = 2000;

/// A batch, and all processes after it for some.
struct One {
    recorded: Recorded,
    full: Option<Arc<Batch>>,
}

impl One {
    /// Returns its events and those of its full batch, with one for the batch itself.
    fn weight(&self) -> usize {
        let own_full = self.full.as_ref().filter(|_| !self.recorded.batch.full);
        1 + self.recorded.batch.events.len() + own_full.map_or(0, |full| full.events.len())
    }
}

/// Batches in order; the first one is full, or has all processes after it.
pub(super) struct Kept {
    all: VecDeque<One>,
    weight: usize,
    /// Events since the last full batch.
    since_full: usize,
    /// The processes after the last batch.
    snapshot: Snapshot,
    max_events: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self::with_limit(MAX_EVENTS)
    }
}

impl Kept {
    pub(super) fn with_limit(max_events: usize) -> Self {
        Self {
            all: VecDeque::new(),
            weight: 0,
            since_full: 0,
            snapshot: Snapshot::new(),
            max_events,
        }
    }

    /// Removes all batches.
    pub(super) fn clear(&mut self) {
        *self = Self::with_limit(self.max_events);
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Recorded> {
        self.all.get(index).map(|one| &one.recorded)
    }

    /// Returns the last of the batches that `is_until` holds for; `None` if it does not hold for the first.
    ///
    /// The batches are in order of what it compares.
    pub(super) fn last_until(&self, is_until: impl Fn(&Recorded) -> bool) -> Option<usize> {
        let after = self.all.partition_point(|one| is_until(&one.recorded));
        after.checked_sub(1)
    }

    /// Adds a batch, and removes the first ones if there are too many.
    ///
    /// `shown`: index of the batch that the view has; it stays, and its new index is returned.
    pub(super) fn push(&mut self, recorded: Recorded, shown: usize) -> usize {
        self.snapshot.apply(&recorded.batch);
        self.since_full += recorded.batch.events.len();
        let full = if recorded.batch.full {
            Some(Arc::clone(&recorded.batch))
        } else if self.since_full >= MIN_BETWEEN_FULL.max(self.snapshot.len()) {
            Some(Arc::new(full(&recorded.batch, &self.snapshot)))
        } else {
            None
        };
        if full.is_some() {
            self.since_full = 0;
        }
        let one = One { recorded, full };
        self.weight += one.weight();
        self.all.push_back(one);
        self.trim(shown)
    }

    /// Returns the full batch to begin with, and its index, so that the view then has all since `from_ms`.
    ///
    /// It is the first one since then, or else the last one until `to`.
    pub(super) fn begin(&self, from_ms: u64, to: usize) -> Option<(usize, Arc<Batch>)> {
        let until = self.all.iter().enumerate().take(to + 1);
        let mut full = until.filter_map(|(index, one)| Some((index, one, one.full.as_ref()?)));
        let is_since = |one: &One| one.recorded.at_ms >= from_ms;
        let first = full.clone().find(|(_, one, _)| is_since(one));
        let (index, _, full) = first.or_else(|| full.next_back())?;
        Some((index, Arc::clone(full)))
    }

    /// Removes batches up to a full one, as long as there are too many.
    fn trim(&mut self, shown: usize) -> usize {
        let mut shown = shown;
        while self.weight > self.max_events {
            let mut later = self.all.iter().skip(1).take(shown);
            let Some(next) = later.position(|one| one.full.is_some()) else {
                break;
            };
            for one in self.all.drain(..=next) {
                self.weight -= one.weight();
            }
            shown -= next + 1;
        }
        shown
    }
}

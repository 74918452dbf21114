//! The state between two batches: what full batches and notices are made of.

use std::sync::Arc;

use super::watchdog::{Overdue, late};
use crate::model::{
    Batch, BreakerState, Counts, Error, ErrorClass, Event, Facts, Pacing, Snapshot, Timestamp,
    Transition,
};

/// The last batch sent, and whether the scan after it is stuck.
#[derive(Debug, Default)]
pub(super) struct Present {
    last: Option<Arc<Batch>>,
    stuck: Option<Stuck>,
}

/// A scan that does not come back.
#[derive(Debug)]
struct Stuck {
    error: Error,
    /// The breaker opens with it. The thread that keeps the breaker is the one that hangs.
    opening: Option<Transition>,
}

impl Present {
    /// Takes in a batch of a scan: none is stuck any more.
    pub(super) fn move_on(&mut self, batch: Arc<Batch>) {
        self.last = Some(batch);
        self.stuck = None;
    }

    /// Notes that the scan under way is stuck, until the next batch. Returns the transition if it opens the
    /// breaker.
    pub(super) fn get_stuck(&mut self, overdue: &Overdue) -> Option<&Transition> {
        let error = Error::new(
            ErrorClass::Stuck,
            format!(
                "the scan has not come back for {:.1} s: its source hangs",
                overdue.taken.as_secs_f64()
            ),
        );
        let is_new = |from: &BreakerState| *from != BreakerState::Open;
        let opening = overdue
            .breaker
            .filter(is_new)
            .map(|from| Transition::breaker(from, BreakerState::Open, late(overdue.taken)));
        let stuck = self.stuck.insert(Stuck { error, opening });
        stuck.opening.as_ref()
    }

    /// Whether there has been a batch.
    pub(super) fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Makes the full batch of a consumer that begins or has lost batches; `None` before the first batch.
    pub(super) fn full(&self, snapshot: &Snapshot, lost_batches: u64) -> Option<Batch> {
        let last = self.last.as_ref()?;
        let stuck = self.stuck.as_ref().map(|stuck| stuck.error.clone());
        let facts = Facts {
            full: true,
            lost_batches,
            failure: stuck.or_else(|| last.failure.clone()),
            events: snapshot.iter().cloned().map(Event::Existing).collect(),
            ..Facts::of(last)
        };
        Some(Batch::build(facts, self.pacing(last.transitions.clone())))
    }

    /// Makes the notice that the scan is stuck, if it is.
    pub(super) fn stuck_notice(&self) -> Option<Batch> {
        let stuck = self.stuck.as_ref()?;
        let transitions = stuck.opening.iter().cloned().collect();
        Some(self.notice(stuck.error.clone(), transitions))
    }

    /// Makes the notice that a consumer is stuck.
    pub(super) fn stall_notice(&self, error: Error) -> Batch {
        self.notice(error, Vec::new())
    }

    /// Makes a batch that comes between two scans: without events, with the number of the scan before.
    fn notice(&self, failure: Error, transitions: Vec<Transition>) -> Batch {
        let counts = |last: &Batch| Counts {
            processes: last.counts.processes,
            table_bytes: last.counts.table_bytes,
            ..Counts::default()
        };
        let last = self.last.as_deref();
        let facts = Facts {
            seq: last.map_or(0, |last| last.seq),
            taken_at_ms: Timestamp::now().wall_ms,
            monotonic_ns: last.map_or(0, |last| last.monotonic_ns),
            failure: Some(failure),
            counts: last.map(counts).unwrap_or_default(),
            ..Facts::default()
        };
        Batch::build(facts, self.pacing(transitions))
    }

    /// How the scanner goes on: as the last batch says, or with the breaker open.
    fn pacing(&self, transitions: Vec<Transition>) -> Pacing {
        let pace = self.last.as_ref().and_then(|last| last.pace);
        let is_opened = self
            .stuck
            .as_ref()
            .is_some_and(|stuck| stuck.opening.is_some());
        Pacing {
            pace: match is_opened {
                true => pace.map(|pace| pace.with_breaker(BreakerState::Open)),
                false => pace,
            },
            transitions,
        }
    }
}

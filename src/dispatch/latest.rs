//! The state between two batches, from which full batches and notices are made.

use std::sync::Arc;

use super::watchdog::{Overdue, SOURCE_ADVICE, late_reason};
use crate::model::{
    Batch, BreakerState, Counts, Error, ErrorClass, Event, Facts, Hearing, Pacing, Snapshot,
    Timestamp, Transition,
};

/// The last batch sent, and whether the scan after it is stuck.
#[derive(Debug, Default)]
pub(super) struct Latest {
    last: Option<Arc<Batch>>,
    /// The last one that is of a scan.
    last_scan: Option<Arc<Batch>>,
    stuck: Option<Stuck>,
}

/// A scan that has not returned in time.
#[derive(Debug)]
struct Stuck {
    error: Error,
    /// The transition to open. It is made here, because the thread with the breaker hangs.
    opening: Option<Transition>,
}

impl Latest {
    /// Stores a batch, which ends a stuck scan.
    pub(super) fn advance(&mut self, batch: Arc<Batch>) {
        if batch.of_scan {
            self.last_scan = Some(Arc::clone(&batch));
        }
        self.last = Some(batch);
        self.stuck = None;
    }

    /// Marks the current scan as stuck until the next batch. Returns the transition if it opens the
    /// breaker.
    pub(super) fn mark_stuck(&mut self, overdue: &Overdue) -> Option<&Transition> {
        let error = Error::new(
            ErrorClass::Stuck,
            format!(
                "the scan has not returned for {:.1}s: its source hangs",
                overdue.elapsed.as_secs_f64()
            ),
        )
        .with_advice(SOURCE_ADVICE);
        let was_not_open = |from: &BreakerState| *from != BreakerState::Open;
        let opening = overdue.breaker.filter(was_not_open).map(|from| {
            Transition::breaker(from, BreakerState::Open, late_reason(overdue.elapsed))
        });
        let stuck = self.stuck.insert(Stuck { error, opening });
        stuck.opening.as_ref()
    }

    /// Returns whether there has been a batch.
    pub(super) fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Creates the full batch for a consumer that is new or has lost batches; `None` before the first
    /// batch.
    pub(super) fn full(&self, snapshot: &Snapshot, lost_batches: u64) -> Option<Batch> {
        let last = self.last.as_ref()?;
        let scan = self.last_scan.as_ref().unwrap_or(last);
        let stuck = self.stuck.as_ref().map(|stuck| stuck.error.clone());
        let facts = Facts {
            seq: last.seq,
            of_scan: last.of_scan,
            hearing: last.hearing,
            taken_at_ms: last.taken_at_ms,
            monotonic_ns: last.monotonic_ns,
            full: true,
            lost_batches,
            failure: stuck.or_else(|| scan.failure.clone()),
            events: snapshot.iter().cloned().map(Event::Existing).collect(),
            ..Facts::of(scan)
        };
        Some(Batch::build(facts, self.pacing(last.transitions.clone())))
    }

    /// Creates the notice that the scan is stuck, if it is.
    pub(super) fn stuck_notice(&self) -> Option<Batch> {
        let stuck = self.stuck.as_ref()?;
        let transitions = stuck.opening.iter().cloned().collect();
        Some(self.notice(stuck.error.clone(), transitions))
    }

    /// Creates the notice that a consumer is stuck.
    pub(super) fn stall_notice(&self, error: Error) -> Batch {
        self.notice(error, Vec::new())
    }

    /// Creates a batch without events between two scans, with the number of the scan before.
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
            hearing: last.map_or(Hearing::Off, |last| last.hearing),
            failure: Some(failure),
            counts: last.map(counts).unwrap_or_default(),
            ..Facts::default()
        };
        Batch::build(facts, self.pacing(transitions))
    }

    /// Returns interval and breaker of the last batch, with the breaker open if the stuck scan
    /// opens it.
    fn pacing(&self, transitions: Vec<Transition>) -> Pacing {
        let pace = self.last.as_ref().and_then(|last| last.pace);
        let is_open = self
            .stuck
            .as_ref()
            .is_some_and(|stuck| stuck.opening.is_some());
        Pacing {
            pace: match is_open {
                true => pace.map(|pace| pace.with_breaker(BreakerState::Open)),
                false => pace,
            },
            transitions,
        }
    }
}

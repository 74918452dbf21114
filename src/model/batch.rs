//! What consumers get: one [`Batch`] a scan.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::event::Event;
use super::pace::{Pace, Transition};
use super::process::ProcessKey;

/// What one scan told: a header and the events, in order of pid.
///
/// A consumer that applies every batch it is given to a [`Snapshot`](crate::Snapshot) has exactly
/// the scanner's own table, whatever it lost in between.
///
/// It serialises, field by field, and is not read back: an error keeps more than its class and its message,
/// and how old a batch is another machine cannot know.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Batch {
    /// Number of the scan, from 1. Every scan has one, a failed one too. A notice, that a scan or a
    /// consumer is stuck, comes between two scans: it has no events, and the number of the scan
    /// handed out before it (0 before the first).
    pub seq: u64,
    /// When the scan began by the source's wall clock, in milliseconds from the Unix epoch; for a
    /// notice, when it was made by this machine's.
    pub taken_at_ms: u64,
    /// The same by the source's monotonic clock, in nanoseconds from an arbitrary moment; for a
    /// notice, that of the scan before.
    pub monotonic_ns: u64,
    /// Milliseconds on the monotonic clock since the scan before; `None` for the first, for a notice, and
    /// for the last of a source that panicked.
    pub interval_ms: Option<f64>,
    /// Whether the events tell the whole table (and nothing else), so that the reader starts anew. The first
    /// batch is full also where its scan failed: then it has what that scan showed, which can be nothing, and the
    /// batches after it, which are not full, tell the rest as [`Existing`](Event::Existing).
    pub full: bool,
    /// Batches that were meant for this consumer and that it did not get, since the one before.
    /// The events of this one make up for them. 0 in any batch that is not full.
    pub lost_batches: u64,
    /// Why the scan failed; `None` for a good one. A failed scan tells no exit. In a notice, what is stuck;
    /// and so in a full batch that is made while a scan hangs, for who joins or is behind.
    pub failure: Option<Error>,
    /// What the scan cost.
    pub cost: Cost,
    /// What the scan counted.
    pub counts: Counts,
    /// How a running scanner goes on from here; `None` for a scanner driven by hand, and where its source has
    /// panicked.
    pub pace: Option<Pace>,
    /// What of that has changed with this scan, and why.
    pub transitions: Vec<Transition>,
    /// Processes that this scan did not show and that could not be confirmed to be gone. They
    /// stand as they were until a scan settles it.
    pub unconfirmed: Vec<ProcessKey>,
    /// The events in order of pid; where a pid was used again, `Exited` before `Created`.
    pub events: Vec<Event>,
    /// When the batch was ready to be handed out.
    #[serde(skip)]
    ready_at: Instant,
}

impl Batch {
    /// A batch of these events, for whoever tests a consumer. It is full if it is the first, as a
    /// scanner's is; its monotonic time is the wall clock's, and the rest is none, 0 or empty until it is
    /// assigned.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use process_scanner::{Batch, Consumer, Event, ProcessInfo, ProcessKey, Snapshot};
    ///
    /// /// The consumer under test: it keeps the pids of those that died young.
    /// #[derive(Default)]
    /// struct ShortLived(Vec<u32>);
    ///
    /// impl Consumer for ShortLived {
    ///     fn on_batch(&mut self, batch: &Arc<Batch>) {
    ///         for event in &batch.events {
    ///             if let Event::Exited { process, lived_ms: Some(..1000), .. } = event {
    ///                 self.0.push(process.pid);
    ///             }
    ///         }
    ///     }
    /// }
    ///
    /// let process = |pid, start_time_ms| {
    ///     let start_time_ms = Some(start_time_ms);
    ///     let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
    ///     process.command = Some(["sh", "-c", "true"].iter().collect());
    ///     process
    /// };
    /// let (old, young) = (process(7, 1_699_999_000_000), process(9, 1_700_000_000_200));
    /// let mut batches = [
    ///     Batch::new(1, 1_700_000_000_000, vec![Event::Existing(old.clone())]),
    ///     Batch::new(2, 1_700_000_000_500, vec![Event::Created(young.clone())]),
    ///     Batch::new(3, 1_700_000_001_000, vec![Event::exited(young, Some(800))]),
    /// ];
    /// batches[2].unconfirmed = vec![old.key()];
    ///
    /// let (mut short_lived, mut snapshot) = (ShortLived::default(), Snapshot::new());
    /// for batch in batches {
    ///     snapshot.apply(&batch);
    ///     short_lived.on_batch(&Arc::new(batch));
    /// }
    /// assert_eq!(short_lived.0, [9]);
    /// // What the batches told in all.
    /// assert_eq!(snapshot.iter().collect::<Vec<_>>(), [&old]);
    /// ```
    pub fn new(seq: u64, taken_at_ms: u64, events: Vec<Event>) -> Self {
        let facts = Facts {
            seq,
            taken_at_ms,
            monotonic_ns: taken_at_ms.saturating_mul(1_000_000),
            full: seq == 1,
            events,
            ..Facts::default()
        };
        Self::build(facts, Pacing::default())
    }

    /// Makes a batch that is ready to be sent now: the one place where batches come from.
    pub(crate) fn build(facts: Facts, pacing: Pacing) -> Self {
        Self {
            seq: facts.seq,
            taken_at_ms: facts.taken_at_ms,
            monotonic_ns: facts.monotonic_ns,
            interval_ms: facts.interval_ms,
            full: facts.full,
            lost_batches: facts.lost_batches,
            failure: facts.failure,
            cost: facts.cost,
            counts: facts.counts,
            pace: pacing.pace,
            transitions: pacing.transitions,
            unconfirmed: facts.unconfirmed,
            events: facts.events,
            ready_at: Instant::now(),
        }
    }

    /// How long ago the batch was ready to be handed out: what delivery took so far.
    pub fn age(&self) -> Duration {
        self.ready_at.elapsed()
    }
}

/// What a batch reports, but for the pace. Each field is that of [`Batch`].
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) seq: u64,
    pub(crate) taken_at_ms: u64,
    pub(crate) monotonic_ns: u64,
    pub(crate) interval_ms: Option<f64>,
    pub(crate) full: bool,
    pub(crate) lost_batches: u64,
    pub(crate) failure: Option<Error>,
    pub(crate) cost: Cost,
    pub(crate) counts: Counts,
    pub(crate) unconfirmed: Vec<ProcessKey>,
    pub(crate) events: Vec<Event>,
}

impl Facts {
    /// Copies what a batch reports, without its events.
    pub(crate) fn of(batch: &Batch) -> Self {
        Self {
            seq: batch.seq,
            taken_at_ms: batch.taken_at_ms,
            monotonic_ns: batch.monotonic_ns,
            interval_ms: batch.interval_ms,
            full: batch.full,
            lost_batches: batch.lost_batches,
            failure: batch.failure.clone(),
            cost: batch.cost,
            counts: batch.counts,
            unconfirmed: batch.unconfirmed.clone(),
            events: Vec::new(),
        }
    }
}

/// What a batch reports of the pace; the default is that of a scanner driven by hand.
#[derive(Debug, Default)]
pub(crate) struct Pacing {
    pub(crate) pace: Option<Pace>,
    pub(crate) transitions: Vec<Transition>,
}

/// What one scan cost the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// Wall time of reading and comparing, in microseconds.
    pub scan_us: u64,
    /// CPU time of the same, user and system, in microseconds; `None` where the system does not tell
    /// that of a thread. In steps of 15,625 on Windows.
    pub cpu_us: Option<u64>,
}

/// What one scan counted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Rows that the scan showed, without those of a second look.
    pub rows: u32,
    /// Fields that should have been read and could not be.
    pub unreadable_fields: u32,
    /// Processes that were listed and had gone when they were read; `None` where the source
    /// cannot tell.
    pub vanished: Option<u32>,
    /// How many processes may have been born and have died unseen since the scan before, at the
    /// most: what the system started, less the births told. It counts threads too, so as a rule it
    /// is far too high. `None` where the system does not count, in a failed and in the first scan.
    pub unseen_at_most: Option<u64>,
    /// Processes in the table after the scan.
    pub processes: u32,
    /// How often the source was asked again within this scan, because it failed in a way that may
    /// pass and had shown nothing: 0 or 1.
    pub retries: u32,
    /// Bytes that the table takes on the heap.
    pub table_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error_class::ErrorClass;
    use crate::model::pace::BreakerState;

    #[test]
    fn a_batch_is_written_with_all_that_it_says() {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let gone = Event::exited(crate::ProcessInfo::unknown(key), None);
        let mut batch = Batch::new(2, 1000, vec![gone]);
        batch.interval_ms = Some(500.5);
        batch.failure = Some(Error::new(ErrorClass::Permission, "no"));
        batch.pace = Some(Pace::new(500, BreakerState::HalfOpen));
        batch.transitions = vec![Transition::interval(250, 500, "dear")];
        batch.unconfirmed = vec![key];
        let json = serde_json::to_value(&batch).expect("plain data");
        for (field, expected) in [
            ("seq", "2"),
            ("interval_ms", "500.5"),
            ("full", "false"),
            ("failure", r#"{"class":"permission","message":"no"}"#),
            ("pace", r#"{"interval_ms":500,"breaker":"half_open"}"#),
            ("unconfirmed", r#"[{"pid":7,"start_time_ms":null}]"#),
        ] {
            let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
            assert_eq!(json[field], expected, "{field}");
        }
        assert_eq!(json["transitions"][0]["event"], "interval_changed");
        assert_eq!(json["events"][0]["event"], "exited");
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(13));
    }

    #[test]
    fn what_a_scan_cost_and_counted_reads_back_as_it_was_written() {
        let cost = Cost {
            scan_us: 1,
            cpu_us: None,
        };
        let counts = Counts {
            rows: 1,
            vanished: Some(2),
            unseen_at_most: Some(3),
            ..Counts::default()
        };
        let json = serde_json::to_string(&(cost, counts)).expect("plain data");
        let read: (Cost, Counts) = serde_json::from_str(&json).expect(&json);
        assert_eq!(read, (cost, counts));
    }
}

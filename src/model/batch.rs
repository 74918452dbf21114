//! What consumers receive: one [`Batch`] for each scan.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::event::Event;
use super::pace::{Hearing, Pace};
use super::process::ProcessKey;
use super::transition::Transition;
use super::unreadable::Unreadable;

/// The result of one scan: a header and the events.
///
/// A [`Snapshot`](crate::Snapshot) that applies every batch of a consumer is equal to the scanner's
/// table, even after lost batches.
///
/// It serialises field by field. It does not deserialise: the causes of an error and the age of the
/// batch are not in JSON.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Batch {
    /// Number of the batch, from 1.
    ///
    /// Failed scans are numbered too. A notice that a scan or a consumer is stuck has no number of
    /// its own: it has no events, and the number of the batch before it, 0 before the first.
    pub seq: u64,
    /// Whether it is the result of a scan.
    ///
    /// Otherwise it has what the source heard between two scans, or it is a notice.
    pub of_scan: bool,
    /// How much the source hears of births and exits between scans, as of this batch.
    pub hearing: Hearing,
    /// Start of the scan, in milliseconds since the Unix epoch.
    ///
    /// It is read from the source's wall clock; for a notice it is the time of the notice, by this
    /// machine's clock.
    pub taken_at_ms: u64,
    /// Start of the scan, in nanoseconds of the source's monotonic clock.
    ///
    /// The clock starts at an arbitrary moment. For a notice: the value of the scan before.
    pub monotonic_ns: u64,
    /// Milliseconds since the scan before, by the monotonic clock.
    ///
    /// `None` for the first scan, for a notice, and for the last batch after the source panicked.
    pub interval_ms: Option<f64>,
    /// Whether the events list the whole table.
    ///
    /// A consumer then replaces everything it has. The first batch is full even if its scan failed.
    /// It then lists what that scan read, which can be nothing; later batches, which are not full,
    /// report the rest as [`Existing`](Event::Existing).
    pub full: bool,
    /// Batches that this consumer lost since its previous batch.
    ///
    /// The events of this batch make up for them. 0 in a batch that is not full.
    pub lost_batches: u64,
    /// Batches before this one that this consumer did not need, because of its filter.
    ///
    /// They had no event of a selected process. Without a filter it is 0.
    pub skipped_batches: u64,
    /// Why the scan failed; `None` if it did not.
    ///
    /// A failed scan reports no exits. In a notice: what is stuck. A full batch that is made while
    /// a scan hangs has that error too.
    pub failure: Option<Error>,
    /// What the scan cost.
    pub cost: Cost,
    /// What the scan counted.
    pub counts: Counts,
    /// Interval and breaker of a running scanner after this scan.
    ///
    /// `None` for a scanner driven by hand, and after the source panicked.
    pub pace: Option<Pace>,
    /// Changes of interval and breaker with this scan, each with its reason.
    pub transitions: Vec<Transition>,
    /// Processes that this scan missed and whose exit is not certain.
    ///
    /// They stay as they were until a later scan reads them or reports their exit.
    pub unconfirmed: Vec<ProcessKey>,
    /// The events in order of pid.
    ///
    /// Where a pid was reused, `Exited` comes before `Created`.
    pub events: Vec<Event>,
    /// When the batch was ready to be sent.
    #[serde(skip)]
    ready_at: Instant,
    /// What the metrics report of [`usage`](crate::Exit::usage); `None`: as before.
    #[serde(skip)]
    pub(crate) usage: Option<UsageHeard>,
    /// Start of the scan by the clock of start times, in milliseconds since the Unix epoch.
    ///
    /// The wall clock can have stepped since the scanner began; this one has not. `None`: as
    /// `taken_at_ms`.
    #[serde(skip)]
    pub start_clock_ms: Option<u64>,
}

impl Batch {
    /// Creates a batch of these events, for tests of a consumer.
    ///
    /// It is full if `seq` is 1, as for a scanner's batches. The monotonic time is taken from the
    /// wall clock. All other fields are `None`, 0 or empty, and can be assigned.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use process_scanner::{Batch, Consumer, Event, ProcessInfo, ProcessKey, Snapshot};
    ///
    /// /// The consumer under test: it collects the pids of short-lived processes.
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
    /// // The snapshot has the processes that remain.
    /// assert_eq!(snapshot.iter().collect::<Vec<_>>(), [&old]);
    /// ```
    pub fn new(seq: u64, taken_at_ms: u64, events: Vec<Event>) -> Self {
        let facts = Facts {
            seq,
            of_scan: true,
            taken_at_ms,
            monotonic_ns: taken_at_ms.saturating_mul(1_000_000),
            full: seq == 1,
            events,
            ..Facts::default()
        };
        Self::build(facts, Pacing::default())
    }

    /// Creates a batch that is ready to be sent now. All batches are made here.
    pub(crate) fn build(facts: Facts, pacing: Pacing) -> Self {
        Self {
            seq: facts.seq,
            of_scan: facts.of_scan,
            hearing: facts.hearing,
            usage: facts.usage,
            start_clock_ms: facts.start_clock_ms,
            taken_at_ms: facts.taken_at_ms,
            monotonic_ns: facts.monotonic_ns,
            interval_ms: facts.interval_ms,
            full: facts.full,
            lost_batches: facts.lost_batches,
            skipped_batches: 0,
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

    /// Returns the batch for a consumer that needs only some of its events.
    pub(crate) fn restricted(
        &self,
        skipped_batches: u64,
        events: Vec<Event>,
        unconfirmed: Vec<ProcessKey>,
    ) -> Self {
        let facts = Facts {
            usage: self.usage.clone(),
            unconfirmed,
            events,
            ..Facts::of(self)
        };
        let pacing = Pacing {
            pace: self.pace,
            transitions: self.transitions.clone(),
        };
        Self {
            skipped_batches,
            ready_at: self.ready_at,
            ..Self::build(facts, pacing)
        }
    }

    /// Returns the time since the batch was ready to be sent.
    pub fn age(&self) -> Duration {
        self.ready_at.elapsed()
    }
}

/// The fields of a [`Batch`] without those of the pace.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) seq: u64,
    pub(crate) of_scan: bool,
    pub(crate) hearing: Hearing,
    /// As in [`Batch`].
    pub(crate) usage: Option<UsageHeard>,
    /// As in [`Batch`].
    pub(crate) start_clock_ms: Option<u64>,
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
    /// Copies the fields of a batch, without its events.
    pub(crate) fn of(batch: &Batch) -> Self {
        Self {
            seq: batch.seq,
            of_scan: batch.of_scan,
            hearing: batch.hearing,
            usage: None,
            start_clock_ms: batch.start_clock_ms,
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

/// The fields of a [`Batch`] about the pace. The default is that of a scanner driven by hand.
#[derive(Debug, Default)]
pub(crate) struct Pacing {
    pub(crate) pace: Option<Pace>,
    pub(crate) transitions: Vec<Transition>,
}

/// Whether the source hears what all exited processes used, and why not, or why again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageHeard {
    pub(crate) is_complete: bool,
    pub(crate) reason: Option<String>,
}

/// What one scan cost the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// Wall time of reading and comparing, in microseconds.
    pub scan_us: u64,
    /// CPU time of reading and comparing, user and system, in microseconds.
    ///
    /// `None` where the system does not report the CPU time of a thread. In steps of 15,625 on
    /// Windows.
    pub cpu_us: Option<u64>,
}

/// What one scan counted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Rows that the source emitted, without those of a recheck.
    pub rows: u32,
    /// Fields that should have been read and could not be.
    pub unreadable_fields: u32,
    /// The same by field, as far as the source counts them so.
    #[serde(default)]
    pub unreadable: Unreadable,
    /// Processes that were listed and had exited when they were read.
    ///
    /// `None` where the source does not count them.
    pub vanished: Option<u32>,
    /// Upper limit of the unseen processes.
    ///
    /// They were born and exited since the scan before. The limit is the number of processes and
    /// threads that the system started, minus the births reported. As it counts threads, it is
    /// usually far too high. `None` where the system does not count them, in a failed scan and in
    /// the first.
    pub unseen_at_most: Option<u64>,
    /// Processes in the table after the scan.
    pub processes: u32,
    /// Retries within this scan: 0 or 1.
    ///
    /// The source is scanned once more after a transient error, if it had emitted no row.
    pub retries: u32,
    /// Heap bytes of the table.
    pub table_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error_class::ErrorClass;
    use crate::model::pace::BreakerState;

    #[test]
    fn a_batch_serialises_with_all_its_fields() {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let exited = Event::exited(crate::ProcessInfo::unknown(key), None);
        let mut batch = Batch::new(2, 1000, vec![exited]);
        batch.interval_ms = Some(500.5);
        batch.failure = Some(Error::new(ErrorClass::Permission, "no"));
        batch.pace = Some(Pace::new(500, BreakerState::HalfOpen));
        batch.transitions = vec![Transition::interval(250, 500, "expensive")];
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
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(16));
    }

    #[test]
    fn cost_and_counts_survive_a_json_round_trip() {
        let cost = Cost {
            scan_us: 1,
            cpu_us: None,
        };
        let mut unreadable = Unreadable::default();
        unreadable.add("command", 2);
        let counts = Counts {
            rows: 1,
            vanished: Some(2),
            unseen_at_most: Some(3),
            unreadable,
            ..Counts::default()
        };
        let json = serde_json::to_string(&(cost, counts)).expect("plain data");
        let read: (Cost, Counts) = serde_json::from_str(&json).expect(&json);
        assert_eq!(read, (cost, counts));
    }
}

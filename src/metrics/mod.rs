//! What the scanner says of itself.

mod cpu_clock;
#[cfg(feature = "metrics")]
mod facade;
mod histogram;
mod meter;
mod observation;
mod tally;
mod traffic;

use std::collections::BTreeMap;

use serde::Serialize;

pub(crate) use self::cpu_clock::CpuClock;
pub(crate) use self::meter::Meter;
pub(crate) use self::observation::{CpuThread, Observation};
pub(crate) use self::traffic::Traffic;
use crate::model::{Batch, BreakerState, ConsumerId, ErrorClass, Event};

/// What a scanner has done since it was made, and how it is now.
///
/// What ends in `_total` only grows. Scans are counted as their batches are handed out, so a consumer
/// that has a batch in hand finds it counted. Who has it from
/// [`scan_once`](crate::Scanner::scan_once) may be a moment ahead.
///
/// ```
/// use process_scanner::{ConsumerOptions, ErrorClass, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// let batches = scanner.consumers().subscribe(ConsumerOptions::default());
/// batches.recv()?;
/// let metrics = scanner.consumers().metrics();
/// assert!(metrics.scans_total.good + metrics.scans_total.failed >= 1);
/// if metrics.errors(ErrorClass::ResourcesExhausted) > 0 {
///     println!("of {} processes: descriptors or memory ran out", metrics.processes);
/// }
/// if let Some(us) = metrics.scan_time.p99_us {
///     println!("99 in 100 scans took no more than {us} us");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    /// Scans by their result.
    pub scans_total: ScanCounts,
    /// Failed scans, and notices that a scan or a consumer is stuck, by the class of the error.
    pub errors_total: BTreeMap<ErrorClass, u64>,
    /// Scans whose source was asked a second time.
    pub retries_total: u64,
    /// Wall time of scans, reading and comparing.
    pub scan_time: TimeStats,
    /// Time from a batch being ready to its being in the queues of all consumers that had room.
    pub dispatch_time: TimeStats,
    /// CPU time of the scanner's threads; `None` where the system does not tell that of a thread.
    pub cpu_total: Option<CpuUse>,
    /// Milliseconds between scans as they were asked for.
    pub interval_asked_ms: u64,
    /// Milliseconds between scans as they are made while the breaker is closed; those asked for, for
    /// a scanner that is driven by hand.
    pub interval_ms: u64,
    /// Times that interval changed.
    pub interval_changes_total: u64,
    /// Whether scans are made; always closed for a scanner that is driven by hand.
    pub breaker: BreakerState,
    /// Times the breaker opened.
    pub breaker_opened_total: u64,
    /// Processes in the table.
    pub processes: u32,
    /// Bytes that the table takes on the heap.
    pub table_bytes: u64,
    /// Events by their kind, before they were handed to anyone.
    pub events_total: EventCounts,
    /// Processes that may have been born and have died unseen, at the most; `None` where the system
    /// does not count. See [`unseen_at_most`](crate::Counts::unseen_at_most).
    pub unseen_births_at_most_total: Option<u64>,
    /// Fields that should have been read and could not be.
    pub unreadable_fields_total: u64,
    /// Processes that had gone between being listed and being read; `None` where the source cannot
    /// tell.
    pub vanished_total: Option<u64>,
    /// Callbacks that panicked and were removed.
    pub consumer_panics_total: u64,
    /// Times a consumer that blocks has held up the scans for longer than
    /// [`scan_deadline_ms`](crate::Config::scan_deadline_ms).
    pub consumer_stalls_total: u64,
    /// Batches that consumers took out of their queues, those of consumers that have left included.
    pub batches_delivered_total: u64,
    /// Batches that consumers lost, those of consumers that have left included.
    pub batches_lost_total: u64,
    /// The consumers that are registered, in the order in which they registered.
    pub consumers: Vec<ConsumerMetrics>,
}

impl Metrics {
    /// Failed scans and notices of one class.
    pub fn errors(&self, class: ErrorClass) -> u64 {
        self.errors_total.get(&class).copied().unwrap_or(0)
    }
}

/// Scans by their result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ScanCounts {
    /// Those that were believed.
    pub good: u64,
    /// Those that were not.
    pub failed: u64,
}

/// Events by their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct EventCounts {
    /// There when the scanner began.
    pub existing: u64,
    /// Born, or first shown.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// Gone.
    pub exited: u64,
}

impl EventCounts {
    pub(super) fn of(batch: &Batch) -> Self {
        let mut events = Self::default();
        for event in &batch.events {
            *match event {
                Event::Existing(_) => &mut events.existing,
                Event::Created(_) => &mut events.created,
                Event::Updated { .. } => &mut events.updated,
                Event::Exited { .. } => &mut events.exited,
            } += 1;
        }
        events
    }
}

/// How long something took, each time. Quantiles are exact to 1 %, and `None` as long as there is
/// nothing to take them of.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct TimeStats {
    /// How often it was measured.
    pub count: u64,
    /// All together, in microseconds.
    pub sum_us: u64,
    /// The median, in microseconds.
    pub p50_us: Option<u64>,
    /// Nine in ten took no longer, in microseconds.
    pub p90_us: Option<u64>,
    /// 99 in 100 took no longer, in microseconds.
    pub p99_us: Option<u64>,
    /// 999 in 1000 took no longer, in microseconds.
    pub p999_us: Option<u64>,
    /// The longest, in microseconds.
    pub max_us: Option<u64>,
}

/// CPU time, user and system, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct CpuUse {
    /// The thread that scans: reading, comparing, waiting. By hand: the scans alone.
    pub scan_ms: f64,
    /// The thread that hands out.
    pub dispatch_ms: f64,
    /// The consumers' own work in callbacks, those that have left included. It does not count
    /// against the budget, unless
    /// [`budget_covers_callbacks`](crate::Config::budget_covers_callbacks) says so.
    pub callbacks_ms: f64,
}

/// How one consumer is served.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConsumerMetrics {
    /// Which one it is.
    pub id: ConsumerId,
    /// The name it was [registered with](crate::ConsumerOptions::with_name).
    pub name: Option<String>,
    /// Batches that wait for it now.
    pub queue_depth: u64,
    /// How many may.
    pub queue_len: u64,
    /// Batches it has taken out of its queue.
    pub delivered_total: u64,
    /// Batches it has lost.
    pub lost_total: u64,
    /// From a batch being ready to the consumer having it in hand.
    pub latency: TimeStats,
    /// CPU time of a callback, in milliseconds; `None` for one that fetches its batches itself, and
    /// where the system does not tell that of a thread.
    pub callback_cpu_ms_total: Option<f64>,
}

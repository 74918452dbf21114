//! What the scanner counts about itself.

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
use crate::model::{Batch, BreakerState, ConsumerId, ErrorClass, Event, Hearing, ListenStep};

/// Counts of a scanner since it was built, and its current state.
///
/// Fields that end in `_total` only grow. Scans are counted when their batches are sent, so a
/// consumer that has received a batch finds it counted. [`scan_once`](crate::Scanner::scan_once)
/// may return a moment before that.
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
    /// Scans by result.
    pub scans_total: ScanResults,
    /// Errors by class: failed scans, and stuck scans or consumers.
    pub errors_total: BTreeMap<ErrorClass, u64>,
    /// Scans that were retried.
    pub retries_total: u64,
    /// Wall time of scans: reading and comparing.
    pub scan_time: TimeStats,
    /// Time from a finished batch to all queues with room.
    pub dispatch_time: TimeStats,
    /// CPU time of the scanner's threads.
    ///
    /// `None` where the system does not report the CPU time of a thread.
    pub cpu_total: Option<CpuTimes>,
    /// The requested interval, in milliseconds.
    pub interval_asked_ms: u64,
    /// The interval in use while the breaker is closed, in milliseconds.
    ///
    /// For a scanner driven by hand, the requested one.
    pub interval_ms: u64,
    /// Changes of the interval in use.
    pub interval_changes_total: u64,
    /// How often the scans began to exceed the CPU budget.
    pub budget_exceeded_total: u64,
    /// Batches of what the source heard between two scans.
    pub heard_batches_total: u64,
    /// How much the source hears of births and exits between scans.
    pub hearing: Hearing,
    /// How closely the source listens between scans; `None` before it has, and without listening.
    pub listening: Option<ListenStep>,
    /// Why the source hears nothing between scans, for people, if it was asked to listen.
    pub not_listening: Option<String>,
    /// How often the source ceased to hear all births and exits.
    pub hearing_lost_total: u64,
    /// Whether the source hears what all exited processes used; `None` where it never does.
    ///
    /// On Linux it comes from taskstats, which needs CAP_NET_ADMIN.
    pub usage: Option<bool>,
    /// Why it does not, for people; `None` if it does.
    pub usage_reason: Option<String>,
    /// How often it ceased to hear that of all.
    pub usage_lost_total: u64,
    /// Exits whose [`usage`](crate::Exit::usage) is unknown.
    pub exits_without_usage_total: u64,
    /// State of the breaker; always closed for a scanner driven by hand.
    pub breaker: BreakerState,
    /// How often the breaker opened.
    pub breaker_opened_total: u64,
    /// Processes in the table.
    pub processes: u32,
    /// Heap bytes of the table.
    pub table_bytes: u64,
    /// Events by kind, counted once for all consumers.
    pub events_total: EventCounts,
    /// Upper limit of the unseen processes: born and exited between two scans.
    ///
    /// `None` where the system does not count them. See
    /// [`unseen_at_most`](crate::Counts::unseen_at_most).
    pub unseen_births_at_most_total: Option<u64>,
    /// Fields that should have been read and could not be.
    pub unreadable_fields_total: u64,
    /// The same by field, by its name in JSON, as far as the source counts them so.
    ///
    /// Fields without any are left out.
    pub unreadable_total: BTreeMap<&'static str, u64>,
    /// Processes that exited between being listed and read.
    ///
    /// `None` where the source does not count them.
    pub vanished_total: Option<u64>,
    /// Callbacks that panicked and were removed.
    pub consumer_panics_total: u64,
    /// How often a blocking consumer delayed the scans for longer than
    /// [`scan_deadline_ms`](crate::Config::scan_deadline_ms).
    pub consumer_stalls_total: u64,
    /// Batches that consumers received, including those that have left.
    pub batches_delivered_total: u64,
    /// Batches that consumers lost, including those that have left.
    pub batches_lost_total: u64,
    /// The registered consumers, in the order of their registration.
    pub consumers: Vec<ConsumerMetrics>,
}

impl Metrics {
    /// Returns the number of failed scans and notices of one class.
    pub fn errors(&self, class: ErrorClass) -> u64 {
        self.errors_total.get(&class).copied().unwrap_or(0)
    }
}

/// Scans by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ScanResults {
    /// Scans that were trusted.
    pub good: u64,
    /// Scans that failed.
    pub failed: u64,
}

/// Events by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct EventCounts {
    /// Processes that existed when the scanner began.
    pub existing: u64,
    /// Births: processes that were read for the first time.
    pub created: u64,
    /// Changes.
    pub updated: u64,
    /// Exits.
    pub exited: u64,
}

/// Returns the number of exits whose usage is unknown.
fn exits_without_usage(batch: &Batch) -> u64 {
    let lacks = |event: &&Event| matches!(event, Event::Exited { usage: None, .. });
    batch.events.iter().filter(lacks).count() as u64
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

/// Statistics of a measured time.
///
/// Quantiles are exact to 1 %, and `None` before the first measurement.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct TimeStats {
    /// Number of measurements.
    pub count: u64,
    /// Sum, in microseconds.
    pub sum_us: u64,
    /// Median, in microseconds.
    pub p50_us: Option<u64>,
    /// 90th percentile, in microseconds.
    pub p90_us: Option<u64>,
    /// 99th percentile, in microseconds.
    pub p99_us: Option<u64>,
    /// 99.9th percentile, in microseconds.
    pub p999_us: Option<u64>,
    /// Maximum, in microseconds.
    pub max_us: Option<u64>,
}

/// CPU time of the scanner's threads, user and system, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct CpuTimes {
    /// The scanning thread. For a scanner driven by hand: the scans alone.
    pub scan_ms: f64,
    /// The dispatcher's thread.
    pub dispatch_ms: f64,
    /// Callbacks, including those that have left.
    ///
    /// They do not count against the budget, unless
    /// [`budget_covers_callbacks`](crate::Config::budget_covers_callbacks) is set.
    pub callbacks_ms: f64,
}

/// Queue, losses and latency of one consumer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConsumerMetrics {
    /// Id of the consumer.
    pub id: ConsumerId,
    /// The name from its [options](crate::ConsumerOptions::with_name).
    pub name: Option<String>,
    /// Batches in its queue now.
    pub queue_depth: u64,
    /// Length of its queue.
    pub queue_len: u64,
    /// Batches that it has received.
    pub delivered_total: u64,
    /// Batches that it has lost.
    pub lost_total: u64,
    /// Time from a finished batch to the consumer that receives it.
    pub latency: TimeStats,
    /// CPU time of its callback, in milliseconds.
    ///
    /// `None` for a subscription, and where the system does not report the CPU time of a thread.
    pub callback_cpu_ms_total: Option<f64>,
}

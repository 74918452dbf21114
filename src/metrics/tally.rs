//! What is counted, batch by batch, on the dispatcher's thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::cpu_clock::CpuClock;
#[cfg(feature = "metrics")]
use super::facade;
use super::{CpuUse, EventCounts, Metrics, TimeStats, Totals};
use crate::model::{Batch, BreakerState, ErrorClass, Event, Transition};

/// Counts and times, behind the dispatcher's lock. The thread that scans never waits for it.
#[derive(Debug)]
pub(crate) struct Tally {
    /// All that is a plain number; times and consumers are filled in when it is asked for.
    counts: Metrics,
    scan_time: TimeHistogram,
    dispatch_time: TimeHistogram,
}

impl Tally {
    pub(crate) fn new(interval_asked_ms: u64) -> Self {
        Self {
            counts: Metrics {
                interval_asked_ms,
                interval_ms: interval_asked_ms,
                ..Metrics::default()
            },
            scan_time: TimeHistogram::new(),
            dispatch_time: TimeHistogram::new(),
        }
    }

    pub(crate) fn set_interval_asked(&mut self, interval_ms: u64) {
        self.counts.interval_asked_ms = interval_ms;
    }

    /// A batch that a scan gave.
    pub(crate) fn count_scan(&mut self, batch: &Batch) {
        let counts = &mut self.counts;
        match &batch.failure {
            None => counts.scans_total.good += 1,
            Some(_) => counts.scans_total.failed += 1,
        }
        counts.retries_total += u64::from(batch.counts.retries);
        counts.processes = batch.counts.processes;
        counts.table_bytes = batch.counts.table_bytes;
        counts.unreadable_fields_total += u64::from(batch.counts.unreadable_fields);
        add(
            &mut counts.unseen_births_at_most_total,
            batch.counts.unseen_at_most,
        );
        add(
            &mut counts.vanished_total,
            batch.counts.vanished.map(u64::from),
        );
        counts.events_total.add(EventCounts::of(batch));
        if let Some(pace) = batch.pace {
            counts.interval_ms = pace.interval_ms;
        }
        self.scan_time
            .record(Duration::from_micros(batch.cost.scan_us));
        self.count_notice(batch);
    }

    /// What a batch says that need not be of a scan: what went wrong, and what changed.
    pub(crate) fn count_notice(&mut self, batch: &Batch) {
        let counts = &mut self.counts;
        if let Some(failure) = &batch.failure {
            *counts.errors_total.entry(failure.class()).or_default() += 1;
        }
        if let Some(pace) = batch.pace {
            counts.breaker = pace.breaker;
        }
        for transition in &batch.transitions {
            match transition {
                Transition::Interval { .. } => counts.interval_changes_total += 1,
                Transition::Breaker { to, .. } => {
                    // The first scan can hang: then there is no pace to tell it.
                    counts.breaker = *to;
                    counts.breaker_opened_total += u64::from(*to == BreakerState::Open);
                }
            }
        }
    }

    pub(crate) fn count_dispatch(&mut self, took: Duration) {
        self.dispatch_time.record(took);
    }

    pub(crate) fn count_panic(&mut self) {
        self.counts.consumer_panics_total += 1;
    }

    pub(crate) fn count_stall(&mut self) {
        self.counts.consumer_stalls_total += 1;
    }

    /// All of it, but for the single consumers.
    pub(crate) fn read(&self, cpu: &CpuTimes, totals: &Totals) -> Metrics {
        Metrics {
            batches_delivered_total: totals.delivered.load(Ordering::Relaxed),
            batches_lost_total: totals.lost.load(Ordering::Relaxed),
            scan_time: self.scan_time.read(),
            dispatch_time: self.dispatch_time.read(),
            cpu_total: cpu.read(),
            ..self.counts.clone()
        }
    }
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

    fn add(&mut self, more: Self) {
        self.existing += more.existing;
        self.created += more.created;
        self.updated += more.updated;
        self.exited += more.exited;
    }
}

/// Adds what is known; a total is known once anything of it is.
fn add(total: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *total = Some(total.unwrap_or(0) + more);
    }
}

/// CPU time by thread, written by each and read by any.
#[derive(Debug, Default)]
pub(crate) struct CpuTimes {
    scan_ns: AtomicU64,
    dispatch_ns: AtomicU64,
    callbacks_ns: AtomicU64,
}

impl CpuTimes {
    pub(crate) fn add_scan(&self, spent: Duration) {
        add_cpu(&self.scan_ns, "scan", spent);
    }

    pub(crate) fn add_dispatch(&self, spent: Duration) {
        add_cpu(&self.dispatch_ns, "dispatch", spent);
    }

    pub(crate) fn add_callback(&self, spent: Duration) {
        add_cpu(&self.callbacks_ns, "callbacks", spent);
    }

    /// What threads other than the scanning one have used of the budget.
    pub(crate) fn others(&self, with_callbacks: bool) -> Duration {
        let dispatch = self.dispatch_ns.load(Ordering::Relaxed);
        let callbacks = match with_callbacks {
            true => self.callbacks_ns.load(Ordering::Relaxed),
            false => 0,
        };
        Duration::from_nanos(dispatch) + Duration::from_nanos(callbacks)
    }

    fn read(&self) -> Option<CpuUse> {
        let ms = |ns: &AtomicU64| ns.load(Ordering::Relaxed) as f64 / 1e6;
        CpuClock::is_there().then(|| CpuUse {
            scan_ms: ms(&self.scan_ns),
            dispatch_ms: ms(&self.dispatch_ns),
            callbacks_ms: ms(&self.callbacks_ns),
        })
    }
}

/// `thread`: whose it is, for exporters.
fn add_cpu(total_ns: &AtomicU64, thread: &'static str, spent: Duration) {
    let spent_ns = in_ns(spent);
    let before_ns = total_ns.fetch_add(spent_ns, Ordering::Relaxed);
    #[cfg(feature = "metrics")]
    facade::cpu(thread, before_ns, before_ns.saturating_add(spent_ns));
    #[cfg(not(feature = "metrics"))]
    let _ = (thread, before_ns);
}

pub(super) fn in_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Times from a microsecond to an hour, to two digits.
#[derive(Debug)]
pub(super) struct TimeHistogram {
    us: Histogram<u32>,
    sum_us: u64,
}

impl TimeHistogram {
    pub(super) fn new() -> Self {
        const HOUR_US: u64 = 3_600_000_000;
        Self {
            us: Histogram::new_with_bounds(1, HOUR_US, 2)
                .expect("BUG: these are bounds as a histogram may have them"),
            sum_us: 0,
        }
    }

    pub(super) fn record(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.us.saturating_record(us);
        self.sum_us = self.sum_us.saturating_add(us);
    }

    pub(super) fn read(&self) -> TimeStats {
        let is_known = !self.us.is_empty();
        let quantile = |share| is_known.then(|| self.us.value_at_quantile(share));
        TimeStats {
            count: self.us.len(),
            sum_us: self.sum_us,
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: is_known.then(|| self.us.max()),
        }
    }
}

impl Metrics {
    /// Failed scans and notices of one class.
    pub fn errors(&self, class: ErrorClass) -> u64 {
        self.errors_total.get(&class).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_there_and_what_is_off_the_scale_is_the_longest() {
        let mut times = TimeHistogram::new();
        assert_eq!(times.read(), TimeStats::default());
        for us in 1..=1000 {
            times.record(Duration::from_micros(us));
        }
        times.record(Duration::from_secs(1 << 40));
        let read = times.read();
        let is_near =
            |us: Option<u64>, meant: u64| us.is_some_and(|us| us.abs_diff(meant) * 100 <= meant);
        assert_eq!(read.count, 1001);
        assert!(
            is_near(read.p50_us, 501) && is_near(read.p99_us, 991),
            "{read:?}"
        );
        assert!(is_near(read.p999_us, 1000), "{read:?}");
        assert!(read.max_us >= Some(3_600_000_000), "{read:?}");
    }
}

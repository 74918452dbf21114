//! The listener that [`Metrics`] is read from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cpu_clock::CpuClock;
use super::histogram::TimeHistogram;
use super::observation::{CpuThread, Observation, QueueChange};
use super::{CpuTimes, EventCounts, Metrics, exits_without_usage};
use crate::model::{Batch, BreakerState, Hearing, Transition};

/// The counts of one scanner, written by its threads and read by any.
///
/// The scanning thread never waits for a lock here.
#[derive(Debug)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
    cpu_ns: [AtomicU64; 3],
    delivered: AtomicU64,
    lost: AtomicU64,
}

/// Counts that the dispatcher's thread usually writes.
#[derive(Debug)]
struct Counts {
    /// Plain numbers. Times, CPU time and queues are filled in when it is read.
    metrics: Metrics,
    scan_time: TimeHistogram,
    dispatch_time: TimeHistogram,
    /// A batch has reported the interval in use.
    has_pace: bool,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            counts: Mutex::new(Counts {
                metrics: Metrics::default(),
                scan_time: TimeHistogram::new(),
                dispatch_time: TimeHistogram::new(),
                has_pace: false,
            }),
            cpu_ns: Default::default(),
            delivered: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    pub(super) fn observe(&self, observation: &Observation<'_>) {
        match *observation {
            Observation::Built { interval_ms } | Observation::IntervalAsked { interval_ms } => {
                self.lock().ask_interval(interval_ms);
            }
            Observation::NotListening { reason } => {
                self.lock().metrics.not_listening = Some(reason.to_owned());
            }
            Observation::Scan(batch) => self.lock().count_scan(batch),
            Observation::Notice(batch) => self.lock().count_notice(batch),
            Observation::Dispatched { took } => self.lock().dispatch_time.record(took),
            Observation::ConsumerPanicked => self.lock().metrics.consumer_panics_total += 1,
            Observation::ConsumerStalled => self.lock().metrics.consumer_stalls_total += 1,
            Observation::CpuUsed { thread, spent } => {
                self.cpu(thread).fetch_add(in_ns(spent), Ordering::Relaxed);
            }
            Observation::Queue { change, .. } => match change {
                QueueChange::Taken { .. } => {
                    self.delivered.fetch_add(1, Ordering::Relaxed);
                }
                QueueChange::Lost => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
                // Queue depths are counted per consumer, in `Traffic`.
                QueueChange::Put | QueueChange::Abandoned { .. } => {}
            },
        }
    }

    /// Returns the CPU time of one of the threads so far.
    pub(super) fn cpu_used(&self, thread: CpuThread) -> Duration {
        Duration::from_nanos(self.cpu(thread).load(Ordering::Relaxed))
    }

    /// Returns all counts, except those of single consumers.
    pub(super) fn read(&self) -> Metrics {
        let counts = self.lock();
        Metrics {
            batches_delivered_total: self.delivered.load(Ordering::Relaxed),
            batches_lost_total: self.lost.load(Ordering::Relaxed),
            scan_time: counts.scan_time.read(),
            dispatch_time: counts.dispatch_time.read(),
            cpu_total: CpuClock::is_available().then(|| self.read_cpu()),
            ..counts.metrics.clone()
        }
    }

    fn read_cpu(&self) -> CpuTimes {
        let ms = |thread| self.cpu(thread).load(Ordering::Relaxed) as f64 / 1e6;
        CpuTimes {
            scan_ms: ms(CpuThread::Scan),
            dispatch_ms: ms(CpuThread::Dispatch),
            callbacks_ms: ms(CpuThread::Callbacks),
        }
    }

    fn cpu(&self, thread: CpuThread) -> &AtomicU64 {
        &self.cpu_ns[thread as usize]
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Numbers cannot be left half changed.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn ask_interval(&mut self, interval_ms: u64) {
        self.metrics.interval_asked_ms = interval_ms;
        // Until a scan reports another interval, the requested one is in use.
        if !self.has_pace {
            self.metrics.interval_ms = interval_ms;
        }
    }

    fn count_scan(&mut self, batch: &Batch) {
        let metrics = &mut self.metrics;
        match &batch.failure {
            _ if !batch.of_scan => metrics.heard_batches_total += 1,
            None => metrics.scans_total.good += 1,
            Some(_) => metrics.scans_total.failed += 1,
        }
        metrics.retries_total += u64::from(batch.counts.retries);
        metrics.processes = batch.counts.processes;
        metrics.table_bytes = batch.counts.table_bytes;
        metrics.unreadable_fields_total += u64::from(batch.counts.unreadable_fields);
        for (field, count) in batch.counts.unreadable.iter() {
            *metrics.unreadable_total.entry(field).or_default() += u64::from(count);
        }
        add(
            &mut metrics.unseen_births_at_most_total,
            batch.counts.unseen_at_most,
        );
        add(
            &mut metrics.vanished_total,
            batch.counts.vanished.map(u64::from),
        );
        metrics.events_total.add(EventCounts::of(batch));
        metrics.exits_without_usage_total += exits_without_usage(batch);
        if let Some(pace) = batch.pace {
            metrics.interval_ms = pace.interval_ms;
            self.has_pace = true;
        }
        if batch.of_scan {
            self.scan_time
                .record(Duration::from_micros(batch.cost.scan_us));
        }
        self.count_notice(batch);
    }

    /// Counts what notices have too: failure, interval and breaker.
    fn count_notice(&mut self, batch: &Batch) {
        let metrics = &mut self.metrics;
        if let Some(failure) = &batch.failure {
            *metrics.errors_total.entry(failure.class()).or_default() += 1;
        }
        metrics.hearing = batch.hearing;
        if batch.hearing != Hearing::Off {
            metrics.listening.get_or_insert_default();
        }
        if let Some(usage) = &batch.usage {
            metrics.usage = Some(usage.is_complete);
            let reason = usage.reason.clone();
            metrics.usage_reason = reason.filter(|_| !usage.is_complete);
        }
        if let Some(pace) = batch.pace {
            metrics.breaker = pace.breaker;
        }
        for transition in &batch.transitions {
            match transition {
                Transition::Interval { .. } => metrics.interval_changes_total += 1,
                Transition::Budget { exceeded, .. } => {
                    metrics.budget_exceeded_total += u64::from(*exceeded);
                }
                Transition::Hearing { to, .. } => {
                    metrics.hearing_lost_total += u64::from(is_loss(*to));
                }
                Transition::Listening { to, .. } => metrics.listening = Some(*to),
                Transition::Usage { to, .. } => metrics.usage_lost_total += u64::from(!*to),
                Transition::Breaker { to, .. } => {
                    // If the very first scan hangs, there is no pace to report it.
                    metrics.breaker = *to;
                    metrics.breaker_opened_total += u64::from(*to == BreakerState::Open);
                }
            }
        }
    }
}

impl EventCounts {
    fn add(&mut self, more: Self) {
        self.existing += more.existing;
        self.created += more.created;
        self.updated += more.updated;
        self.exited += more.exited;
    }
}

fn is_loss(hearing: Hearing) -> bool {
    matches!(hearing, Hearing::Lossy | Hearing::Deaf)
}

/// Adds a count, if it is known. A total is known once one of its counts is.
fn add(total: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *total = Some(total.unwrap_or(0).saturating_add(more));
    }
}

pub(super) fn in_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

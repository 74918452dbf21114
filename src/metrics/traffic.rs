//! Counts of one consumer, at both ends of its queue.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ConsumerMetrics;
use super::histogram::TimeHistogram;
use super::meter::Meter;
use super::observation::{Observation, QueueChange};
use super::tally::in_ns;
use crate::model::ConsumerId;

/// Counts of one consumer. The dispatcher puts batches in, the consumer takes them out.
#[derive(Debug)]
pub(crate) struct Traffic {
    id: ConsumerId,
    name: Option<String>,
    queue_len: usize,
    put: AtomicU64,
    taken: AtomicU64,
    lost: AtomicU64,
    open_ends: AtomicU32,
    /// 0 until the callback has returned for the first time.
    callback_cpu_ns: AtomicU64,
    latency: Mutex<TimeHistogram>,
    meter: Arc<Meter>,
}

/// Writes the consumer's id and name, as `consumer 7 (sender)`, or the id alone.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} ({name})", self.id),
            None => self.id.fmt(f),
        }
    }
}

impl Traffic {
    pub(crate) fn new(
        id: ConsumerId,
        name: Option<String>,
        queue_len: usize,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            id,
            name,
            queue_len,
            put: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            open_ends: AtomicU32::new(2),
            callback_cpu_ns: AtomicU64::new(0),
            latency: Mutex::new(TimeHistogram::new()),
            meter,
        }
    }

    pub(crate) fn id(&self) -> ConsumerId {
        self.id
    }

    pub(crate) fn count_put(&self) {
        self.put.fetch_add(1, Ordering::Relaxed);
        self.observe(QueueChange::Put);
    }

    pub(crate) fn count_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.observe(QueueChange::Lost);
    }

    /// Counts a batch that the consumer received, this long after it was ready.
    pub(crate) fn count_taken(&self, age: Duration) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.with_latency(|latency| latency.record(age));
        self.observe(QueueChange::Taken { age });
    }

    /// Counts that one end of the queue was closed. Batches that are left after the second are never taken.
    pub(crate) fn count_end(&self) {
        // A batch can be put while the other end closes, so the first end cannot count them.
        if self.open_ends.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let taken = self.taken.load(Ordering::Relaxed);
        let waiting = self.put.load(Ordering::Relaxed).saturating_sub(taken);
        self.observe(QueueChange::Abandoned { waiting });
    }

    fn observe(&self, change: QueueChange) {
        self.meter.observe(Observation::Queue {
            consumer: self.name.as_deref(),
            change,
        });
    }

    pub(crate) fn add_callback_cpu(&self, spent: Duration) {
        self.callback_cpu_ns
            .fetch_add(in_ns(spent), Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> ConsumerMetrics {
        let delivered_total = self.taken.load(Ordering::Relaxed);
        let callback_cpu_ns = self.callback_cpu_ns.load(Ordering::Relaxed);
        let put = self.put.load(Ordering::Relaxed);
        ConsumerMetrics {
            id: self.id,
            name: self.name.clone(),
            // A batch that is taken at this moment may not be counted as put yet.
            queue_depth: put.saturating_sub(delivered_total),
            queue_len: self.queue_len as u64,
            delivered_total,
            lost_total: self.lost.load(Ordering::Relaxed),
            latency: self.with_latency(|latency| latency.read()),
            callback_cpu_ms_total: (callback_cpu_ns > 0).then_some(callback_cpu_ns as f64 / 1e6),
        }
    }

    fn with_latency<T>(&self, access: impl FnOnce(&mut TimeHistogram) -> T) -> T {
        // Numbers cannot be left half changed.
        access(&mut self.latency.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

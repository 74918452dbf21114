//! What the exporter of OTLP counts about itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts of an exporter since its start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sent {
    /// Requests by result.
    pub(crate) requests: BTreeMap<&'static str, u64>,
    /// Data points (`metrics`) and records (`logs`) that no receiver has accepted, by signal.
    pub(crate) dropped: BTreeMap<&'static str, u64>,
    /// Moments with metrics, and requests with records, that wait, by signal.
    pub(crate) waiting: BTreeMap<&'static str, u64>,
}

/// Counts what the exporter does, from any thread.
#[derive(Debug, Default)]
pub(crate) struct OtlpCounts(Mutex<Sent>);

impl OtlpCounts {
    /// Creates counts that are 0 for these results and signals.
    pub(crate) fn new(results: &[&'static str], signals: &[&'static str]) -> Self {
        let zeros = |names: &[&'static str]| names.iter().map(|name| (*name, 0)).collect();
        Self(Mutex::new(Sent {
            requests: zeros(results),
            dropped: zeros(signals),
            waiting: zeros(signals),
        }))
    }

    /// Counts a request.
    pub(crate) fn answered(&self, result: &'static str) {
        *self.lock().requests.entry(result).or_default() += 1;
    }

    /// Counts what is lost.
    pub(crate) fn dropped(&self, signal: &'static str, count: u64) {
        *self.lock().dropped.entry(signal).or_default() += count;
    }

    /// Notes how many requests wait.
    pub(crate) fn waiting(&self, signal: &'static str, requests: usize) {
        self.lock().waiting.insert(signal, requests as u64);
    }

    /// Returns what is lost of a signal.
    pub(crate) fn dropped_of(&self, signal: &str) -> u64 {
        let dropped = &self.lock().dropped;
        dropped.get(signal).copied().unwrap_or_default()
    }

    /// Returns the counts.
    pub(crate) fn counts(&self) -> Sent {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        // Nothing in there panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

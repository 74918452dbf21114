//! Receives all observations and returns the counts.

use std::time::Duration;

use super::Metrics;
#[cfg(feature = "metrics")]
use super::facade;
use super::observation::{CpuThread, Observation};
use super::tally::Tally;

/// Passes each observation of a scanner to the listeners.
#[derive(Debug)]
pub(crate) struct Meter {
    tally: Tally,
}

impl Meter {
    pub(crate) fn new(interval_ms: u64) -> Self {
        let meter = Self {
            tally: Tally::new(),
        };
        meter.observe(Observation::Built { interval_ms });
        meter
    }

    /// Passes one observation to all listeners.
    ///
    /// The caller must not hold a lock of the dispatcher: a recorder of the facade is the agent's
    /// code, and may read the metrics.
    pub(crate) fn observe(&self, observation: Observation<'_>) {
        self.tally.observe(&observation);
        #[cfg(feature = "metrics")]
        facade::observe(&observation);
    }

    /// Returns the CPU time of one of the threads so far.
    pub(crate) fn cpu_used(&self, thread: CpuThread) -> Duration {
        self.tally.cpu_used(thread)
    }

    /// Returns all counts, except those of single consumers.
    pub(crate) fn read(&self) -> Metrics {
        self.tally.read()
    }
}

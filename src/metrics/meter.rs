//! The way in for all that is observed, and the way out for what was counted.

use std::time::Duration;

use super::Metrics;
#[cfg(feature = "metrics")]
use super::facade;
use super::observation::{CpuThread, Observation};
use super::tally::Tally;

/// Gives each observation of a scanner to the listeners.
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

    /// Has all listeners take in one observation. No lock of the dispatcher may be held: a listener of the
    /// facade is the agent's own code, and may ask for the metrics.
    pub(crate) fn observe(&self, observation: Observation<'_>) {
        self.tally.observe(&observation);
        #[cfg(feature = "metrics")]
        facade::observe(&observation);
    }

    /// CPU time that one of the threads has used so far.
    pub(crate) fn cpu_used(&self, thread: CpuThread) -> Duration {
        self.tally.cpu_used(thread)
    }

    /// What was counted so far, but for the single consumers.
    pub(crate) fn read(&self) -> Metrics {
        self.tally.read()
    }
}

//! What several benches measure with.

// Each bench has use for a part of it.
#![allow(dead_code)]

pub(crate) mod ages;
pub(crate) mod proc;

use std::time::Instant;

/// What something took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// CPU time in microseconds, where the system tells it to the nanosecond (Linux).
    pub(crate) cpu_us: Option<f64>,
    pub(crate) wall_us: f64,
}

/// What [`Cost::us`] tells here.
pub(crate) const CLOCK: &str = if cfg!(target_os = "linux") {
    "CPU time"
} else {
    "time that passed"
};

impl Cost {
    /// What it cost this thread to do.
    pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (Self, T) {
        let wall = Instant::now();
        let cpu_us = proc::own_cpu_us();
        let done = work();
        let cost = Self {
            cpu_us: cpu_us
                .zip(proc::own_cpu_us())
                .map(|(before, after)| after - before),
            wall_us: wall.elapsed().as_secs_f64() * 1e6,
        };
        (cost, done)
    }

    /// CPU time in microseconds, or the time that passed where that is not known.
    pub(crate) fn us(&self) -> f64 {
        self.cpu_us.unwrap_or(self.wall_us)
    }
}

pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of all is not above; not a number if there is none.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = values.len().saturating_sub(1) as f64 * share;
    values
        .get(place.round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

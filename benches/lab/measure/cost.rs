//! CPU time and elapsed time of a piece of work.

use std::time::Instant;

use super::proc;

/// The cost of a piece of work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// CPU time in microseconds; `None` where the system does not count it in nanoseconds.
    pub(crate) cpu_us: Option<f64>,
    pub(crate) wall_us: f64,
}

/// What [`Cost::us`] returns on this system.
pub(crate) const CLOCK: &str = if cfg!(target_os = "linux") {
    "CPU time"
} else {
    "elapsed time"
};

impl Cost {
    /// Does the work and returns its cost on this thread.
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

    /// Returns the CPU time in microseconds, or the elapsed time if that is unknown.
    pub(crate) fn us(&self) -> f64 {
        self.cpu_us.unwrap_or(self.wall_us)
    }
}

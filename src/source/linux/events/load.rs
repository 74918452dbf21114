//! How many lives come, and what they cost.

use std::time::Duration;

/// Seconds over which a rate is smoothed.
const RATE_SECONDS: f64 = 10.0;

/// Seconds over which costs are smoothed.
const COST_SECONDS: f64 = 30.0;

/// Shorter times are added up first.
const LEAST_SECONDS: f64 = 0.001;

/// So many per second, smoothed.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    waiting: u64,
    at_ns: u64,
}

impl Rate {
    pub(super) fn new(now_ns: u64) -> Self {
        Self {
            per_second: 0.0,
            waiting: 0,
            at_ns: now_ns,
        }
    }

    /// Adds what has come since the last call.
    pub(super) fn add(&mut self, count: u64, now_ns: u64) {
        self.waiting += count;
        let passed = seconds_between(self.at_ns, now_ns);
        if passed < LEAST_SECONDS {
            return;
        }
        let now = std::mem::take(&mut self.waiting) as f64 / passed;
        let weight = 1.0 - (-passed / RATE_SECONDS).exp();
        self.per_second += (now - self.per_second) * weight;
        self.at_ns = now_ns;
    }

    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }
}

/// What lives have cost, the latest ones most.
#[derive(Debug)]
pub(super) struct Costs {
    cpu_seconds: f64,
    lives: f64,
    seconds: f64,
    at_ns: u64,
}

impl Costs {
    pub(super) fn new(now_ns: u64) -> Self {
        Self {
            cpu_seconds: 0.0,
            lives: 0.0,
            seconds: 0.0,
            at_ns: now_ns,
        }
    }

    pub(super) fn add(&mut self, cpu_seconds: f64, lives: u64, now_ns: u64) {
        let passed = seconds_between(self.at_ns, now_ns);
        self.at_ns = self.at_ns.max(now_ns);
        let kept = (-passed / COST_SECONDS).exp();
        self.cpu_seconds = self.cpu_seconds * kept + cpu_seconds;
        self.lives = self.lives * kept + lives as f64;
        self.seconds = self.seconds * kept + passed;
    }

    /// Returns the CPU seconds of a life, if there were any.
    pub(super) fn per_life(&self) -> Option<f64> {
        (self.lives >= 1.0).then(|| self.cpu_seconds / self.lives)
    }

    /// Returns the CPU seconds per second.
    pub(super) fn share(&self) -> f64 {
        self.cpu_seconds / self.seconds.max(LEAST_SECONDS)
    }
}

fn seconds_between(from_ns: u64, to_ns: u64) -> f64 {
    Duration::from_nanos(to_ns.saturating_sub(from_ns)).as_secs_f64()
}

//! Births at a steady rate, of children that all live equally long.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

/// The times of births and exits.
pub(crate) struct Schedule {
    life: Duration,
    every: Duration,
    random: Rng,
}

impl Schedule {
    /// One birth in each period of length `every`.
    pub(crate) fn new(life: Duration, every: Duration, seed: u64) -> Self {
        Self {
            life,
            every,
            random: Rng::with_seed(seed),
        }
    }

    /// Starts and ends children until `stop` is set and the last child has ended; returns what `end` returned.
    ///
    /// `end` gets a child and the moment of its birth. That moment is random within its period, so that
    /// births do not keep step with scans.
    pub(crate) fn run<Child, Ended>(
        &mut self,
        stop: &AtomicBool,
        mut start: impl FnMut(&mut Rng) -> io::Result<Child>,
        mut end: impl FnMut(Child, Instant) -> io::Result<Ended>,
    ) -> io::Result<Vec<Ended>> {
        let begun = Instant::now();
        let mut living: Vec<(Instant, Child)> = Vec::new();
        let mut ended = Vec::new();
        let mut period = 0;
        let mut birth_at = begun + self.every.mul_f64(self.random.f64());
        loop {
            let now = Instant::now();
            let is_over = stop.load(Ordering::Relaxed);
            let end_at = living.first().map(|(since, _)| *since + self.life);
            if end_at.is_some_and(|at| at <= now) {
                let (since, child) = living.remove(0);
                ended.push(end(child, since)?);
            } else if is_over && end_at.is_none() {
                return Ok(ended);
            } else if !is_over && birth_at <= now {
                living.push((now, start(&mut self.random)?));
                period += 1;
                birth_at = begun + self.every * period + self.every.mul_f64(self.random.f64());
            } else {
                let next = end_at.unwrap_or(birth_at).min(birth_at).max(now);
                thread::sleep((next - now).min(Duration::from_millis(20)));
            }
        }
    }
}

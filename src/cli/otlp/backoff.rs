//! The time between two attempts.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// The longest wait that a receiver can request.
const LONGEST_REQUESTED: Duration = Duration::from_secs(600);

/// Waits that double from failure to failure.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Returns how long to wait after one more failure.
    ///
    /// `requested`: what the receiver requests, at least. `random`: from 0 to 1. It shortens the wait by up to a
    /// half, or makes the requested one up to a quarter longer, so that many hosts do not come back at once.
    pub(super) fn next(&mut self, requested: Option<Duration>, random: f64) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        let wait = doubled.min(LONGEST).mul_f64(1.0 - random / 2.0);
        match requested {
            Some(requested) => {
                let requested = requested.min(LONGEST_REQUESTED);
                wait.max(requested.mul_f64(1.0 + random / 4.0))
            }
            None => wait,
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let mut backoff = Backoff::default();
        let mut seconds = || backoff.next(None, 0.0).as_secs_f64();
        let waits: Vec<f64> = (0..7).map(|_| seconds()).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        backoff.succeeded();
        assert_eq!(backoff.next(None, 1.0), Duration::from_millis(500));
        for _ in 0..100 {
            assert!(backoff.next(None, 0.5) <= LONGEST);
        }
    }

    #[test]
    fn a_requested_wait_is_kept_within_reason() {
        let next = |seconds, random| {
            let requested = Some(Duration::from_secs(seconds));
            Backoff::default().next(requested, random).as_secs_f64()
        };
        assert_eq!(next(20, 0.0), 20.0);
        assert_eq!(next(20, 1.0), 25.0);
        assert_eq!(next(0, 0.0), 1.0);
        assert_eq!(next(u64::MAX, 0.0), 600.0);
    }
}

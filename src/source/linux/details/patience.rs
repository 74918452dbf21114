//! How long a scan waits for what a thread of its own reads.

use std::time::{Duration, Instant};

/// The time that all waits of a scan may take together.
#[derive(Debug)]
pub(super) struct Patience {
    whole: Duration,
    left: Duration,
}

impl Patience {
    pub(super) fn new(whole: Duration) -> Self {
        Self { whole, left: whole }
    }

    /// Begins a scan, which may wait anew.
    pub(super) fn renew(&mut self) {
        self.left = self.whole;
    }

    /// Waits no more in this scan.
    pub(super) fn end(&mut self) {
        self.left = Duration::ZERO;
    }

    /// Returns whether the scan must not wait any more.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_zero()
    }

    /// Runs `wait` with its deadline, and counts the time that it took.
    pub(super) fn wait<T>(&mut self, wait: impl FnOnce(Instant) -> T) -> T {
        let begin = Instant::now();
        let outcome = wait(begin + self.left);
        self.left = self.left.saturating_sub(begin.elapsed());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_of_a_scan_share_one_allowance() {
        let mut patience = Patience::new(Duration::from_secs(3600));
        let mut left = patience.left;
        for _ in 0..2 {
            patience.wait(|_| {
                let begin = Instant::now();
                while Instant::now() == begin {}
            });
            assert!(patience.left < left && !patience.is_over());
            left = patience.left;
        }
        patience.end();
        assert!(patience.is_over());
        patience.renew();
        assert_eq!(patience.left, patience.whole);
    }

    #[test]
    fn a_wait_that_takes_all_of_it_leaves_nothing() {
        let mut patience = Patience::new(Duration::from_micros(1));
        patience.wait(|deadline| while Instant::now() < deadline {});
        assert!(patience.is_over());
    }
}

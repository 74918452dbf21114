//! The CPU time that watching may cost.

use std::time::Duration;

/// CPU time that can be saved up: of so many seconds.
const CREDIT_SECONDS: f64 = 60.0;

/// Keeps account of CPU time. While none is left, no further process is watched.
#[derive(Debug)]
pub(super) struct Allowance {
    /// CPU seconds per second; `None`: no limit.
    share: Option<f64>,
    /// CPU seconds that are left; negative after an expensive burst.
    credit: f64,
    settled_ns: u64,
}

impl Allowance {
    /// `percent` is what watching may cost, in percent of one core.
    pub(super) fn new(percent: Option<f64>, now_ns: u64) -> Self {
        let share = percent.map(|percent| percent / 100.0);
        Self {
            share,
            credit: share.unwrap_or_default() * CREDIT_SECONDS,
            settled_ns: now_ns,
        }
    }

    /// Takes CPU time into account, in nanoseconds.
    pub(super) fn spend(&mut self, spent_ns: u64, now_ns: u64) {
        let Some(share) = self.share else { return };
        let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
        let most = share * CREDIT_SECONDS;
        let earned = share * seconds(now_ns.saturating_sub(self.settled_ns));
        self.settled_ns = self.settled_ns.max(now_ns);
        self.credit = (self.credit + earned - seconds(spent_ns)).clamp(-most, most);
    }

    /// Returns how many operations of this cost may follow, in nanoseconds.
    pub(super) fn affords(&self, each_ns: u64) -> usize {
        match self.share {
            Some(_) => (self.credit.max(0.0) * 1e9 / each_ns as f64) as usize,
            None => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn without_a_limit_everything_is_affordable() {
        let mut allowance = Allowance::new(None, 0);
        allowance.spend(1000 * SECOND, SECOND);
        assert_eq!(allowance.affords(1), usize::MAX);
    }

    #[test]
    fn what_was_spent_comes_back_with_time() {
        // 1 % of a core: 0.6 s are saved up at first, and at most.
        let mut allowance = Allowance::new(Some(1.0), 0);
        assert_eq!(allowance.affords(SECOND / 11), 6);
        allowance.spend(SECOND / 2, 0);
        assert_eq!(allowance.affords(SECOND / 11), 1);
        allowance.spend(SECOND, 0);
        assert_eq!(allowance.affords(1), 0);
        allowance.spend(0, 70 * SECOND);
        assert_eq!(allowance.affords(SECOND / 95), 9);
        allowance.spend(0, 1000 * SECOND);
        assert_eq!(allowance.affords(SECOND / 11), 6);
    }
}

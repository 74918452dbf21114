//! Computes the interval at which scans stay within the CPU budget.
//!
//! Costs go in, the interval comes out: no clock, no thread and no waiting in here.

use std::time::Duration;

use super::change::Change;
use super::costs::{RecentCosts, SPREAD, ScanCost};
use super::excess::{Excess, ExcessChange};
use super::ledger::{Ledger, WINDOW};

/// When the interval has to change, scans are expected to cost this many times what they do, so
/// that it need not change again with the next scan.
const HEADROOM: f64 = 1.15;

/// An interval is shortened at once to less than this share of it, or to the requested one.
const MUCH_SHORTER: f64 = 0.7;

/// It is shortened to less than this share of it if that was possible for [`SPREAD`] scans.
const SHORTER: f64 = 0.9;

/// Saving the rest of the credit never makes the interval longer than this.
const LONGEST_BY_CREDIT: Duration = Duration::from_secs(60);

/// An interval that is this many times as long as the settled cost explains has another reason.
const NOTABLE: f64 = 1.1;

/// Keeps the interval such that the cost stays within a share of one core.
///
/// Over any ten minutes the scans use at most the budget. The settled cost sets the interval. First
/// reads are paid from what the settled cost leaves of ten minutes' budget: the credit. What is
/// left of it is spread over the time until the oldest costs leave the ten minutes, so that the
/// interval grows gradually.
#[derive(Debug)]
pub(super) struct Governor {
    requested: Duration,
    /// The interval never grows beyond it.
    max: Option<Duration>,
    /// Percent of one core. `None`: no limit.
    budget_percent: Option<f64>,
    recent: RecentCosts,
    ledger: Ledger,
    /// What first reads are expected to cost in each scan.
    first_reads: Duration,
    has_scanned: bool,
    now: Duration,
    interval: Duration,
    /// Number of scans in a row after which a shorter interval was possible.
    scans_too_long: usize,
    excess: Excess,
}

impl Governor {
    pub(super) fn new(
        requested: Duration,
        max: Option<Duration>,
        budget_percent: Option<f64>,
    ) -> Self {
        Self {
            requested,
            max,
            budget_percent,
            recent: RecentCosts::default(),
            ledger: Ledger::default(),
            first_reads: Duration::ZERO,
            has_scanned: false,
            now: Duration::ZERO,
            interval: requested,
            scans_too_long: 0,
            excess: Excess::default(),
        }
    }

    /// Returns the time from the start of one scan to the start of the next; never less than
    /// requested.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Records the cost of a scan that began at this time, since any fixed moment.
    pub(super) fn record(&mut self, at: Duration, cost: ScanCost) -> Option<Change<Duration>> {
        self.budget_percent?;
        self.now = at;
        let cost = cost.bounded();
        // Nothing is settled in the first scan, and none like it comes again.
        match std::mem::replace(&mut self.has_scanned, true) {
            true => {
                self.recent.push(cost);
                self.ledger.enter(at, cost.total(), cost.first_reads);
            }
            false => self.ledger.enter(at, cost.total(), Duration::ZERO),
        }
        self.first_reads = self.expected_first_reads();
        self.settle()
            .map(|from| self.change(from, self.budget_reason()))
    }

    /// Sets the requested interval.
    pub(super) fn request(&mut self, requested: Duration) -> Option<Change<Duration>> {
        self.requested = requested;
        let from = self.settle()?;
        let reason = match self.interval == requested {
            true => "requested".into(),
            false => format!(
                "{}ms requested, but {}",
                requested.as_millis(),
                self.budget_reason()
            ),
        };
        Some(self.change(from, reason))
    }

    /// Returns whether the budget is exceeded now, if that has changed since the last call.
    pub(super) fn budget_change(&mut self) -> Option<ExcessChange> {
        let percent = self.budget_percent?;
        let (spent, credit) = (self.ledger.total(), self.credit());
        let cost = self.recent.settled();
        let excess = if spent > credit {
            Some(format!(
                "scans used {}ms of CPU time in ten minutes, more than {percent} % of one core \
                 ({}ms)",
                rough_ms(spent),
                rough_ms(credit)
            ))
        } else if self.at_rate(cost) > self.interval {
            let rate = cost.as_secs_f64() / self.interval.as_secs_f64() * 100.0;
            Some(format!(
                "scans every {}ms, the longest interval allowed, use {rate:.2} % of one core, and \
                 the budget is {percent} %",
                self.interval.as_millis()
            ))
        } else {
            None
        };
        self.excess.update(self.now, excess, percent)
    }

    /// Adapts the interval to the request and the costs. Returns the interval before, if it
    /// changes.
    fn settle(&mut self) -> Option<Duration> {
        let cost = self.recent.settled();
        let longest = self.max.unwrap_or(Duration::MAX);
        let needed = self.needed(cost).min(longest);
        let next = in_whole_ms(self.needed(cost.mul_f64(HEADROOM))).min(longest);
        let is_too_short = needed > self.interval;
        self.scans_too_long = match next < self.interval.mul_f64(SHORTER) {
            true => self.scans_too_long + 1,
            false => 0,
        };
        let is_too_long = next < self.interval.mul_f64(MUCH_SHORTER)
            || next == self.requested
            || self.scans_too_long >= SPREAD;
        if !is_too_short && !is_too_long {
            return None;
        }
        self.scans_too_long = 0;
        let from = std::mem::replace(&mut self.interval, next);
        (from != next).then_some(from)
    }

    fn change(&self, from: Duration, reason: String) -> Change<Duration> {
        Change {
            from,
            to: self.interval,
            reason,
        }
    }

    fn budget_reason(&self) -> String {
        let percent = self.budget_percent.unwrap_or_default();
        let cost = self.recent.settled();
        let of_settled = in_whole_ms(self.at_rate(cost.mul_f64(HEADROOM)));
        let settled = format!("a scan costs {}ms, budget {percent} %", rough_ms(cost));
        match self.interval > of_settled.max(self.requested).mul_f64(NOTABLE) {
            true => format!(
                "{settled}; with new processes, {}ms of {}ms are used in ten minutes",
                rough_ms(self.ledger.total()),
                rough_ms(self.credit())
            ),
            false => settled,
        }
    }

    /// Returns the shortest interval at which scans of this settled cost stay within the budget,
    /// never less than requested.
    fn needed(&self, cost: Duration) -> Duration {
        if self.budget_percent.is_none() {
            return self.requested;
        }
        let by_rate = self.requested.max(self.at_rate(cost));
        let (next, credit) = (cost + self.first_reads, self.credit());
        let left = credit.saturating_sub(self.ledger.total());
        // Most hosts use a small part of the credit, and need no look at the ledger's entries.
        let at_most = bounded_s(WINDOW.as_secs_f64() * next.as_secs_f64() / left.as_secs_f64());
        if at_most <= by_rate && !left.is_zero() {
            return by_rate;
        }
        let lasting = self.ledger.affordable(self.now, next, credit);
        let fitting = self.ledger.wait_for(self.now, next, credit);
        by_rate.max(lasting.min(LONGEST_BY_CREDIT)).max(fitting)
    }

    /// Returns what first reads are expected to cost in each scan.
    ///
    /// Births of a few minutes are paid from the credit. Once half of it is used, they are expected
    /// to go on, so that the interval grows before nothing is left.
    fn expected_first_reads(&self) -> Duration {
        let usual = self.ledger.usual_first_reads(self.interval);
        match self.ledger.total() > self.credit() / 2 {
            true => usual.max(self.recent.first_reads()),
            false => usual,
        }
    }

    /// Returns the interval at which scans of this cost use just the budget in the long run.
    fn at_rate(&self, cost: Duration) -> Duration {
        let Some(percent) = self.budget_percent else {
            return Duration::ZERO;
        };
        bounded_s(cost.as_secs_f64() / (percent / 100.0))
    }

    /// Returns the budget of ten minutes.
    fn credit(&self) -> Duration {
        WINDOW.mul_f64(self.budget_percent.unwrap_or_default() / 100.0)
    }
}

/// Converts seconds; infinity is the longest interval there is, and 0 divided by 0 the shortest.
fn bounded_s(seconds: f64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);
    match seconds.is_nan() {
        true => Duration::ZERO,
        false => Duration::try_from_secs_f64(seconds)
            .unwrap_or(LONGEST)
            .min(LONGEST),
    }
}

/// Rounds up, so that the interval that is reported is the one in use.
fn in_whole_ms(time: Duration) -> Duration {
    Duration::from_millis((time.as_secs_f64() * 1e3).ceil() as u64)
}

fn rough_ms(cost: Duration) -> String {
    let ms = cost.as_secs_f64() * 1e3;
    match ms {
        10.0.. => format!("{ms:.0}"),
        1.0.. => format!("{ms:.1}"),
        _ => format!("{ms:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn governor(requested_ms: u64) -> Governor {
        Governor::new(Duration::from_millis(requested_ms), None, Some(0.75))
    }

    /// Makes so many scans of this settled cost, after what it has seen so far.
    fn play(governor: &mut Governor, cost_ms: u64, scans: usize) -> Vec<Change<Duration>> {
        let cost = ScanCost {
            settled: Duration::from_millis(cost_ms),
            ..ScanCost::default()
        };
        let made = (0..scans).map(|_| governor.record(governor.now + governor.interval, cost));
        made.flatten().collect()
    }

    #[test]
    fn a_stretched_interval_returns_to_the_requested_one() {
        let mut governor = governor(1000);
        play(&mut governor, 30, 2);
        assert!(governor.interval() > Duration::from_secs(3));
        play(&mut governor, 6, SPREAD);
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn costs_that_alternate_do_not_swing_the_interval() {
        for period in 2..=SPREAD / 2 {
            let mut governor = governor(50);
            let cost_ms = |scan: usize| if scan.is_multiple_of(period) { 40 } else { 4 };
            let mut changes = 0;
            for scan in 0..1000 {
                let changed = play(&mut governor, cost_ms(scan), 1).len();
                changes += if scan < period * SPREAD { 0 } else { changed };
            }
            assert_eq!(changes, 0, "every {period} scans");
        }
    }

    #[test]
    fn a_crowd_updates_the_estimate_after_two_scans_and_its_exit_after_ten() {
        let mut governor = governor(1000);
        play(&mut governor, 2, 20);
        assert_eq!(governor.interval(), Duration::from_secs(1));
        play(&mut governor, 45, 1);
        let change = play(&mut governor, 45, 1)
            .pop()
            .expect("it has to slow down");
        assert_eq!(change.to, governor.interval());
        assert!(governor.interval() > Duration::from_secs(6));
        assert_eq!(change.reason, "a scan costs 45ms, budget 0.75 %");
        play(&mut governor, 2, 10);
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn first_reads_are_no_part_of_the_settled_cost() {
        let mut governor = governor(1000);
        let first = ScanCost {
            first_reads: Duration::from_millis(142),
            settled: Duration::from_millis(3),
        };
        assert!(governor.record(Duration::ZERO, first).is_none());
        let changes = play(&mut governor, 10, 1);
        assert_eq!(changes.len(), 1);
        assert!(governor.interval() < Duration::from_secs(2));
        assert!(
            changes[0]
                .reason
                .starts_with("a scan costs 10ms, budget 0.75 %")
        );
    }

    #[test]
    fn another_interval_is_used_as_far_as_the_budget_allows_it() {
        let request = |governor: &mut Governor, ms| {
            let change = governor.request(Duration::from_millis(ms));
            change.map(|change| {
                (
                    change.from.as_millis(),
                    change.to.as_millis(),
                    change.reason,
                )
            })
        };
        let mut governor = governor(60_000);
        // Nothing is known of the costs yet.
        let requested = Some((60_000, 10_000, "requested".to_owned()));
        assert_eq!(request(&mut governor, 10_000), requested);
        assert_eq!(request(&mut governor, 10_000), None);
        play(&mut governor, 43, 20);
        assert_eq!(governor.interval(), Duration::from_secs(10));
        let (from_ms, to_ms, reason) = request(&mut governor, 50).expect("it is shorter");
        assert_eq!(from_ms, 10_000);
        assert!((5700..8000).contains(&to_ms), "{to_ms}");
        assert!(
            reason.starts_with("50ms requested, but a scan costs 43ms, budget 0.75 %"),
            "{reason}"
        );
        // It is what the budget allows for either of the two.
        assert_eq!(request(&mut governor, 1000), None);
        let requested = Some((to_ms, 30_000, "requested".to_owned()));
        assert_eq!(request(&mut governor, 30_000), requested);
        let mut free = Governor::new(Duration::from_secs(1), None, None);
        play(&mut free, 1000, 3);
        assert_eq!(
            request(&mut free, 2000),
            Some((1000, 2000, "requested".to_owned()))
        );
    }

    #[test]
    fn without_a_budget_the_interval_never_grows() {
        let mut governor = Governor::new(Duration::from_secs(1), None, None);
        assert!(play(&mut governor, 9000, 3).is_empty());
        assert!(governor.budget_change().is_none());
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn costs_beyond_all_bounds_are_endured() {
        let mut governor = governor(50);
        let cost = ScanCost {
            first_reads: Duration::MAX,
            settled: Duration::MAX,
        };
        governor.record(Duration::ZERO, cost);
        governor.record(Duration::from_secs(1), cost);
        governor.record(Duration::from_secs(2), ScanCost::default());
        assert!(governor.interval() > Duration::from_secs(1 << 31));
    }
}

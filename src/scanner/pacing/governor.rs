//! Decides how long the interval must be, so that scans stay within the CPU budget.
//!
//! Costs of scans go in, the interval comes out. No clock, no thread and no waiting in here.

use std::collections::VecDeque;
use std::time::Duration;

use super::change::Change;

/// The cost of a scan is spread over this many intervals after it.
const SPREAD: usize = 10;

/// The budget holds over any window of this length.
const WINDOW: Duration = Duration::from_secs(60);

/// When the interval must change, costs are taken this much higher, so that it need not change
/// again at once.
const HEADROOM: f64 = 1.15;

/// The interval shrinks only to less than this share of its value, or to the requested one.
const WORTH_SHORTENING: f64 = 0.7;

/// Two scans exactly one window apart would both be in it, so intervals are this much longer.
const WINDOW_MARGIN: f64 = 1.01;

/// A cost this many times the mean is more than normal variation.
const JUMP: f64 = 1.5;

/// Higher costs count as this one: some thirty years.
const MAX_COST: Duration = Duration::from_secs(1 << 30);

/// Keeps the interval long enough for the CPU budget, a share of one core.
#[derive(Debug)]
pub(super) struct Governor {
    requested: Duration,
    /// Percent of one core. `None`: no limit.
    budget_percent: Option<f64>,
    /// CPU time of the last scans, oldest first.
    costs: VecDeque<Duration>,
    interval: Duration,
}

impl Governor {
    pub(super) fn new(requested: Duration, budget_percent: Option<f64>) -> Self {
        Self {
            requested,
            budget_percent,
            costs: VecDeque::with_capacity(SPREAD),
            interval: requested,
        }
    }

    /// Returns the time from the start of one scan to the start of the next; never less than
    /// requested.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Counts the CPU time of a scan and of the threads that count with it.
    pub(super) fn record(&mut self, cost: Duration) -> Option<Change<Duration>> {
        self.budget_percent?;
        if self.costs.len() == SPREAD {
            self.costs.pop_front();
        }
        self.costs.push_back(cost.min(MAX_COST));
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
                "{} ms requested, but {}",
                requested.as_millis(),
                self.budget_reason()
            ),
        };
        Some(self.change(from, reason))
    }

    /// Updates the interval from the request and the costs. Returns its old value, if it changes.
    fn settle(&mut self) -> Option<Duration> {
        let (needed, next) = match self.budget_percent {
            Some(percent) => {
                let (cost, budget) = (self.usual_cost(), percent / 100.0);
                let next = self.affordable(cost.mul_f64(HEADROOM), budget);
                (self.affordable(cost, budget), in_whole_ms(next))
            }
            None => (Duration::ZERO, Duration::ZERO),
        };
        let (needed, next) = (needed.max(self.requested), next.max(self.requested));
        let is_too_short = needed > self.interval;
        let is_too_long = next < self.interval.mul_f64(WORTH_SHORTENING) || next == self.requested;
        if !is_too_short && !is_too_long {
            return None;
        }
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
        format!(
            "a scan costs {} ms, budget {} %",
            rough_ms(self.usual_cost()),
            self.budget_percent.unwrap_or_default()
        )
    }

    /// Returns the mean of the last scans. While there are fewer than ten, the cheapest fills the
    /// gaps.
    fn usual_cost(&self) -> Duration {
        let cheapest = self.costs.iter().min().copied();
        let missing = (SPREAD - self.costs.len()) as f64;
        let sum: f64 = self.costs.iter().map(Duration::as_secs_f64).sum();
        let sum = sum + missing * cheapest.unwrap_or_default().as_secs_f64();
        let mean = Duration::from_secs_f64(sum / SPREAD as f64);
        // Two expensive scans in a row update the estimate at once: the number of processes has
        // jumped.
        let last_two = self.costs.iter().rev().take(2).min();
        last_two
            .filter(|cost| cost.as_secs_f64() > mean.as_secs_f64() * JUMP)
            .copied()
            .unwrap_or(mean)
    }

    /// Returns the shortest interval at which scans of this cost stay within the budget over any
    /// window. Where a single scan exceeds it: in the long run.
    fn affordable(&self, cost: Duration, budget: f64) -> Duration {
        let window_s = WINDOW.as_secs_f64();
        let cost_s = cost.as_secs_f64();
        let scans = (budget * window_s / cost_s).floor();
        let seconds = match scans >= 1.0 {
            true => window_s / scans,
            false => cost_s / budget,
        };
        // An interval too long for a `Duration` is forever either way.
        Duration::try_from_secs_f64(seconds * WINDOW_MARGIN)
            .unwrap_or(Duration::MAX)
            .min(Duration::from_secs(u64::from(u32::MAX)))
    }
}

/// Rounds up, so that the reported interval is the one in use.
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
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::*;

    const BUDGET_PERCENT: f64 = 0.75;

    fn governor(requested_ms: u64) -> Governor {
        Governor::new(Duration::from_millis(requested_ms), Some(BUDGET_PERCENT))
    }

    /// A scan in a test: its time and its cost.
    #[derive(Clone, Copy)]
    struct TestScan {
        at: Duration,
        cost: Duration,
    }

    /// Makes scans of these costs, each after the interval that the governor returns.
    fn play(governor: &mut Governor, costs: &[Duration]) -> Vec<TestScan> {
        let mut at = Duration::ZERO;
        let mut made = Vec::new();
        for &cost in costs {
            made.push(TestScan { at, cost });
            governor.record(cost);
            assert!(governor.interval() >= governor.requested);
            at += governor.interval();
        }
        made
    }

    /// Returns whether the scans stayed within the budget over any window.
    fn is_within_budget(made: &[TestScan]) -> bool {
        made.iter().enumerate().all(|(first, begin)| {
            let until = begin.at + WINDOW;
            let inside = made[first..].iter().take_while(|scan| scan.at <= until);
            let spent: Duration = inside.map(|scan| scan.cost).sum();
            spent <= WINDOW.mul_f64(BUDGET_PERCENT / 100.0)
        })
    }

    fn costs(len: usize) -> impl Strategy<Value = Vec<Duration>> {
        let cost = (0..2_000_000_000_u64).prop_map(Duration::from_nanos);
        proptest::collection::vec(cost, len)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/governor.txt"
        )))]

        #[test]
        fn steady_scans_settle_within_ten_and_stay_within_the_budget(
            requested_ms in 50..10_000_u64,
            before in costs(15),
            cost_us in 10..1_000_000_u64,
        ) {
            let mut governor = governor(requested_ms);
            play(&mut governor, &before);
            let cost = Duration::from_micros(cost_us);
            play(&mut governor, &[cost; SPREAD]);
            let settled = governor.interval();
            let made = play(&mut governor, &[cost; 200]);
            prop_assert_eq!(governor.interval(), settled);
            let is_affordable = cost <= WINDOW.mul_f64(BUDGET_PERCENT / 100.0);
            prop_assert!(!is_affordable || is_within_budget(&made));
            prop_assert!(settled >= cost.div_f64(BUDGET_PERCENT / 100.0));
            // Nor is it longer than necessary, except for what keeps it steady.
            let needed = governor.affordable(cost.mul_f64(HEADROOM), BUDGET_PERCENT / 100.0);
            let longest = needed.max(governor.requested).div_f64(WORTH_SHORTENING);
            let longest = longest + Duration::from_millis(2);
            prop_assert!(settled <= longest, "{settled:?} for {needed:?}");
        }

        #[test]
        fn all_but_the_last_ten_scans_are_within_the_budget_at_any_cost(
            requested_ms in 50..10_000_u64,
            costs in costs(60),
        ) {
            let mut governor = governor(requested_ms);
            let made = play(&mut governor, &costs);
            for (index, last) in made.iter().enumerate() {
                let paid: Duration = costs[..(index + 1).saturating_sub(SPREAD)].iter().sum();
                prop_assert!(paid <= last.at.mul_f64(BUDGET_PERCENT / 100.0));
            }
        }

        #[test]
        fn nearly_equal_costs_do_not_change_the_interval(
            cost_us in 100..1_000_000_u64,
            noise in proptest::collection::vec(0.92..1.08_f64, 300),
        ) {
            let mut governor = governor(50);
            let (mut last, mut changes) = (Duration::ZERO, 0);
            for (index, noise) in noise.into_iter().enumerate() {
                governor.record(Duration::from_micros(cost_us).mul_f64(noise));
                changes += u32::from(index > SPREAD && governor.interval() != last);
                last = governor.interval();
            }
            prop_assert!(changes <= 3, "{changes} changes");
        }
    }

    #[test]
    fn a_longer_interval_returns_to_the_requested_one() {
        let mut governor = governor(1000);
        play(&mut governor, &[Duration::from_millis(30)]);
        assert!(governor.interval() > Duration::from_secs(1));
        play(&mut governor, &[Duration::from_millis(6); SPREAD]);
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn alternating_costs_do_not_change_the_interval() {
        for period in 2..=SPREAD / 2 {
            let mut governor = governor(50);
            let costs: Vec<Duration> = (0..1000)
                .map(|scan| Duration::from_millis(if scan % period == 0 { 40 } else { 4 }))
                .collect();
            play(&mut governor, &costs[..period * SPREAD]);
            let changes = costs[period * SPREAD..]
                .iter()
                .filter(|&&cost| governor.record(cost).is_some())
                .count();
            assert_eq!(changes, 0, "every {period} scans");
        }
    }

    #[test]
    fn an_expensive_first_scan_is_within_the_budget_of_the_first_minute() {
        let mut governor = governor(1000);
        let mut costs = [Duration::from_millis(43); 40];
        costs[0] = Duration::from_millis(120);
        let made = play(&mut governor, &costs);
        assert!(is_within_budget(&made));
        // The first cost is the only known one, so the second scan comes late. From then on it is
        // spread.
        assert!(made[1].at < Duration::from_secs(21), "{:?}", made[1].at);
        assert!(made[2].at - made[1].at < Duration::from_secs(9));
    }

    #[test]
    fn scans_that_cost_most_of_a_minutes_budget_are_a_minute_apart() {
        let mut governor = governor(50);
        let made = play(&mut governor, &[Duration::from_millis(264); 20]);
        assert!(is_within_budget(&made));
        assert!(governor.interval() < Duration::from_secs(62));
    }

    #[test]
    fn higher_costs_count_after_two_scans_and_lower_ones_after_ten() {
        let mut governor = governor(1000);
        play(&mut governor, &[Duration::from_millis(2); 20]);
        assert_eq!(governor.interval(), Duration::from_secs(1));
        let expensive = Duration::from_millis(45);
        governor.record(expensive);
        let change = governor.record(expensive).expect("it has to slow down");
        assert_eq!(change.to, governor.interval());
        assert!(governor.interval() > Duration::from_secs(6));
        assert_eq!(change.reason, "a scan costs 45 ms, budget 0.75 %");
        play(&mut governor, &[Duration::from_millis(2); 10]);
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn a_requested_interval_is_used_as_far_as_the_budget_allows() {
        let described = |change: Option<Change<Duration>>| {
            change.map(|change| {
                (
                    change.from.as_millis(),
                    change.to.as_millis(),
                    change.reason,
                )
            })
        };
        let mut governor = governor(60_000);
        // No costs are known yet.
        assert_eq!(
            described(governor.request(Duration::from_secs(10))),
            Some((60_000, 10_000, "requested".into()))
        );
        assert_eq!(described(governor.request(Duration::from_secs(10))), None);
        play(&mut governor, &[Duration::from_millis(43); 20]);
        assert_eq!(governor.interval(), Duration::from_secs(10));
        let (from_ms, to_ms, reason) =
            described(governor.request(Duration::from_millis(50))).expect("it is shorter");
        assert_eq!(from_ms, 10_000);
        assert!((6000..8000).contains(&to_ms), "{to_ms}");
        assert_eq!(
            reason,
            "50 ms requested, but a scan costs 43 ms, budget 0.75 %"
        );
        let stretched = governor.interval();
        // The budget requires the same interval for both requests.
        assert_eq!(described(governor.request(Duration::from_secs(1))), None);
        assert_eq!(governor.interval(), stretched);
        assert_eq!(
            described(governor.request(Duration::from_secs(30))),
            Some((to_ms, 30_000, "requested".into()))
        );
        let made = play(&mut governor, &[Duration::from_millis(43); 20]);
        assert!(is_within_budget(&made));
        let mut free = Governor::new(Duration::from_secs(1), None);
        play(&mut free, &[Duration::from_secs(1); 3]);
        assert_eq!(
            described(free.request(Duration::from_secs(2))),
            Some((1000, 2000, "requested".into()))
        );
    }

    #[test]
    fn without_a_budget_the_interval_stays() {
        let mut governor = Governor::new(Duration::from_secs(1), None);
        assert!(governor.record(Duration::from_secs(9)).is_none());
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn extreme_costs_do_not_overflow() {
        let mut governor = governor(50);
        governor.record(Duration::MAX);
        governor.record(Duration::ZERO);
        assert!(governor.interval() > Duration::from_secs(1 << 31));
    }
}

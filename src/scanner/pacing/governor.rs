//! How far apart scans have to be so that they cost no more than they may.
//!
//! What scans cost goes in, the interval comes out: no clock, no thread, no wait in here.

use std::collections::VecDeque;
use std::time::Duration;

use super::change::Change;

/// What a scan costs is paid for in so many of the intervals that follow it.
const SPREAD: usize = 10;

/// Over any stretch of time as long as this the budget holds.
const WINDOW: Duration = Duration::from_secs(60);

/// Scans are taken to cost so much more than they do when the interval has to change, so that it need
/// not change again with the next one.
const HEADROOM: f64 = 1.15;

/// An interval is shortened only to less than this much of what it was, or to the one asked for.
const WORTH_SHORTENING: f64 = 0.7;

/// Two scans that are exactly a window apart would both be in it.
const A_LITTLE: f64 = 1.01;

/// So many times the mean is more than what costs differ by anyway.
const A_CROWD: f64 = 1.5;

/// No scan counts as dearer: some thirty years.
const MAX_COST: Duration = Duration::from_secs(1 << 30);

/// Keeps the interval such that the cost stays within a share of one core.
#[derive(Debug)]
pub(super) struct Governor {
    asked: Duration,
    /// Percent of one core. `None`: no limit.
    budget_percent: Option<f64>,
    /// CPU time of the last scans, oldest first.
    costs: VecDeque<Duration>,
    interval: Duration,
}

impl Governor {
    pub(super) fn new(asked: Duration, budget_percent: Option<f64>) -> Self {
        Self {
            asked,
            budget_percent,
            costs: VecDeque::with_capacity(SPREAD),
            interval: asked,
        }
    }

    /// From the start of one scan to the start of the next; never less than was asked for.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Takes in the CPU time of a scan, and of all that came with it.
    pub(super) fn spent(&mut self, cost: Duration) -> Option<Change<Duration>> {
        self.budget_percent?;
        if self.costs.len() == SPREAD {
            self.costs.pop_front();
        }
        self.costs.push_back(cost.min(MAX_COST));
        self.settle()
            .map(|from| self.change(from, self.why_stretched()))
    }

    /// From now on this interval is asked for.
    pub(super) fn ask(&mut self, asked: Duration) -> Option<Change<Duration>> {
        self.asked = asked;
        let from = self.settle()?;
        let reason = match self.interval == asked {
            true => "asked for".into(),
            false => format!(
                "{} ms asked for, but {}",
                asked.as_millis(),
                self.why_stretched()
            ),
        };
        Some(self.change(from, reason))
    }

    /// Brings the interval in line with what was asked for and what scans cost; what it was, if it changes.
    fn settle(&mut self) -> Option<Duration> {
        let (needed, next) = match self.budget_percent {
            Some(percent) => {
                let (cost, budget) = (self.usual_cost(), percent / 100.0);
                let next = self.affordable(cost.mul_f64(HEADROOM), budget);
                (self.affordable(cost, budget), in_whole_ms(next))
            }
            None => (Duration::ZERO, Duration::ZERO),
        };
        let (needed, next) = (needed.max(self.asked), next.max(self.asked));
        let is_too_short = needed > self.interval;
        let is_too_long = next < self.interval.mul_f64(WORTH_SHORTENING) || next == self.asked;
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

    fn why_stretched(&self) -> String {
        format!(
            "a scan costs {} ms, budget {} %",
            rough_ms(self.usual_cost()),
            self.budget_percent.unwrap_or_default()
        )
    }

    /// The mean of the last scans; in the place of those that are still to come, the cheapest so far.
    fn usual_cost(&self) -> Duration {
        let expected = self.costs.iter().min().copied();
        let to_come = (SPREAD - self.costs.len()) as f64;
        let sum: f64 = self.costs.iter().map(Duration::as_secs_f64).sum();
        let sum = sum + to_come * expected.unwrap_or_default().as_secs_f64();
        let mean = Duration::from_secs_f64(sum / SPREAD as f64);
        // Two much dearer ones in a row are believed at once: a crowd has come.
        let last_two = self.costs.iter().rev().take(2).min();
        last_two
            .filter(|cost| cost.as_secs_f64() > mean.as_secs_f64() * A_CROWD)
            .copied()
            .unwrap_or(mean)
    }

    /// The shortest interval at which scans of this cost stay within the budget over any window. Where
    /// not even one does, the interval at which they do in the long run.
    fn affordable(&self, cost: Duration, budget: f64) -> Duration {
        let window_s = WINDOW.as_secs_f64();
        let cost_s = cost.as_secs_f64();
        let scans = (budget * window_s / cost_s).floor();
        let seconds = match scans >= 1.0 {
            true => window_s / scans,
            false => cost_s / budget,
        };
        // More than a duration can hold is for ever either way.
        Duration::try_from_secs_f64(seconds * A_LITTLE)
            .unwrap_or(Duration::MAX)
            .min(Duration::from_secs(u64::from(u32::MAX)))
    }
}

/// Rounded up, so that what is told is what is done.
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

    fn governor(asked_ms: u64) -> Governor {
        Governor::new(Duration::from_millis(asked_ms), Some(BUDGET_PERCENT))
    }

    /// A scan as it was made: when, and what it cost.
    #[derive(Clone, Copy)]
    struct Made {
        at: Duration,
        cost: Duration,
    }

    /// Scans of these costs, each as long after the one before as the governor says.
    fn play(governor: &mut Governor, costs: &[Duration]) -> Vec<Made> {
        let mut at = Duration::ZERO;
        let mut made = Vec::new();
        for &cost in costs {
            made.push(Made { at, cost });
            governor.spent(cost);
            assert!(governor.interval() >= governor.asked);
            at += governor.interval();
        }
        made
    }

    /// Whether over any window the scans were within the budget.
    fn is_within_budget(made: &[Made]) -> bool {
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
            asked_ms in 50..10_000_u64,
            before in costs(15),
            cost_us in 10..1_000_000_u64,
        ) {
            let mut governor = governor(asked_ms);
            play(&mut governor, &before);
            let cost = Duration::from_micros(cost_us);
            play(&mut governor, &[cost; SPREAD]);
            let settled = governor.interval();
            let made = play(&mut governor, &[cost; 200]);
            prop_assert_eq!(governor.interval(), settled);
            let is_affordable = cost <= WINDOW.mul_f64(BUDGET_PERCENT / 100.0);
            prop_assert!(!is_affordable || is_within_budget(&made));
            prop_assert!(settled >= cost.div_f64(BUDGET_PERCENT / 100.0));
            // Nor is it longer than it has to be by more than what keeps it steady.
            let needed = governor.affordable(cost.mul_f64(HEADROOM), BUDGET_PERCENT / 100.0);
            let longest = needed.max(governor.asked).div_f64(WORTH_SHORTENING);
            let longest = longest + Duration::from_millis(2);
            prop_assert!(settled <= longest, "{settled:?} for {needed:?}");
        }

        #[test]
        fn whatever_scans_cost_only_the_last_ten_are_not_paid_for(
            asked_ms in 50..10_000_u64,
            costs in costs(60),
        ) {
            let mut governor = governor(asked_ms);
            let made = play(&mut governor, &costs);
            for (index, last) in made.iter().enumerate() {
                let paid: Duration = costs[..(index + 1).saturating_sub(SPREAD)].iter().sum();
                prop_assert!(paid <= last.at.mul_f64(BUDGET_PERCENT / 100.0));
            }
        }

        #[test]
        fn scans_that_cost_nearly_the_same_do_not_swing_it(
            cost_us in 100..1_000_000_u64,
            noise in proptest::collection::vec(0.92..1.08_f64, 300),
        ) {
            let mut governor = governor(50);
            let (mut last, mut changes) = (Duration::ZERO, 0);
            for (index, noise) in noise.into_iter().enumerate() {
                governor.spent(Duration::from_micros(cost_us).mul_f64(noise));
                changes += u32::from(index > SPREAD && governor.interval() != last);
                last = governor.interval();
            }
            prop_assert!(changes <= 3, "{changes} changes");
        }
    }

    #[test]
    fn an_interval_that_was_stretched_comes_back_to_the_one_asked_for() {
        let mut governor = governor(1000);
        play(&mut governor, &[Duration::from_millis(30)]);
        assert!(governor.interval() > Duration::from_secs(1));
        play(&mut governor, &[Duration::from_millis(6); SPREAD]);
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn costs_that_come_and_go_by_turns_do_not_swing_it() {
        for period in 2..=SPREAD / 2 {
            let mut governor = governor(50);
            let costs: Vec<Duration> = (0..1000)
                .map(|scan| Duration::from_millis(if scan % period == 0 { 40 } else { 4 }))
                .collect();
            play(&mut governor, &costs[..period * SPREAD]);
            let changes = costs[period * SPREAD..]
                .iter()
                .filter(|&&cost| governor.spent(cost).is_some())
                .count();
            assert_eq!(changes, 0, "every {period} scans");
        }
    }

    #[test]
    fn a_dear_first_scan_is_paid_for_within_the_first_minute() {
        let mut governor = governor(1000);
        let mut costs = [Duration::from_millis(43); 40];
        costs[0] = Duration::from_millis(120);
        let made = play(&mut governor, &costs);
        assert!(is_within_budget(&made));
        // Nobody knows that the second will be cheaper; from then on it is spread.
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
    fn a_crowd_that_comes_is_believed_after_two_scans_and_one_that_left_after_ten() {
        let mut governor = governor(1000);
        play(&mut governor, &[Duration::from_millis(2); 20]);
        assert_eq!(governor.interval(), Duration::from_secs(1));
        let dear = Duration::from_millis(45);
        governor.spent(dear);
        let change = governor.spent(dear).expect("it has to slow down");
        assert_eq!(change.to, governor.interval());
        assert!(governor.interval() > Duration::from_secs(6));
        assert_eq!(change.reason, "a scan costs 45 ms, budget 0.75 %");
        play(&mut governor, &[Duration::from_millis(2); 10]);
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn another_interval_is_taken_as_far_as_the_budget_goes() {
        let told = |change: Option<Change<Duration>>| {
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
        assert_eq!(
            told(governor.ask(Duration::from_secs(10))),
            Some((60_000, 10_000, "asked for".into()))
        );
        assert_eq!(told(governor.ask(Duration::from_secs(10))), None);
        play(&mut governor, &[Duration::from_millis(43); 20]);
        assert_eq!(governor.interval(), Duration::from_secs(10));
        let (from_ms, to_ms, reason) =
            told(governor.ask(Duration::from_millis(50))).expect("it is shorter");
        assert_eq!(from_ms, 10_000);
        assert!((6000..8000).contains(&to_ms), "{to_ms}");
        assert_eq!(
            reason,
            "50 ms asked for, but a scan costs 43 ms, budget 0.75 %"
        );
        let stretched = governor.interval();
        // It is what the budget takes for either of the two.
        assert_eq!(told(governor.ask(Duration::from_secs(1))), None);
        assert_eq!(governor.interval(), stretched);
        assert_eq!(
            told(governor.ask(Duration::from_secs(30))),
            Some((to_ms, 30_000, "asked for".into()))
        );
        let made = play(&mut governor, &[Duration::from_millis(43); 20]);
        assert!(is_within_budget(&made));
        let mut free = Governor::new(Duration::from_secs(1), None);
        play(&mut free, &[Duration::from_secs(1); 3]);
        assert_eq!(
            told(free.ask(Duration::from_secs(2))),
            Some((1000, 2000, "asked for".into()))
        );
    }

    #[test]
    fn without_a_budget_it_never_slows_down() {
        let mut governor = Governor::new(Duration::from_secs(1), None);
        assert!(governor.spent(Duration::from_secs(9)).is_none());
        assert_eq!(governor.interval(), Duration::from_secs(1));
    }

    #[test]
    fn costs_beyond_all_bounds_are_endured() {
        let mut governor = governor(50);
        governor.spent(Duration::MAX);
        governor.spent(Duration::ZERO);
        assert!(governor.interval() > Duration::from_secs(1 << 31));
    }
}

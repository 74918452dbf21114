//! Tests of [`Ladder`] by a made-up clock.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::ladder::Ladder;
use crate::model::ListenStep;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1000 * MS;

/// The time between two settlements.
const TICK: u64 = 20 * MS;

/// CPU time of a life at each step, in nanoseconds, about as measured.
const USUAL: [u64; 5] = [62_000, 30_000, 7_000, 3_000, 0];

/// A host whose clock is made up.
struct Host {
    ladder: Ladder,
    percent: f64,
    costs: [u64; 5],
    now_ns: u64,
    started: u64,
    /// The part of a life that is due.
    due: f64,
    random: u64,
    /// What was spent in each second of the last ten minutes, and the most in any ten minutes.
    spent: VecDeque<u64>,
    window: u64,
    most_in_window: u64,
    most_at_once: u64,
    /// Each change: when, and to which step.
    changes: Vec<(u64, ListenStep)>,
    ticks_at: [u64; 5],
}

impl Host {
    fn new(percent: f64, costs: [u64; 5]) -> Self {
        Self {
            ladder: Ladder::new(Some(percent), ListenStep::Prompt, 0),
            percent,
            costs,
            now_ns: 0,
            started: 0,
            due: 0.0,
            random: 1,
            spent: VecDeque::new(),
            window: 0,
            most_in_window: 0,
            most_at_once: 0,
            changes: Vec::new(),
            ticks_at: [0; 5],
        }
    }

    /// Returns a number from 0 to 2, 1 on average.
    fn noise(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % 2001) as f64 / 1000.0
    }

    /// Runs for a time with so many lives per second.
    fn run(&mut self, seconds: u64, rate: f64) {
        for _ in 0..seconds {
            let mut second = 0;
            for _ in 0..SECOND / TICK {
                self.now_ns += TICK;
                let step = self.ladder.step();
                self.ticks_at[step as usize] += 1;
                let per_tick = rate * TICK as f64 / SECOND as f64;
                self.due += per_tick * self.noise();
                let lives = self.due as u64;
                self.due -= lives as f64;
                self.started += lives;
                let per_life = self.costs[step as usize] as f64 * (0.5 + self.noise() / 2.0);
                let cost = (lives as f64 * per_life) as u64;
                let heard = if step == ListenStep::Deaf { 0 } else { lives };
                self.most_at_once = self.most_at_once.max(cost);
                second += cost;
                self.ladder.spend(cost, heard, self.now_ns);
                let after = self.ladder.step();
                if after != step {
                    assert!(self.ladder.take_reason().is_some());
                    self.changes.push((self.now_ns, after));
                }
            }
            // A scan.
            self.ladder.count(self.started, self.now_ns);
            self.window += second;
            self.spent.push_back(second);
            if self.spent.len() > 600 {
                self.window -= self.spent.pop_front().unwrap_or_default();
            }
            self.most_in_window = self.most_in_window.max(self.window);
        }
    }

    fn step(&self) -> ListenStep {
        self.ladder.step()
    }

    /// Returns the most that was spent in ten minutes, as a part of what may be spent, without the
    /// last expense of each step, which nothing announces.
    fn share(&self) -> f64 {
        let may_ns = self.percent / 100.0 * 600.0 * SECOND as f64;
        (self.most_in_window as f64 - 4.0 * self.most_at_once as f64) / may_ns
    }

    /// Returns the most changes in an hour.
    fn changes_per_hour(&self) -> usize {
        let until = |from: u64| from + 3600 * SECOND;
        let in_hour = |from: u64| {
            let in_it = |(at, _): &&(u64, _)| (from..until(from)).contains(at);
            self.changes.iter().filter(in_it).count()
        };
        let starts = self.changes.iter().map(|(at, _)| in_hour(*at));
        starts.max().unwrap_or(0)
    }

    /// Returns what a step costs, as a part of what may be spent.
    fn cost_at(&self, step: usize, rate: f64) -> f64 {
        rate * self.costs[step] as f64 / SECOND as f64 / (self.percent / 100.0)
    }
}

#[test]
fn without_a_limit_each_exec_is_read_at_once() {
    let mut ladder = Ladder::new(None, ListenStep::Prompt, 0);
    for second in 1..1000 {
        ladder.spend(900 * MS, 10_000, second * SECOND);
    }
    assert_eq!(ladder.step(), ListenStep::Prompt);
}

#[test]
fn a_short_burst_is_paid_from_savings() {
    let mut host = Host::new(0.375, USUAL);
    host.run(60, 10.0);
    host.run(1, 1000.0);
    host.run(60, 10.0);
    assert_eq!(host.changes, []);
}

#[test]
fn a_storm_of_ten_minutes_ends_deaf_within_the_share_and_all_is_heard_again_after_it() {
    let mut host = Host::new(0.375, USUAL);
    host.run(60, 20.0);
    host.run(600, 5000.0);
    let steps: Vec<ListenStep> = host.changes.iter().map(|(_, step)| *step).collect();
    assert_eq!(steps, ListenStep::ALL[1..], "step by step");
    assert!(host.share() < 1.0, "{}", host.share());
    host.run(120, 20.0);
    assert_eq!(host.step(), ListenStep::Prompt);
    let up: Vec<ListenStep> = host.changes[4..].iter().map(|(_, step)| *step).collect();
    assert_eq!(up, [3, 2, 1, 0].map(|at| ListenStep::ALL[at]));
    assert!(host.share() < 1.0, "{}", host.share());
}

#[test]
fn waves_do_not_make_it_climb_and_fall_with_each_of_them() {
    let mut host = Host::new(0.375, USUAL);
    for _ in 0..240 {
        host.run(10, 5000.0);
        host.run(50, 10.0);
    }
    assert!(host.share() < 1.0, "{}", host.share());
    assert!(host.changes_per_hour() < 80, "{:?}", host.changes);
    let late = host.changes.iter().filter(|(at, _)| *at > 7200 * SECOND);
    assert!(late.count() < 120, "of two hours");
    host.run(1300, 10.0);
    assert_eq!(host.step(), ListenStep::Prompt);
}

#[test]
fn a_kernel_without_filters_goes_on_without_that_step() {
    let mut host = Host::new(0.375, USUAL);
    host.ladder.cannot_filter(0);
    host.run(600, 5000.0);
    host.run(200, 0.0);
    let exits_only = |(_, step): &(u64, ListenStep)| *step == ListenStep::ExitsOnly;
    assert!(!host.changes.iter().any(exits_only));
    assert_eq!(host.step(), ListenStep::Prompt);
}

#[test]
fn without_a_count_of_the_kernel_it_tries_again_after_a_while() {
    let mut ladder = Ladder::new(Some(0.375), ListenStep::Prompt, 0);
    let mut now_ns = 0;
    while ladder.step() != ListenStep::Deaf {
        now_ns += TICK;
        ladder.spend(20 * MS, 100, now_ns);
    }
    for _ in 0..10_000 {
        now_ns += TICK;
        ladder.spend(0, 0, now_ns);
    }
    assert_eq!(ladder.step(), ListenStep::Prompt);
}

#[test]
fn records_of_ends_go_before_command_lines_and_come_back_after_them() {
    const SECOND: u64 = 1_000_000_000;
    let mut ladder = Ladder::new(Some(0.5), ListenStep::Prompt, 0);
    let (mut now_ns, mut has, mut steps) = (0, true, vec![]);
    for second in 0..3000 {
        now_ns += SECOND;
        let (spent_ns, lives) = if second < 60 {
            (SECOND / 100, 200)
        } else {
            (0, 0)
        };
        ladder.spend(spent_ns, lives, now_ns);
        has = ladder.may_account(has);
        let step = (has, ladder.step());
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    let expected = [(true, ListenStep::Prompt), (false, ListenStep::Prompt)];
    assert_eq!(steps[..2], expected, "{steps:?}");
    assert!(
        steps.len() > 3 && steps.last() == Some(&expected[0]),
        "{steps:?}"
    );
    assert_eq!(
        ladder.why_no_account(),
        "CPU time is short, and events may cost 0.50 % of a core"
    );
    assert!(Ladder::new(None, ListenStep::Prompt, 0).may_account(false));
    let closest = Ladder::new(None, ListenStep::Gathered, 0);
    assert!(!closest.may_account(true));
    assert_eq!(
        closest.why_no_account(),
        "the source listens no more closely than gathered"
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_the_share_holds_and_the_step_fits(
        percent in 0.02..2.0_f64,
        exponent in 0.0..4.3_f64,
        factors in prop::array::uniform4(0.15..0.9_f64),
        per_life in 10_000.0..200_000.0_f64,
        seed in 1..u64::MAX,
    ) {
        let rate = 10_f64.powf(exponent);
        let mut costs = [0; 5];
        let mut cost = per_life;
        for (step, factor) in factors.iter().enumerate() {
            costs[step] = cost as u64;
            cost *= factor;
        }
        let mut host = Host::new(percent, costs);
        host.random = seed;
        host.run(5400, rate);
        prop_assert!(host.share() < 1.0, "{} of the share", host.share());
        prop_assert!(host.changes_per_hour() <= 24, "{:?}", host.changes);
        // Which step is the right one, where that is clear.
        let fits = (0..5).find(|step| host.cost_at(*step, rate) < 0.6).unwrap_or(4);
        let is_step = host.step() as usize;
        prop_assert!(is_step <= fits, "{is_step}, {fits} fits");
        host.ticks_at = [0; 5];
        host.run(1800, rate);
        let dear = (0..4).filter(|step| host.cost_at(*step, rate) > 1.3);
        let dear_ticks: u64 = dear.map(|step| host.ticks_at[step]).sum();
        prop_assert!(dear_ticks * 10 <= host.ticks_at.iter().sum(), "{:?}", host.ticks_at);
        // It climbs back.
        host.run(1300, 0.0);
        prop_assert_eq!(host.step(), ListenStep::Prompt);
        prop_assert!(host.share() < 1.0, "{} of the share", host.share());
    }

    #[test]
    fn a_load_that_changes_all_the_time_stays_within_the_share(
        loads in prop::collection::vec((1..300_u64, 0.0..4.0_f64), 1..40),
        seed in 1..u64::MAX,
    ) {
        let mut host = Host::new(0.375, USUAL);
        host.random = seed;
        for (seconds, exponent) in loads {
            host.run(seconds, 10_f64.powf(exponent));
        }
        prop_assert!(host.share() < 1.0, "{} of the share", host.share());
    }
}

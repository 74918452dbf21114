//! Decides how closely to listen, so that events cost no more than they may.
//!
//! Costs go in, the step comes out: no clock, no thread and no waiting in here.
//!
//! CPU time is earned at the allowed rate, saved up for a while, and spent. A step down follows when
//! it is used up. A step up needs savings, patience, and an estimate that it fits: what a life cost
//! at the upper step, as of the last step down from it, times the lives that come now. So a storm
//! that goes on is not tried again and again.

use std::time::Duration;

use super::load::{Costs, Rate};
use crate::model::ListenStep;

/// The part of the share that is earned. The rest pays for savings and overdrafts, so that the share
/// holds over any ten minutes.
const EARNED: f64 = 0.9;

/// CPU time that can be saved up: that of so many seconds.
const SAVED_SECONDS: f64 = 30.0;

/// What a step may cost beyond what is earned, before the next step down: of so many seconds.
const OVERDRAFT_SECONDS: f64 = 5.0;

/// The part of the earnings that a step up may be expected to cost.
const FITS: f64 = 0.75;

/// An estimate this many times as high as that may be wrong, and is tested now and then.
const DOUBTFUL: f64 = 4.0;

/// The time from any step to the next one up.
const APART: Duration = Duration::from_secs(10);

/// The time from a step down to the next one up: at first, and at most after steps that did not last.
const PATIENCE: Duration = APART;
const MOST_PATIENCE: Duration = Duration::from_secs(600);

/// How much longer it gets with each step up that did not last.
const MORE_PATIENCE: u32 = 4;

/// The time after which an estimate is tested: at first, and at most.
const TEST_AFTER: Duration = Duration::from_secs(600);
const TEST_AT_MOST: Duration = Duration::from_secs(3600);

/// A step up has lasted if no step down follows for so long.
const LASTING: Duration = Duration::from_secs(1200);

/// Chooses the step.
#[derive(Debug)]
pub(super) struct Ladder {
    /// CPU seconds per second; `None`: no limit.
    share: Option<f64>,
    step: ListenStep,
    /// It listens at most so closely.
    closest: ListenStep,
    /// Why it is this step, until it was taken.
    reason: Option<String>,
    /// The kernel can report exits alone.
    can_filter: bool,
    /// CPU seconds that are left.
    left: f64,
    /// A step down follows when less is left.
    floor: f64,
    settled_ns: u64,
    changed_ns: u64,
    /// The last step down, and the last one up.
    lowered_ns: u64,
    raised_ns: Option<u64>,
    patience: Duration,
    test_after: Duration,
    /// Lives, threads included, per second.
    lives: Rate,
    /// The kernel's count at the last scan; `None` if it has none.
    started: Option<u64>,
    /// At this step.
    costs: Costs,
    /// CPU seconds that a life cost at each step, as of the last step down from it.
    per_life: [Option<f64>; ListenStep::ALL.len()],
}

impl Ladder {
    /// `percent` is what events may cost, in percent of one core. `closest` is the first step.
    pub(super) fn new(percent: Option<f64>, closest: ListenStep, now_ns: u64) -> Self {
        let share = percent.map(|percent| percent / 100.0);
        Self {
            share,
            step: closest,
            closest,
            reason: None,
            can_filter: true,
            left: share.unwrap_or_default() * SAVED_SECONDS,
            floor: 0.0,
            settled_ns: now_ns,
            changed_ns: now_ns,
            lowered_ns: now_ns,
            raised_ns: None,
            patience: PATIENCE,
            test_after: TEST_AFTER,
            lives: Rate::new(now_ns),
            started: None,
            costs: Costs::new(now_ns),
            per_life: [None; ListenStep::ALL.len()],
        }
    }

    pub(super) fn step(&self) -> ListenStep {
        self.step
    }

    /// Returns whether there is CPU time for what is dropped first: the records of ends. It `has` them
    /// already, or not.
    pub(super) fn may_account(&self, has: bool) -> bool {
        let least = if has { 0.25 } else { 0.75 };
        let is_saved = |share: f64| self.left >= share * SAVED_SECONDS * least;
        self.step == ListenStep::Prompt && self.share.is_none_or(is_saved)
    }

    /// Returns why there is none, for people.
    pub(super) fn why_no_account(&self) -> String {
        match self.share {
            _ if self.closest != ListenStep::Prompt => {
                format!("the source listens no more closely than {}", self.closest)
            }
            Some(share) => format!(
                "CPU time is short, and events may cost {} of a core",
                Percent(share)
            ),
            None => format!("the source listens {} alone", self.step),
        }
    }

    /// Returns why the step has changed, once.
    pub(super) fn take_reason(&mut self) -> Option<String> {
        self.reason.take()
    }

    /// Takes CPU time into account, and the lives that were heard since the last call.
    pub(super) fn spend(&mut self, spent_ns: u64, lives: u64, now_ns: u64) {
        let Some(share) = self.share else { return };
        let spent = seconds(spent_ns);
        let earned = share * EARNED * seconds(now_ns.saturating_sub(self.settled_ns));
        self.settled_ns = self.settled_ns.max(now_ns);
        let most = share * SAVED_SECONDS;
        self.left = (self.left + earned).min(most) - spent;
        self.costs.add(spent, lives, now_ns);
        if self.step != ListenStep::Deaf {
            self.lives.add(lives, now_ns);
        }
        if self.left < self.floor {
            self.step_down(share, now_ns);
        } else if self.left >= most / 2.0 {
            self.step_up(share, now_ns);
        }
    }

    /// Takes the kernel's count of started processes and threads into account, at a scan.
    pub(super) fn count(&mut self, started: u64, now_ns: u64) {
        let before = self.started.replace(started);
        if self.step == ListenStep::Deaf
            && let Some(before) = before
        {
            self.lives.add(started.saturating_sub(before), now_ns);
        }
    }

    /// Leaves out the step that needs a filter, since this kernel has none.
    pub(super) fn cannot_filter(&mut self, now_ns: u64) {
        self.can_filter = false;
        if self.step == ListenStep::ExitsOnly {
            let reason = "this kernel cannot report exits alone".into();
            self.change(ListenStep::Deaf, reason, now_ns);
        }
    }

    /// Changes the step, for a test.
    #[cfg(test)]
    pub(super) fn force(&mut self, step: ListenStep, now_ns: u64) {
        self.change(step, "a test".into(), now_ns);
    }

    fn step_down(&mut self, share: f64, now_ns: u64) {
        let at = ListenStep::ALL.iter().position(|step| *step == self.step);
        let below = at.and_then(|at| ListenStep::ALL[at + 1..].iter().find(|to| self.has(**to)));
        let (Some(at), Some(&below)) = (at, below) else {
            return;
        };
        if let Some(per_life) = self.costs.per_life() {
            self.per_life[at] = Some(per_life);
        }
        self.lowered_ns = now_ns;
        let since = |at_ns: u64| Duration::from_nanos(now_ns.saturating_sub(at_ns));
        match self.raised_ns.map(since) {
            Some(ago) if ago < LASTING => {
                self.patience = (self.patience * MORE_PATIENCE).min(MOST_PATIENCE);
            }
            _ => (self.patience, self.test_after) = (PATIENCE, TEST_AFTER),
        }
        self.floor = self.left.min(0.0) - share * OVERDRAFT_SECONDS;
        let reason = format!(
            "events cost {} of a core, and may cost {}",
            Percent(self.costs.share()),
            Percent(share)
        );
        self.change(below, reason, now_ns);
    }

    fn step_up(&mut self, share: f64, now_ns: u64) {
        let at = ListenStep::ALL.iter().position(|step| *step == self.step);
        let may = |to: &&ListenStep| **to >= self.closest && self.has(**to);
        let above = at.and_then(|at| ListenStep::ALL[..at].iter().rfind(may));
        let since = |at_ns: u64| Duration::from_nanos(now_ns.saturating_sub(at_ns));
        let waited = since(self.lowered_ns);
        let is_time = waited >= self.patience && since(self.changed_ns) >= APART;
        let Some(&above) = above.filter(|_| is_time) else {
            return;
        };
        let expected = self.expected(above);
        let fits = share * EARNED * FITS;
        if expected.is_some_and(|expected| expected > fits) {
            let is_doubtful = expected.is_some_and(|expected| expected <= fits * DOUBTFUL);
            if !is_doubtful || waited < self.test_after {
                return;
            }
            self.test_after = (self.test_after * 2).min(TEST_AT_MOST);
        }
        self.raised_ns = Some(now_ns);
        self.floor = 0.0;
        let reason = match expected {
            Some(expected) if expected <= fits => format!(
                "events are expected to cost {} of a core, and may cost {}",
                Percent(expected),
                Percent(share)
            ),
            _ => format!(
                "what events cost is tested; they may cost {}",
                Percent(share)
            ),
        };
        self.change(above, reason, now_ns);
    }

    /// Returns what events are expected to cost at a step, in CPU seconds per second, if it is known.
    fn expected(&self, step: ListenStep) -> Option<f64> {
        if self.step == ListenStep::Deaf && self.started.is_none() {
            return None;
        }
        Some(self.per_life[step as usize]? * self.lives.per_second())
    }

    fn has(&self, step: ListenStep) -> bool {
        self.can_filter || step != ListenStep::ExitsOnly
    }

    fn change(&mut self, to: ListenStep, reason: String, now_ns: u64) {
        self.step = to;
        self.reason = Some(reason);
        self.changed_ns = now_ns;
        self.costs = Costs::new(now_ns);
    }
}

fn seconds(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

/// A share as percent, with two digits that count.
struct Percent(f64);

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = self.0 * 100.0;
        match percent {
            10.0.. => write!(f, "{percent:.0} %"),
            1.0.. => write!(f, "{percent:.1} %"),
            0.1.. => write!(f, "{percent:.2} %"),
            _ => write!(f, "{percent:.3} %"),
        }
    }
}

//! What a running scanner makes of each scan's cost and outcome: the wait for the next one.

use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;

use super::breaker::{Breaker, Outcome};
use super::change::Change;
use super::governor::Governor;
use crate::config::Config;
use crate::metrics::{CpuClock, CpuThread, Meter, Observation};
use crate::model::{BreakerState, Pace, Pacing, Transition};
use crate::scanner::core::Scanned;

/// When the next scan is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scanner) enum Next {
    /// At the next beat of this interval.
    Beat(Duration),
    /// So long from now.
    In(Duration),
}

/// Governor and breaker, and the clocks that they are fed from.
pub(in crate::scanner) struct Throttle {
    governor: Governor,
    breaker: Breaker,
    /// Another interval that was asked for, to be told with the next scan.
    asked: Option<Change<Duration>>,
    meter: Arc<Meter>,
    covers_callbacks: bool,
    /// This thread's.
    own: CpuClock,
    /// That of the other threads which count.
    others: Duration,
    /// `None` where the clocks tell a single scan's CPU time.
    smooth: Option<Smooth>,
}

/// The CPU time of scans by a clock whose steps are longer than a scan: what they have used together,
/// shared out by the time that each took.
#[derive(Debug, Default)]
struct Smooth {
    cpu_s: f64,
    wall_s: f64,
}

impl Smooth {
    /// What was long ago counts less and less: a hundredth less with each scan.
    const KEPT: f64 = 0.99;

    fn share(&mut self, cpu: Duration, wall: Duration, step: Duration) -> Duration {
        // Until a step has passed, one may be about to.
        if self.wall_s == 0.0 {
            self.cpu_s = step.min(wall).as_secs_f64();
        }
        self.cpu_s = self.cpu_s * Self::KEPT + cpu.as_secs_f64();
        self.wall_s = self.wall_s * Self::KEPT + wall.as_secs_f64();
        match self.wall_s > 0.0 {
            true => wall.mul_f64(self.cpu_s / self.wall_s),
            false => cpu,
        }
    }
}

impl Throttle {
    /// Made on the thread that scans.
    pub(in crate::scanner) fn new(config: &Config, meter: Arc<Meter>) -> Self {
        Self {
            governor: Governor::new(config.interval(), config.cpu_budget_percent),
            breaker: Breaker::new(config, RandomState::new()),
            asked: None,
            covers_callbacks: config.budget_covers_callbacks,
            own: CpuClock::start(),
            others: others(&meter, config.budget_covers_callbacks),
            smooth: (CpuClock::STEP > Duration::from_millis(1)).then(Smooth::default),
            meter,
        }
    }

    pub(in crate::scanner) fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// From the start of one scan to the start of the next, while the breaker is not open.
    pub(in crate::scanner) fn interval(&self) -> Duration {
        self.governor.interval()
    }

    /// From now on this interval is asked for. When the next scan would be due, after the last.
    pub(in crate::scanner) fn ask(&mut self, interval: Duration) -> Next {
        if let Some(mut change) = self.governor.ask(interval) {
            if let Some(untold) = self.asked.take() {
                change.from = untold.from;
            }
            self.asked = (change.from != change.to).then_some(change);
        }
        self.next()
    }

    fn next(&mut self) -> Next {
        let interval = self.governor.interval();
        match self.breaker.wait(interval) {
            Some(wait) => Next::In(wait),
            None => Next::Beat(interval),
        }
    }

    /// Takes in a scan. Returns when the next one is due, and what the batch reports of that.
    pub(in crate::scanner) fn after(&mut self, scan: &Scanned) -> (Next, Pacing) {
        let facts = &scan.facts;
        let wall = Duration::from_micros(facts.cost.scan_us);
        let mut transitions = Vec::new();
        let cost = self.cost(wall, scan.elsewhere);
        let stretched = self.governor.spent(cost);
        for change in self.asked.take().into_iter().chain(stretched) {
            let (from_ms, to_ms) = (whole_ms(change.from), whole_ms(change.to));
            transitions.push(Transition::interval(from_ms, to_ms, change.reason));
        }
        let interval = self.governor.interval();
        let outcome = Outcome {
            is_failed: facts.failure.is_some(),
            is_late: scan.is_late,
            interval,
            wall,
            cpu: facts.cost.cpu_us.map(Duration::from_micros),
        };
        if let Some(change) = self.breaker.judge(outcome)
            // While it hung, that was reported already.
            && !(scan.was_reported_late && change.to == BreakerState::Open)
        {
            transitions.push(Transition::breaker(change.from, change.to, change.reason));
        }
        for transition in &transitions {
            log::info!("{transition}");
        }
        let pacing = Pacing {
            pace: Some(Pace::new(whole_ms(interval), self.breaker.state())),
            transitions,
        };
        (self.next(), pacing)
    }

    /// CPU time since the scan before of all threads that count. Where the system does not tell,
    /// the time that the scan took: it cannot have used more.
    fn cost(&mut self, wall: Duration, elsewhere: Duration) -> Duration {
        let own = self.own.lap().unwrap_or(wall) + elsewhere;
        self.meter.observe(Observation::CpuUsed {
            thread: CpuThread::Scan,
            spent: own,
        });
        let others = others(&self.meter, self.covers_callbacks);
        let before = std::mem::replace(&mut self.others, others);
        let cost = own + others.saturating_sub(before);
        match &mut self.smooth {
            Some(smooth) => smooth.share(cost, wall, CpuClock::STEP),
            None => cost,
        }
    }
}

/// Returns what threads other than the scanning one have used of the budget.
fn others(meter: &Meter, with_callbacks: bool) -> Duration {
    let callbacks = match with_callbacks {
        true => meter.cpu_used(CpuThread::Callbacks),
        false => Duration::ZERO,
    };
    meter.cpu_used(CpuThread::Dispatch) + callbacks
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_coarse_steps_does_not_swing_the_interval() {
        const STEP: Duration = Duration::from_micros(15_625);
        for true_ms in [2, 5, 7, 10, 20] {
            let cost = Duration::from_millis(true_ms);
            let mut governor = Governor::new(Duration::from_millis(50), Some(0.75));
            let mut smooth = Smooth::default();
            let (mut used, mut told, mut changes) = (Duration::ZERO, Duration::ZERO, 0);
            for scan in 0..2000 {
                used += cost;
                // The clock tells whole steps.
                let now = STEP * u32::try_from(used.as_micros() / STEP.as_micros()).expect("few");
                let share = smooth.share(now - told, cost, STEP);
                told = now;
                let change = governor.spent(share);
                changes += u32::from(scan >= 200 && change.is_some());
            }
            assert!(changes <= 5, "{changes} changes at {true_ms} ms");
            let meant = cost.as_secs_f64() / 0.0075;
            let is = governor.interval().as_secs_f64();
            assert!(is > meant && is < meant * 1.6, "{is} s at {true_ms} ms");
        }
    }
}

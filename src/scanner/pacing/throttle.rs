//! Computes the wait for the next scan from cost and result of each scan.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ahash::RandomState;

use super::breaker::{Breaker, Outcome};
use super::change::Change;
use super::costs::ScanCost;
use super::governor::Governor;
use crate::config::Config;
use crate::metrics::{CpuClock, CpuThread, Meter, Observation};
use crate::model::{BreakerState, Event, Pace, Pacing, Transition};
use crate::scanner::core::Scanned;

/// When the next scan is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scanner) enum Next {
    /// At the next multiple of this interval.
    EveryInterval(Duration),
    /// This long from now.
    After(Duration),
}

/// Governor, breaker, and the clocks that they use.
pub(in crate::scanner) struct Throttle {
    governor: Governor,
    /// The governor counts time from here.
    started: Instant,
    breaker: Breaker,
    /// A change by a requested interval, to be reported with the next scan.
    requested: Option<Change<Duration>>,
    meter: Arc<Meter>,
    covers_callbacks: bool,
    /// CPU clock of this thread.
    own: CpuClock,
    /// CPU time of the other threads that count.
    others: Duration,
    /// Share of new processes in the last batch.
    new_share: f64,
    /// `None` where the clock is fine enough for a single scan.
    smooth: Option<Smooth>,
}

/// Estimates the CPU time of a scan where the clock's steps are longer than a scan: the sum is
/// divided among the scans by their wall time.
#[derive(Debug, Default)]
struct Smooth {
    cpu_s: f64,
    wall_s: f64,
}

impl Smooth {
    /// Weight that older scans keep with each new scan.
    const DECAY: f64 = 0.99;

    fn share(&mut self, cpu: Duration, wall: Duration, step: Duration) -> Duration {
        // Before the first step, a step may be about to come.
        if self.wall_s == 0.0 {
            self.cpu_s = step.min(wall).as_secs_f64();
        }
        self.cpu_s = self.cpu_s * Self::DECAY + cpu.as_secs_f64();
        self.wall_s = self.wall_s * Self::DECAY + wall.as_secs_f64();
        match self.wall_s > 0.0 {
            true => wall.mul_f64(self.cpu_s / self.wall_s),
            false => cpu,
        }
    }
}

impl Throttle {
    /// Must be called on the thread that scans, for its CPU clock.
    pub(in crate::scanner) fn new(config: &Config, meter: Arc<Meter>) -> Self {
        Self {
            governor: Governor::new(
                config.interval(),
                config.max_interval(),
                config.cpu_budget_percent,
            ),
            started: Instant::now(),
            breaker: Breaker::new(config, RandomState::new()),
            requested: None,
            covers_callbacks: config.budget_covers_callbacks,
            own: CpuClock::start(),
            others: others(&meter, config.budget_covers_callbacks),
            new_share: 0.0,
            smooth: (CpuClock::STEP > Duration::from_millis(1)).then(Smooth::default),
            meter,
        }
    }

    pub(in crate::scanner) fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// Returns the time from the start of one scan to the start of the next, while the breaker is
    /// not open.
    pub(in crate::scanner) fn interval(&self) -> Duration {
        self.governor.interval()
    }

    /// Sets the requested interval. Returns when the scan after the last one is due with it.
    pub(in crate::scanner) fn request(&mut self, interval: Duration) -> Next {
        if let Some(mut change) = self.governor.request(interval) {
            if let Some(pending) = self.requested.take() {
                change.from = pending.from;
            }
            self.requested = (change.from != change.to).then_some(change);
        }
        self.next()
    }

    fn next(&mut self) -> Next {
        let interval = self.governor.interval();
        match self.breaker.wait(interval) {
            Some(wait) => Next::After(wait),
            None => Next::EveryInterval(interval),
        }
    }

    /// Counts a scan. Returns when the next one is due, and what the batch reports about it.
    pub(in crate::scanner) fn after(&mut self, scan: &Scanned) -> (Next, Pacing) {
        let facts = &scan.facts;
        let wall = Duration::from_micros(facts.cost.scan_us);
        let mut transitions = Vec::new();
        let cost = self.cost(wall, scan);
        let began = self.started.elapsed().saturating_sub(wall);
        let by_budget = self.governor.record(began, cost);
        for change in self.requested.take().into_iter().chain(by_budget) {
            let (from_ms, to_ms) = (whole_ms(change.from), whole_ms(change.to));
            transitions.push(Transition::interval(from_ms, to_ms, change.reason));
        }
        transitions.extend_from_slice(&scan.hearing);
        if let Some(change) = self.governor.budget_change() {
            transitions.push(Transition::budget(change.is_exceeded, change.reason));
        }
        let interval = self.governor.interval();
        let outcome = Outcome {
            is_failed: facts.failure.is_some(),
            is_late: scan.is_late,
            interval,
            wall,
            cpu: facts.cost.cpu_us.map(Duration::from_micros),
        };
        if let Some(change) = self.breaker.record(outcome)
            // The dispatcher reported it while the scan hung.
            && !(scan.was_reported_late && change.to == BreakerState::Open)
        {
            transitions.push(Transition::breaker(change.from, change.to, change.reason));
        }
        for transition in &transitions {
            log::info!("{transition}");
        }
        (self.next(), self.pacing(transitions))
    }

    /// Returns what a batch reports about the interval and the breaker.
    pub(in crate::scanner) fn pacing(&self, transitions: Vec<Transition>) -> Pacing {
        let interval_ms = whole_ms(self.governor.interval());
        Pacing {
            pace: Some(Pace::new(interval_ms, self.breaker.state())),
            transitions,
        }
    }

    /// Returns the CPU time of all threads that count, since the scan before. Where the system does
    /// not report it, the wall time of the scan, which is an upper limit.
    fn cost(&mut self, wall: Duration, scan: &Scanned) -> ScanCost {
        let own = self.own.lap().unwrap_or(wall) + scan.other_cpu;
        self.meter.observe(Observation::CpuUsed {
            thread: CpuThread::Scan,
            spent: own,
        });
        let others = others(&self.meter, self.covers_callbacks);
        let before = std::mem::replace(&mut self.others, others);
        let total = own + others.saturating_sub(before);
        // What came before the scan was the delivery of the last batch. New processes in it are
        // delivered once, as they are read once.
        let in_scan = scan.facts.cost.cpu_us.map_or(own, Duration::from_micros);
        let share = std::mem::replace(&mut self.new_share, new_share(&scan.facts.events));
        let delivered = total.saturating_sub(in_scan).mul_f64(share);
        let total = match &mut self.smooth {
            Some(smooth) => smooth.share(total, wall, CpuClock::STEP),
            None => total,
        };
        let first_reads = (scan.first_reads + delivered).min(total);
        ScanCost {
            first_reads,
            settled: total - first_reads,
        }
    }
}

/// Returns the share of processes that a consumer did not have before, from 0 to 1.
fn new_share(events: &[Event]) -> f64 {
    let is_new = |event: &&Event| matches!(event, Event::Existing { .. } | Event::Created { .. });
    match events.len() {
        0 => 0.0,
        len => events.iter().filter(is_new).count() as f64 / len as f64,
    }
}

/// Returns the CPU time of the other threads that count against the budget.
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
    use crate::model::{Cost, Facts, ProcessInfo, ProcessKey};

    #[test]
    fn delivering_new_processes_counts_as_reading_them() {
        const DELIVERY: Duration = Duration::from_secs(1000);
        let meter = Arc::new(Meter::new(1000));
        let mut throttle = Throttle::new(&Config::default(), Arc::clone(&meter));
        let scan = |events| Scanned {
            facts: Facts {
                events,
                cost: Cost {
                    cpu_us: Some(0),
                    ..Cost::default()
                },
                ..Facts::default()
            },
            other_cpu: Duration::ZERO,
            first_reads: Duration::ZERO,
            hearing: Vec::new(),
            is_late: false,
            was_reported_late: false,
            is_last: false,
        };
        let process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        });
        let batches = [vec![Event::Existing(process)], Vec::new(), Vec::new()];
        let costs = batches.map(|events| {
            let cost = throttle.cost(Duration::ZERO, &scan(events));
            // The batch of this scan is delivered before the next one.
            meter.observe(Observation::CpuUsed {
                thread: CpuThread::Dispatch,
                spent: DELIVERY,
            });
            cost
        });
        let near = |cost: Duration| cost > DELIVERY / 2;
        assert!(near(costs[1].first_reads) && !near(costs[1].settled));
        assert!(near(costs[2].settled) && !near(costs[2].first_reads));
    }

    #[test]
    fn a_coarse_clock_does_not_change_the_interval() {
        const STEP: Duration = Duration::from_micros(15_625);
        for true_ms in [2, 5, 7, 10, 20] {
            let cost = Duration::from_millis(true_ms);
            let mut governor = Governor::new(Duration::from_millis(50), None, Some(0.75));
            let mut at = Duration::ZERO;
            let mut smooth = Smooth::default();
            let (mut used, mut seen, mut changes) = (Duration::ZERO, Duration::ZERO, 0);
            for scan in 0..2000 {
                used += cost;
                // The clock only returns whole steps.
                let now = STEP * u32::try_from(used.as_micros() / STEP.as_micros()).expect("few");
                let share = smooth.share(now - seen, cost, STEP);
                seen = now;
                let cost = ScanCost {
                    settled: share,
                    ..ScanCost::default()
                };
                at += governor.interval();
                let change = governor.record(at, cost);
                changes += u32::from(scan >= 200 && change.is_some());
            }
            assert!(changes <= 5, "{changes} changes at {true_ms} ms");
            let target = cost.as_secs_f64() / 0.0075;
            let is = governor.interval().as_secs_f64();
            assert!(is > target && is < target * 1.6, "{is} s at {true_ms} ms");
        }
    }
}

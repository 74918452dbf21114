//! When to leave a host alone that cannot be scanned, and when to come back.
//!
//! What became of each scan goes in, the state and the wait for the next one come out: no clock, no
//! thread, no wait in here.

use std::time::Duration;

use ahash::RandomState;

use super::change::Change;
use crate::config::Config;
use crate::dispatch::late;
use crate::model::BreakerState;

/// So many scans in a row that waited for a CPU, or for the kernel, show an overloaded host.
const WAITS_IN_A_ROW: u32 = 5;

/// A shorter wait is nothing to spare a host, whatever it is in proportion to the work.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// Nor is one that leaves most of the interval: a program at a low priority waits on any busy host.
/// But this long is long at any interval.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// So many good scans in a row close the breaker, the probe that half opened it included.
const GOOD_IN_A_ROW: u32 = 3;

/// The first probe comes after so many intervals; each further one waits twice as long as the last.
const FIRST_WAIT_INTERVALS: u32 = 2;

/// How far a wait is drawn from what it is meant to be, either way, so that the scanners of a fleet
/// do not all come back in the same moment.
const JITTER: f64 = 0.2;

/// The breaker and what it counts.
#[derive(Debug)]
pub(super) struct Breaker {
    failed_to_open: u32,
    max_wait: Duration,
    wait_ratio: Option<f64>,
    state: BreakerState,
    failed: u32,
    waited: u32,
    good: u32,
    /// How often it has opened since it was closed.
    opened: u32,
    /// Where the jitter comes from.
    random: RandomState,
    draws: u64,
}

/// What became of a scan.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    pub(super) is_failed: bool,
    /// It took longer than it may.
    pub(super) is_late: bool,
    /// Between scans as they are made now.
    pub(super) interval: Duration,
    pub(super) wall: Duration,
    /// `None` where the system does not tell.
    pub(super) cpu: Option<Duration>,
}

impl Breaker {
    pub(super) fn new(config: &Config, random: RandomState) -> Self {
        Self {
            failed_to_open: config.breaker_failed_scans,
            max_wait: Duration::from_millis(config.breaker_max_wait_ms),
            wait_ratio: config.overload_wait_ratio,
            state: BreakerState::Closed,
            failed: 0,
            waited: 0,
            good: 0,
            opened: 0,
            random,
            draws: 0,
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// Takes in what became of a scan.
    pub(super) fn judge(&mut self, scan: Outcome) -> Option<Change<BreakerState>> {
        let waits = self.waits(scan);
        count(&mut self.failed, scan.is_failed);
        count(&mut self.waited, waits);
        let is_bad = scan.is_failed || scan.is_late || waits;
        count(&mut self.good, !is_bad);
        let reason = self.complaint(scan);
        match self.state {
            BreakerState::Closed => self.change(BreakerState::Open, reason?),
            BreakerState::Open | BreakerState::HalfOpen if is_bad => {
                // A single bad one is enough here, so that there need not be a complaint.
                let reason = reason.unwrap_or_else(|| self.probe_complaint(scan));
                self.change(BreakerState::Open, reason)
            }
            BreakerState::Open => self.change(BreakerState::HalfOpen, "a good probe".into()),
            BreakerState::HalfOpen if self.good >= GOOD_IN_A_ROW => self.change(
                BreakerState::Closed,
                format!("{GOOD_IN_A_ROW} good scans in a row"),
            ),
            BreakerState::HalfOpen => None,
        }
    }

    /// How long to wait for the next scan, from the end of the last; `None` unless it is open.
    pub(super) fn wait(&mut self, interval: Duration) -> Option<Duration> {
        if self.state != BreakerState::Open {
            return None;
        }
        let doublings = self.opened.saturating_sub(1).min(31);
        let meant = interval.saturating_mul(FIRST_WAIT_INTERVALS);
        let meant = meant.saturating_mul(1 << doublings);
        // So that none is drawn beyond the limit, and none below the interval.
        let meant = meant
            .min(self.max_wait.div_f64(1.0 + JITTER))
            .max(interval.div_f64(1.0 - JITTER));
        self.draws += 1;
        let drawn = self.random.hash_one(self.draws) as f64 / u64::MAX as f64;
        Some(meant.mul_f64(1.0 - JITTER + drawn * 2.0 * JITTER))
    }

    /// Whether the scan waited far longer than it worked.
    fn waits(&self, scan: Outcome) -> bool {
        let (Some(ratio), Some(cpu)) = (self.wait_ratio, scan.cpu) else {
            return false;
        };
        let waited = scan.wall.saturating_sub(cpu);
        let long = LONG_WAIT.min(scan.interval / 2).max(MIN_WAIT);
        waited >= long && waited.as_secs_f64() > cpu.as_secs_f64() * ratio
    }

    /// Why no more scans should be made for a while, if there is a reason.
    fn complaint(&self, scan: Outcome) -> Option<String> {
        if scan.is_late {
            return Some(late(scan.wall));
        }
        if self.failed >= self.failed_to_open {
            return Some(format!("{} failed scans in a row", self.failed));
        }
        (self.waited >= WAITS_IN_A_ROW).then(|| {
            format!(
                "{} scans in a row waited far longer than they worked, the last {}",
                self.waited,
                waited(scan)
            )
        })
    }

    fn probe_complaint(&self, scan: Outcome) -> String {
        match scan.is_failed {
            true => "the probe failed".into(),
            false => format!(
                "the probe waited far longer than it worked, {}",
                waited(scan)
            ),
        }
    }

    fn change(&mut self, to: BreakerState, reason: String) -> Option<Change<BreakerState>> {
        match to {
            BreakerState::Open => self.opened = self.opened.saturating_add(1),
            BreakerState::HalfOpen => {}
            BreakerState::Closed => self.opened = 0,
        }
        let from = std::mem::replace(&mut self.state, to);
        (from != to).then_some(Change { from, to, reason })
    }
}

fn waited(scan: Outcome) -> String {
    format!(
        "{:.0} ms for {:.0} ms of work",
        scan.wall.as_secs_f64() * 1e3,
        scan.cpu.unwrap_or_default().as_secs_f64() * 1e3
    )
}

/// Counts up, or begins anew.
fn count(in_a_row: &mut u32, once_more: bool) {
    *in_a_row = match once_more {
        true => in_a_row.saturating_add(1),
        false => 0,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const FAILED: Outcome = Outcome {
        is_failed: true,
        is_late: false,
        interval: SECOND,
        wall: Duration::from_millis(1),
        cpu: None,
    };
    const GOOD: Outcome = Outcome {
        is_failed: false,
        is_late: false,
        interval: SECOND,
        wall: Duration::from_millis(40),
        cpu: Some(Duration::from_millis(39)),
    };
    /// 500 ms of waiting for 40 of work.
    const OVERLOADED: Outcome = Outcome {
        is_failed: false,
        is_late: false,
        interval: SECOND,
        wall: Duration::from_millis(540),
        cpu: Some(Duration::from_millis(40)),
    };

    fn breaker() -> Breaker {
        Breaker::new(&Config::default(), RandomState::with_seeds(1, 2, 3, 4))
    }

    /// The transitions that these scans make, as `closed → open: reason`.
    fn judged(breaker: &mut Breaker, scans: &[Outcome]) -> Vec<String> {
        let changes = scans.iter().filter_map(|&scan| breaker.judge(scan));
        changes
            .map(|change| format!("{} → {}: {}", change.from, change.to, change.reason))
            .collect()
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_four_do_not() {
        let mut breaker = breaker();
        let scans = [FAILED, FAILED, FAILED, FAILED, GOOD];
        assert_eq!(judged(&mut breaker, &scans), [""; 0]);
        assert_eq!(breaker.wait(SECOND), None);
        assert_eq!(
            judged(&mut breaker, &[FAILED; 5]),
            ["closed → open: 5 failed scans in a row"]
        );
    }

    #[test]
    fn a_scan_past_its_deadline_opens_it_at_once() {
        let scan = Outcome {
            is_late: true,
            wall: Duration::from_millis(12_340),
            ..GOOD
        };
        assert_eq!(
            judged(&mut breaker(), &[scan]),
            ["closed → open: a scan took 12.3 s, longer than its deadline"]
        );
    }

    #[test]
    fn a_probe_that_is_late_is_a_bad_one() {
        let late = Outcome {
            is_late: true,
            wall: SECOND * 11,
            ..GOOD
        };
        let mut breaker = breaker();
        judged(&mut breaker, &[FAILED; 5]);
        assert_eq!(judged(&mut breaker, &[late]), [""; 0]);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(
            judged(&mut breaker, &[GOOD, late]),
            [
                "open → half_open: a good probe",
                "half_open → open: a scan took 11.0 s, longer than its deadline"
            ]
        );
    }

    #[test]
    fn an_overloaded_host_opens_it_after_five_scans() {
        let mut breaker = breaker();
        assert_eq!(judged(&mut breaker, &[OVERLOADED; 4]), [""; 0]);
        assert_eq!(judged(&mut breaker, &[GOOD]), [""; 0]);
        assert_eq!(
            judged(&mut breaker, &[OVERLOADED; 5]),
            [
                "closed → open: 5 scans in a row waited far longer than they worked, the last 540 ms \
                 for 40 ms of work"
            ]
        );
        assert_eq!(judged(&mut breaker, &[OVERLOADED]), [""; 0]);
        assert_eq!(
            judged(&mut breaker, &[GOOD, OVERLOADED]),
            [
                "open → half_open: a good probe",
                "half_open → open: the probe waited far longer than it worked, 540 ms for 40 ms of work"
            ]
        );
    }

    #[test]
    fn waits_that_are_short_or_not_told_or_not_minded_do_not_count() {
        let mut short = OVERLOADED;
        short.wall = Duration::from_millis(99);
        short.cpu = Some(Duration::from_millis(1));
        short.interval = Duration::from_millis(50);
        let mut not_told = OVERLOADED;
        not_told.cpu = None;
        // Most of its interval is left.
        let mut early = OVERLOADED;
        early.interval = SECOND * 2;
        for scan in [short, not_told, early] {
            assert_eq!(judged(&mut breaker(), &[scan; 20]), [""; 0]);
        }
        let config = Config {
            overload_wait_ratio: None,
            ..Config::default()
        };
        let mut breaker = Breaker::new(&config, RandomState::with_seeds(1, 2, 3, 4));
        assert_eq!(judged(&mut breaker, &[OVERLOADED; 20]), [""; 0]);
    }

    #[test]
    fn a_good_probe_half_opens_it_and_three_good_scans_close_it() {
        let mut breaker = breaker();
        judged(&mut breaker, &[FAILED; 5]);
        assert_eq!(
            judged(&mut breaker, &[FAILED, GOOD, GOOD, FAILED]),
            [
                "open → half_open: a good probe",
                "half_open → open: the probe failed"
            ]
        );
        assert_eq!(
            judged(&mut breaker, &[GOOD, GOOD, GOOD, GOOD]),
            [
                "open → half_open: a good probe",
                "half_open → closed: 3 good scans in a row"
            ]
        );
    }

    #[test]
    fn waits_double_up_to_the_cap_and_begin_anew_once_it_was_closed() {
        let mut breaker = breaker();
        judged(&mut breaker, &[FAILED; 5]);
        let is_near = |wait: Duration, seconds: u64| {
            let meant = Duration::from_secs(seconds);
            wait >= meant.mul_f64(0.8) && wait <= meant.mul_f64(1.2)
        };
        for seconds in [2, 4, 8, 16, 32] {
            let wait = breaker.wait(SECOND).expect("it is open");
            assert!(is_near(wait, seconds), "{wait:?} for {seconds} s");
            judged(&mut breaker, &[FAILED]);
        }
        for _ in 0..100 {
            judged(&mut breaker, &[FAILED]);
            let wait = breaker.wait(SECOND).expect("it is open");
            assert!(is_near(wait, 50) && wait <= SECOND * 60, "{wait:?}");
        }
        // It was not closed in between, so that the next wait is no shorter.
        judged(&mut breaker, &[GOOD, FAILED]);
        assert!(breaker.wait(SECOND).expect("it is open") >= SECOND * 40);
        judged(&mut breaker, &[GOOD, GOOD, GOOD]);
        judged(&mut breaker, &[FAILED; 5]);
        assert!(is_near(breaker.wait(SECOND).expect("it is open"), 2));
    }

    #[test]
    fn no_wait_is_shorter_than_the_interval_and_no_two_are_alike() {
        let mut breaker = breaker();
        judged(&mut breaker, &[FAILED; 5]);
        // At the limit too, and where the interval is longer than that.
        judged(&mut breaker, &[FAILED; 10]);
        for interval in [SECOND, SECOND * 50, SECOND * 600] {
            let waits: std::collections::HashSet<_> =
                (0..50).filter_map(|_| breaker.wait(interval)).collect();
            assert!(waits.len() > 40, "{waits:?}");
            assert!(waits.iter().all(|wait| *wait >= interval), "{waits:?}");
        }
    }
}

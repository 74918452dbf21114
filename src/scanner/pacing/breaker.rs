//! Decides when to stop scanning a host in trouble, and when to try again.
//!
//! Results of scans go in; the state and the wait for the next scan come out. No clock, no thread
//! and no waiting in here.

use std::time::Duration;

use ahash::RandomState;

use super::change::Change;
use crate::config::Config;
use crate::dispatch::late_reason;
use crate::model::BreakerState;

/// Scans in a row with long waits for a CPU or the kernel that indicate an overloaded host.
const WAITS_IN_A_ROW: u32 = 5;

/// A shorter wait never counts, whatever its ratio to the work.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// A wait that leaves half of the interval does not count: a low-priority program waits on any busy
/// host. But a wait of this length counts at any interval.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// Good scans in a row that close the breaker, including the probe that half opened it.
const GOOD_IN_A_ROW: u32 = 3;

/// Intervals until the first probe. Each further probe waits twice as long as the one before.
const FIRST_WAIT_INTERVALS: u32 = 2;

/// Random deviation of a wait, up or down, so that the scanners of a fleet do not all probe at
/// once.
const JITTER: f64 = 0.2;

/// The breaker and its counts.
#[derive(Debug)]
pub(super) struct Breaker {
    failed_to_open: u32,
    max_wait: Duration,
    wait_ratio: Option<f64>,
    state: BreakerState,
    failed: u32,
    waited: u32,
    good: u32,
    /// How often it has opened since it was last closed.
    opened: u32,
    /// Source of the jitter.
    random: RandomState,
    draws: u64,
}

/// The result of a scan, as the breaker needs it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    pub(super) is_failed: bool,
    /// It took longer than its deadline.
    pub(super) is_late: bool,
    /// The interval in use.
    pub(super) interval: Duration,
    pub(super) wall: Duration,
    /// `None` where the system does not report it.
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

    /// Counts a scan. Returns the change of state, if there is one.
    pub(super) fn record(&mut self, scan: Outcome) -> Option<Change<BreakerState>> {
        let waits = self.waits(scan);
        count(&mut self.failed, scan.is_failed);
        count(&mut self.waited, waits);
        let is_bad = scan.is_failed || scan.is_late || waits;
        count(&mut self.good, !is_bad);
        let reason = self.reason_to_open(scan);
        match self.state {
            BreakerState::Closed => self.change(BreakerState::Open, reason?),
            BreakerState::Open | BreakerState::HalfOpen if is_bad => {
                // One bad scan is enough here, so there may be no other reason.
                let reason = reason.unwrap_or_else(|| self.probe_failure(scan));
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

    /// Returns the wait from the end of the last scan to the next; `None` unless the breaker is
    /// open.
    pub(super) fn wait(&mut self, interval: Duration) -> Option<Duration> {
        if self.state != BreakerState::Open {
            return None;
        }
        let doublings = self.opened.saturating_sub(1).min(31);
        let target = interval.saturating_mul(FIRST_WAIT_INTERVALS);
        let target = target.saturating_mul(1 << doublings);
        // So that no wait exceeds the limit or is shorter than the interval.
        let target = target
            .min(self.max_wait.div_f64(1.0 + JITTER))
            .max(interval.div_f64(1.0 - JITTER));
        self.draws += 1;
        let drawn = self.random.hash_one(self.draws) as f64 / u64::MAX as f64;
        Some(target.mul_f64(1.0 - JITTER + drawn * 2.0 * JITTER))
    }

    /// Returns whether the scan waited far longer than it worked.
    fn waits(&self, scan: Outcome) -> bool {
        let (Some(ratio), Some(cpu)) = (self.wait_ratio, scan.cpu) else {
            return false;
        };
        let waited = scan.wall.saturating_sub(cpu);
        let long = LONG_WAIT.min(scan.interval / 2).max(MIN_WAIT);
        waited >= long && waited.as_secs_f64() > cpu.as_secs_f64() * ratio
    }

    /// Returns the reason to open the breaker, if there is one.
    fn reason_to_open(&self, scan: Outcome) -> Option<String> {
        if scan.is_late {
            return Some(late_reason(scan.wall));
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

    fn probe_failure(&self, scan: Outcome) -> String {
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
        "{:.0}ms for {:.0}ms of work",
        scan.wall.as_secs_f64() * 1e3,
        scan.cpu.unwrap_or_default().as_secs_f64() * 1e3
    )
}

/// Increments the count, or resets it.
fn count(in_a_row: &mut u32, is_another: bool) {
    *in_a_row = match is_another {
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
    /// 500 ms of waiting for 40 ms of work.
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

    /// Returns the transitions that these scans cause, as `closed → open: reason`.
    fn transitions(breaker: &mut Breaker, scans: &[Outcome]) -> Vec<String> {
        let changes = scans.iter().filter_map(|&scan| breaker.record(scan));
        changes
            .map(|change| format!("{} → {}: {}", change.from, change.to, change.reason))
            .collect()
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_four_do_not() {
        let mut breaker = breaker();
        let scans = [FAILED, FAILED, FAILED, FAILED, GOOD];
        assert_eq!(transitions(&mut breaker, &scans), [""; 0]);
        assert_eq!(breaker.wait(SECOND), None);
        assert_eq!(
            transitions(&mut breaker, &[FAILED; 5]),
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
            transitions(&mut breaker(), &[scan]),
            ["closed → open: a scan took 12.3s, longer than its deadline"]
        );
    }

    #[test]
    fn a_late_probe_is_bad() {
        let late = Outcome {
            is_late: true,
            wall: SECOND * 11,
            ..GOOD
        };
        let mut breaker = breaker();
        transitions(&mut breaker, &[FAILED; 5]);
        assert_eq!(transitions(&mut breaker, &[late]), [""; 0]);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(
            transitions(&mut breaker, &[GOOD, late]),
            [
                "open → half_open: a good probe",
                "half_open → open: a scan took 11.0s, longer than its deadline"
            ]
        );
    }

    #[test]
    fn an_overloaded_host_opens_it_after_five_scans() {
        let mut breaker = breaker();
        assert_eq!(transitions(&mut breaker, &[OVERLOADED; 4]), [""; 0]);
        assert_eq!(transitions(&mut breaker, &[GOOD]), [""; 0]);
        assert_eq!(
            transitions(&mut breaker, &[OVERLOADED; 5]),
            [
                "closed → open: 5 scans in a row waited far longer than they worked, the last 540ms \
                 for 40ms of work"
            ]
        );
        assert_eq!(transitions(&mut breaker, &[OVERLOADED]), [""; 0]);
        assert_eq!(
            transitions(&mut breaker, &[GOOD, OVERLOADED]),
            [
                "open → half_open: a good probe",
                "half_open → open: the probe waited far longer than it worked, 540ms for 40ms of work"
            ]
        );
    }

    #[test]
    fn short_unknown_and_disabled_waits_do_not_count() {
        let mut short = OVERLOADED;
        short.wall = Duration::from_millis(99);
        short.cpu = Some(Duration::from_millis(1));
        short.interval = Duration::from_millis(50);
        let mut unknown = OVERLOADED;
        unknown.cpu = None;
        // It leaves most of its interval.
        let mut early = OVERLOADED;
        early.interval = SECOND * 2;
        for scan in [short, unknown, early] {
            assert_eq!(transitions(&mut breaker(), &[scan; 20]), [""; 0]);
        }
        let config = Config {
            overload_wait_ratio: None,
            ..Config::default()
        };
        let mut breaker = Breaker::new(&config, RandomState::with_seeds(1, 2, 3, 4));
        assert_eq!(transitions(&mut breaker, &[OVERLOADED; 20]), [""; 0]);
    }

    #[test]
    fn a_good_probe_half_opens_it_and_three_good_scans_close_it() {
        let mut breaker = breaker();
        transitions(&mut breaker, &[FAILED; 5]);
        assert_eq!(
            transitions(&mut breaker, &[FAILED, GOOD, GOOD, FAILED]),
            [
                "open → half_open: a good probe",
                "half_open → open: the probe failed"
            ]
        );
        assert_eq!(
            transitions(&mut breaker, &[GOOD, GOOD, GOOD, GOOD]),
            [
                "open → half_open: a good probe",
                "half_open → closed: 3 good scans in a row"
            ]
        );
    }

    #[test]
    fn waits_double_up_to_the_limit_and_restart_once_closed() {
        let mut breaker = breaker();
        transitions(&mut breaker, &[FAILED; 5]);
        let is_near = |wait: Duration, seconds: u64| {
            let target = Duration::from_secs(seconds);
            wait >= target.mul_f64(0.8) && wait <= target.mul_f64(1.2)
        };
        for seconds in [2, 4, 8, 16, 32] {
            let wait = breaker.wait(SECOND).expect("it is open");
            assert!(is_near(wait, seconds), "{wait:?} for {seconds} s");
            transitions(&mut breaker, &[FAILED]);
        }
        for _ in 0..100 {
            transitions(&mut breaker, &[FAILED]);
            let wait = breaker.wait(SECOND).expect("it is open");
            assert!(is_near(wait, 50) && wait <= SECOND * 60, "{wait:?}");
        }
        // The breaker was not closed in between, so the next wait is not shorter.
        transitions(&mut breaker, &[GOOD, FAILED]);
        assert!(breaker.wait(SECOND).expect("it is open") >= SECOND * 40);
        transitions(&mut breaker, &[GOOD, GOOD, GOOD]);
        transitions(&mut breaker, &[FAILED; 5]);
        assert!(is_near(breaker.wait(SECOND).expect("it is open"), 2));
    }

    #[test]
    fn no_wait_is_shorter_than_the_interval_and_waits_vary() {
        let mut breaker = breaker();
        transitions(&mut breaker, &[FAILED; 5]);
        // Also at the limit, and with an interval longer than the limit.
        transitions(&mut breaker, &[FAILED; 10]);
        for interval in [SECOND, SECOND * 50, SECOND * 600] {
            let waits: std::collections::HashSet<_> =
                (0..50).filter_map(|_| breaker.wait(interval)).collect();
            assert!(waits.len() > 40, "{waits:?}");
            assert!(waits.iter().all(|wait| *wait >= interval), "{waits:?}");
        }
    }
}

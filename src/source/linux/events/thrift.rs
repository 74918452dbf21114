//! How much is read of births and exits, so that they cost no more than they may.

use std::time::Duration;

/// CPU time that can be saved up: of so many seconds.
const CREDIT_SECONDS: f64 = 60.0;

/// How long a level is kept at least.
const HOLD: Duration = Duration::from_secs(1);

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Births, exits, and the command line at an exec.
    Everything,
    /// Births and exits. Command lines are left to scans.
    Lives,
    /// The number of births. Scans find the processes.
    Counts,
}

/// Lowers the level where events cost more than they may, and raises it when credit is there again.
#[derive(Debug)]
pub(super) struct Thrift {
    /// CPU seconds per second; `None`: no limit.
    share: Option<f64>,
    level: Level,
    /// CPU seconds that are left; negative after an expensive burst.
    credit: f64,
    /// Time of the last settlement, and of the last change of the level.
    settled_ns: u64,
    changed_ns: u64,
}

impl Thrift {
    /// `percent` is what events may cost, in percent of one core.
    pub(super) fn new(percent: Option<f64>, now_ns: u64) -> Self {
        let share = percent.map(|percent| percent / 100.0);
        Self {
            share,
            level: Level::Everything,
            credit: share.unwrap_or_default() * CREDIT_SECONDS,
            settled_ns: now_ns,
            changed_ns: now_ns,
        }
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Takes CPU time into account, in nanoseconds, and returns the level from now on.
    pub(super) fn spend(&mut self, spent_ns: u64, now_ns: u64) -> Level {
        let Some(share) = self.share else {
            return self.level;
        };
        let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
        let most = share * CREDIT_SECONDS;
        let earned = share * seconds(now_ns.saturating_sub(self.settled_ns));
        self.settled_ns = self.settled_ns.max(now_ns);
        self.credit = (self.credit + earned - seconds(spent_ns)).clamp(-most, most);
        let kept_ns = now_ns.saturating_sub(self.changed_ns);
        if u128::from(kept_ns) < HOLD.as_nanos() {
            return self.level;
        }
        let next = match self.level {
            Level::Everything if self.credit < 0.0 => Level::Lives,
            // The credit sinks further at this level.
            Level::Lives if self.credit < -most / 8.0 => Level::Counts,
            Level::Counts if self.credit > most / 2.0 => Level::Lives,
            Level::Lives if self.credit > most * 0.75 => Level::Everything,
            level => level,
        };
        if next != self.level {
            self.level = next;
            self.changed_ns = now_ns;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Runs for `seconds` with the CPU time that each level costs in a second, and returns the
    /// highest and the last level, and the share that was spent.
    fn run(percent: Option<f64>, costs_ms: [u64; 3], seconds: u64) -> (Level, Level, f64) {
        let mut thrift = Thrift::new(percent, 0);
        let (mut highest, mut spent_ns) = (Level::Everything, 0);
        for step in 1..=seconds * 50 {
            let cost_ns = costs_ms[thrift.level() as usize] * MS / 50;
            spent_ns += cost_ns;
            highest = highest.max(thrift.spend(cost_ns, step * 20 * MS));
        }
        let share = spent_ns as f64 / (seconds * 1000 * MS) as f64;
        (highest, thrift.level(), share)
    }

    #[test]
    fn without_a_limit_everything_is_read() {
        let (highest, ..) = run(None, [900; 3], 100);
        assert_eq!(highest, Level::Everything);
    }

    #[test]
    fn what_is_cheap_enough_stays_and_a_short_burst_passes() {
        assert_eq!(run(Some(0.5), [5, 2, 1], 600).0, Level::Everything);
        assert_eq!(run(Some(0.5), [50, 2, 1], 5).0, Level::Everything);
    }

    #[test]
    fn command_lines_go_first_and_then_all_but_the_count() {
        let (highest, _, share) = run(Some(0.5), [20, 4, 1], 600);
        assert_eq!(highest, Level::Lives);
        assert!(share < 0.0061, "{share}");
        let (highest, _, share) = run(Some(0.5), [50, 20, 1], 600);
        assert_eq!(highest, Level::Counts);
        assert!(share < 0.0065, "{share}");
    }

    #[test]
    fn everything_is_read_again_after_a_storm() {
        let mut thrift = Thrift::new(Some(0.5), 0);
        let mut now_ns = 0;
        while thrift.level() != Level::Counts {
            now_ns += 1000 * MS;
            thrift.spend(100 * MS, now_ns);
        }
        for _ in 0..120 {
            now_ns += 1000 * MS;
            thrift.spend(0, now_ns);
        }
        assert_eq!(thrift.level(), Level::Everything);
    }
}

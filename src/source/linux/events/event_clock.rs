//! Converts the times of the kernel's events.

use rustix::time::ClockId;

use crate::model::Timestamp;
use crate::source::exited::TICK_MS;
use crate::source::linux::proc::boot::{NS_PER_MS, ns};

/// The clocks differ by at least this much after a suspend. Less is the error of the measurement.
const SUSPENDED_NS: u64 = NS_PER_MS;

/// Relates the clock of events (CLOCK_MONOTONIC) to those of start times (CLOCK_BOOTTIME) and of
/// [`Timestamp::monotonic_ns`].
#[derive(Debug, Clone, Copy)]
pub(super) struct EventClock {
    /// CLOCK_MONOTONIC at the moment 0 of timestamps.
    origin_ns: u64,
    /// CLOCK_BOOTTIME less CLOCK_MONOTONIC: the time in suspends.
    suspended_ns: u64,
    /// When it was measured.
    measured_ns: u64,
    /// What it was before the last suspend, and when that was measured last.
    before: Option<(u64, u64)>,
}

/// When an event happened, by the clocks of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// As in [`Timestamp::monotonic_ns`].
    pub(super) at_ns: u64,
    /// Since boot, including suspends.
    pub(super) since_boot_ns: u64,
    /// False if the system was suspended just before or after.
    pub(super) is_sure: bool,
}

impl Moment {
    /// Returns the start time of a process that was born then, in ticks after boot.
    pub(super) fn ticks(self) -> u64 {
        self.since_boot_ns / (TICK_MS * NS_PER_MS)
    }
}

impl EventClock {
    pub(super) fn new() -> Self {
        let (origin_ns, _) = between(ClockId::Monotonic, Timestamp::monotonic_now_ns);
        let (suspended_ns, measured_ns) = suspended();
        Self {
            origin_ns,
            suspended_ns,
            measured_ns,
            before: None,
        }
    }

    /// Creates a clock by which all times are those of the events.
    #[cfg(test)]
    pub(super) fn without_suspends() -> Self {
        Self {
            origin_ns: 0,
            suspended_ns: 0,
            measured_ns: 0,
            before: None,
        }
    }

    /// Creates a clock that was measured at `until_ns`, before the system was suspended for
    /// `suspended_ns`.
    #[cfg(test)]
    pub(super) fn with_suspend(until_ns: u64, suspended_ns: u64) -> Self {
        let mut clock = Self::without_suspends();
        clock.measured_ns = until_ns;
        clock.update(suspended_ns, until_ns);
        clock
    }

    /// Measures the time in suspends again.
    pub(super) fn measure(&mut self) {
        let (suspended_ns, measured_ns) = suspended();
        self.update(suspended_ns, measured_ns);
    }

    fn update(&mut self, suspended_ns: u64, measured_ns: u64) {
        if suspended_ns.abs_diff(self.suspended_ns) >= SUSPENDED_NS {
            self.before = Some((self.suspended_ns, self.measured_ns));
            self.suspended_ns = suspended_ns;
        } else if let Some((_, until_ns)) = self.before
            && measured_ns > until_ns + 60_000 * NS_PER_MS
        {
            self.before = None;
        }
        self.measured_ns = measured_ns;
    }

    /// Returns the time in suspends so far, in nanoseconds.
    pub(super) fn suspended_ns(&self) -> u64 {
        self.suspended_ns
    }

    /// Converts the time of an event.
    pub(super) fn moment(&self, event_ns: u64) -> Moment {
        let (suspended_ns, is_sure) = match self.before {
            Some((before_ns, until_ns)) if event_ns <= until_ns => (before_ns, true),
            // It may have happened before the suspend or after it.
            Some((_, until_ns)) => (self.suspended_ns, event_ns > until_ns + 2000 * NS_PER_MS),
            None => (self.suspended_ns, true),
        };
        Moment {
            at_ns: event_ns.saturating_sub(self.origin_ns),
            since_boot_ns: event_ns.saturating_add(suspended_ns),
            is_sure,
        }
    }
}

/// Measures the time in suspends, and when it did that by CLOCK_MONOTONIC.
fn suspended() -> (u64, u64) {
    let (suspended_ns, measured_ns) = between(ClockId::Boottime, || ns(ClockId::Monotonic));
    match suspended_ns < SUSPENDED_NS {
        true => (0, measured_ns),
        false => (suspended_ns, measured_ns),
    }
}

/// Returns a clock less another one, and that other one. Of five readings, the fastest is used.
fn between(clock: ClockId, other: impl Fn() -> u64) -> (u64, u64) {
    let reading = || {
        let before_ns = other();
        let clock_ns = ns(clock);
        let took_ns = other().saturating_sub(before_ns);
        let at_ns = before_ns + took_ns / 2;
        (took_ns, clock_ns.saturating_sub(at_ns), at_ns)
    };
    let fastest = (0..5).map(|_| reading()).min().unwrap_or_default();
    (fastest.1, fastest.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_now_is_now() {
        let clock = EventClock::new();
        let before_ns = Timestamp::monotonic_now_ns();
        let moment = clock.moment(ns(ClockId::Monotonic));
        let after_ns = Timestamp::monotonic_now_ns();
        let (before_ns, after_ns) = (before_ns.saturating_sub(NS_PER_MS), after_ns + NS_PER_MS);
        assert!((before_ns..after_ns).contains(&moment.at_ns), "{moment:?}");
        assert!(moment.is_sure);
        assert!(ns(ClockId::Boottime).abs_diff(moment.since_boot_ns) < 5_000 * NS_PER_MS);
    }

    #[test]
    fn a_suspend_moves_the_start_times_after_it_and_not_those_before() {
        const SECOND: u64 = 1_000_000_000;
        let mut clock = EventClock {
            origin_ns: 0,
            suspended_ns: 0,
            measured_ns: 10 * SECOND,
            before: None,
        };
        clock.update(30, 11 * SECOND);
        assert_eq!(clock.moment(11 * SECOND).ticks(), 1100);
        clock.update(100 * SECOND, 12 * SECOND);
        let at = |seconds: u64| {
            let moment = clock.moment(seconds * SECOND);
            (moment.ticks(), moment.is_sure)
        };
        assert_eq!(at(11), (1100, true));
        assert_eq!(at(12), (11_200, false));
        assert_eq!(at(14), (11_400, true));
        clock.update(100 * SECOND, 80 * SECOND);
        assert!(clock.moment(12 * SECOND).is_sure);
    }
}

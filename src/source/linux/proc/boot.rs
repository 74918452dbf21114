//! The clock of start times on Linux.

use rustix::time::{ClockId, clock_getres, clock_gettime};

use crate::model::Timestamp;
use crate::source::exited::TICK_MS;

/// Nanoseconds in a millisecond.
pub(in crate::source) const NS_PER_MS: u64 = 1_000_000;

/// Returns the time between two ticks of the kernel, in which the scheduler counts CPU time: the
/// resolution of the coarse clock (clock_getres(2)).
pub(in crate::source) fn tick_ns() -> u64 {
    let resolution = clock_getres(ClockId::MonotonicCoarse);
    u64::try_from(resolution.tv_nsec).unwrap_or(0)
}

/// The moment of boot by the wall clock, as it was when this was made. It does not move with the
/// wall clock after that.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Boot {
    /// Milliseconds since the Unix epoch.
    ms: u64,
}

impl Boot {
    /// Computes the moment of boot to 10 ms, the unit of start times.
    ///
    /// The wall clock is read between two readings of the other clock; of five tries, the fastest
    /// is used.
    pub(in crate::source) fn now() -> Self {
        let (_, boot_ns) = (0..5)
            .map(|_| {
                let before_ns = ns(ClockId::Boottime);
                let wall_ns = ns(ClockId::Realtime);
                let apart_ns = ns(ClockId::Boottime).saturating_sub(before_ns);
                (apart_ns, wall_ns.saturating_sub(before_ns + apart_ns / 2))
            })
            .min()
            .unwrap_or_default();
        Self {
            ms: (boot_ns + TICK_MS * NS_PER_MS / 2) / (TICK_MS * NS_PER_MS) * TICK_MS,
        }
    }

    /// Creates the moment of boot of another system, in milliseconds since the Unix epoch.
    pub(in crate::source) fn at(ms: u64) -> Self {
        Self { ms }
    }

    /// Converts ticks after boot to milliseconds since the Unix epoch. `None` before the epoch.
    pub(in crate::source) fn start_time_ms(self, ticks: u64) -> Option<u64> {
        self.ms.checked_add_signed(after_boot_ms(ticks)?)
    }

    /// Converts nanoseconds after boot to milliseconds since the Unix epoch.
    pub(in crate::source) fn time_ms(self, since_boot_ns: u64) -> u64 {
        self.ms.saturating_add(since_boot_ns / NS_PER_MS)
    }

    /// Returns the next millisecond after now, since the Unix epoch: what is known by now has happened
    /// before.
    pub(in crate::source) fn by_now_ms(self) -> u64 {
        self.time_ms(ns(ClockId::Boottime)) + 1
    }

    /// Reads all clocks that a scan needs.
    pub(in crate::source) fn timestamp(self) -> Timestamp {
        let (at, since_ms) = Timestamp::now_with(since_ms);
        at.with_start_clock_ms(self.ms.saturating_add(since_ms))
    }
}

/// Converts ticks after boot, field 22 of `stat`, to milliseconds.
///
/// They are negative in a time namespace whose boot clock is behind (time_namespaces(7)), for
/// processes that are older than its zero. The kernel wraps the negative nanoseconds to 64 bits
/// without a sign, and then divides them (do_task_stat in fs/proc/array.c). `None` if ticks are too
/// many to be made in that way.
pub(in crate::source) fn after_boot_ms(ticks: u64) -> Option<i64> {
    let ns = ticks.checked_mul(TICK_MS * NS_PER_MS)?.cast_signed();
    Some(ns.div_euclid(NS_PER_MS.cast_signed()))
}

/// Returns the milliseconds since boot, including suspends: CLOCK_BOOTTIME, the clock of start
/// times.
pub(in crate::source) fn since_ms() -> u64 {
    ns(ClockId::Boottime) / NS_PER_MS
}

/// Reads a clock, in nanoseconds.
pub(in crate::source) fn ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest_ns = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1000 * NS_PER_MS)
        .saturating_add(rest_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_start_before_the_zero_of_the_boot_clock_are_negative() {
        assert_eq!(after_boot_ms(0), Some(0));
        assert_eq!(after_boot_ms(1234), Some(12_340));
        // What the kernel prints for a start 600 s, and 1 ns, before the zero.
        let printed = |ns: i64| ns.cast_unsigned() / (TICK_MS * NS_PER_MS);
        assert_eq!(after_boot_ms(printed(-1)), Some(-10));
        let before = after_boot_ms(printed(-600_000_000_000)).expect("a time");
        assert!((-600_010..=-600_000).contains(&before), "{before}");
        // Ticks that follow each other stay apart, also across the zero.
        let last = printed(-1);
        let times = [last - 1, last, 0, 1].map(after_boot_ms);
        let steps: Vec<i64> = times
            .windows(2)
            .map(|pair| pair[1].expect("a time") - pair[0].expect("a time"))
            .collect();
        assert_eq!(steps, [10, 10, 10]);
        assert_eq!(after_boot_ms(u64::MAX), None);
    }

    #[test]
    fn a_start_before_the_epoch_is_unknown() {
        let early = Boot::at(5000);
        assert_eq!(early.start_time_ms(7), Some(5070));
        let wrapped = |ms: i64| (ms * 1_000_000).cast_unsigned() / (TICK_MS * NS_PER_MS);
        let before = early.start_time_ms(wrapped(-2000)).expect("after 1970");
        assert!((2990..=3000).contains(&before), "{before}");
        assert_eq!(early.start_time_ms(wrapped(-6000)), None);
    }
}

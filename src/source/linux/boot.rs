//! The clock that start times are told by on Linux.

use rustix::time::{ClockId, clock_gettime};

use crate::model::Timestamp;

/// Start times are told in ticks of this many milliseconds: `USER_HZ` is 100 on every architecture
/// that sysinfo and we know (include/asm-generic/param.h).
pub(in crate::source) const TICK_MS: u64 = 10;

const NS_PER_MS: u64 = 1_000_000;

/// The moment of boot, as the wall clock had it when this was made. It does not move with the wall
/// clock after that.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Boot {
    /// Milliseconds from the Unix epoch.
    ms: u64,
}

impl Boot {
    /// By the wall clock as it is now, to the 10 ms that start times are told in: the wall clock read
    /// between two readings of the other, as close as a few tries get.
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

    /// What started so many ticks after boot, in milliseconds from the Unix epoch.
    pub(in crate::source) fn start_time_ms(self, ticks: u64) -> u64 {
        self.ms.saturating_add(ticks.saturating_mul(TICK_MS))
    }

    /// This moment, by all clocks that a scan needs.
    pub(in crate::source) fn timestamp(self) -> Timestamp {
        let start_clock_ms = self.ms.saturating_add(since_ms());
        Timestamp::now().with_start_clock_ms(start_clock_ms)
    }
}

/// Milliseconds since boot, suspends included: CLOCK_BOOTTIME, which start times are counted by.
pub(in crate::source) fn since_ms() -> u64 {
    ns(ClockId::Boottime) / NS_PER_MS
}

fn ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest_ns = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1000 * NS_PER_MS)
        .saturating_add(rest_ns)
}

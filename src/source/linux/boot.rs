//! The clock of start times on Linux.

use rustix::time::{ClockId, clock_gettime};

use crate::model::Timestamp;

/// Milliseconds in a tick, the unit of start times: `USER_HZ` is 100 on every architecture that
/// sysinfo and this crate know (include/asm-generic/param.h).
pub(in crate::source) const TICK_MS: u64 = 10;

const NS_PER_MS: u64 = 1_000_000;

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

    /// Converts ticks after boot to milliseconds since the Unix epoch.
    pub(in crate::source) fn start_time_ms(self, ticks: u64) -> u64 {
        self.ms.saturating_add(ticks.saturating_mul(TICK_MS))
    }

    /// Reads all clocks that a scan needs.
    pub(in crate::source) fn timestamp(self) -> Timestamp {
        let (at, since_ms) = Timestamp::now_with(since_ms);
        at.with_start_clock_ms(self.ms.saturating_add(since_ms))
    }
}

/// Returns the milliseconds since boot, including suspends: CLOCK_BOOTTIME, the clock of start
/// times.
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

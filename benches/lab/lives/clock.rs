//! The clock that the experiment and the scanner's process share.

use rustix::time::{ClockId, clock_gettime};

/// Returns nanoseconds since boot. Start times are of the same clock.
pub(super) fn now_ns() -> u64 {
    ns(ClockId::Boottime)
}

/// Returns the CPU time of this process in nanoseconds.
pub(super) fn cpu_ns() -> u64 {
    ns(ClockId::ProcessCPUTime)
}

fn ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
        + u64::try_from(time.tv_nsec).unwrap_or(0)
}

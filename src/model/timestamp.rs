//! The clocks of a scan.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One moment, by each clock that a scan needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timestamp {
    /// Wall clock: milliseconds since the Unix epoch.
    ///
    /// It may step forward or back.
    pub wall_ms: u64,
    /// Monotonic clock: nanoseconds from an arbitrary moment.
    ///
    /// It never goes back. CPU use is computed from it.
    pub monotonic_ns: u64,
    /// The clock of the source's start times: milliseconds since the Unix epoch.
    ///
    /// It includes suspends and never steps. Ages of processes are computed from it. `None`: the
    /// wall clock of the first scan, advanced by the monotonic clock.
    pub start_clock_ms: Option<u64>,
}

impl Timestamp {
    /// Creates a timestamp of a wall clock and a monotonic clock.
    ///
    /// The wall clock is in milliseconds since the Unix epoch, the monotonic one in nanoseconds.
    pub fn new(wall_ms: u64, monotonic_ns: u64) -> Self {
        Self {
            wall_ms,
            monotonic_ns,
            start_clock_ms: None,
        }
    }

    /// Sets the clock of start times, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn with_start_clock_ms(mut self, start_clock_ms: u64) -> Self {
        self.start_clock_ms = Some(start_clock_ms);
        self
    }

    /// Reads the clocks of this machine.
    ///
    /// A wall clock before 1970 counts as 1970.
    pub fn now() -> Self {
        Self::now_with(|| ()).0
    }

    /// Reads the clocks of this machine, and another clock at the same moment.
    ///
    /// The thread may be stopped between two clocks, and everything computed from their difference
    /// would be wrong. So a reading that takes long is repeated, and the fastest one counts.
    pub(crate) fn now_with<T>(read: impl Fn() -> T) -> (Self, T) {
        const ATTEMPTS: u32 = 5;
        const FAST_NS: u64 = 50_000;
        let attempt = || {
            let monotonic_ns = Self::monotonic_now_ns();
            let wall_ms = wall_now_ms();
            let other = read();
            let took_ns = Self::monotonic_now_ns().saturating_sub(monotonic_ns);
            (took_ns, (Self::new(wall_ms, monotonic_ns), other))
        };
        let mut fastest = attempt();
        for _ in 1..ATTEMPTS {
            if fastest.0 <= FAST_NS {
                break;
            }
            let next = attempt();
            if next.0 < fastest.0 {
                fastest = next;
            }
        }
        fastest.1
    }

    /// Reads the monotonic clock of [`now`](Self::now) alone, in nanoseconds: for the time of one
    /// reading.
    pub fn monotonic_now_ns() -> u64 {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        // The origin must be older than the reading, so it is made first.
        ORIGIN.elapsed().as_nanos() as u64
    }
}

fn wall_now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_reading_that_was_interrupted_is_repeated() {
        let readings = Cell::new(0);
        let (at, read_at_ns) = Timestamp::now_with(|| {
            let first = readings.replace(readings.get() + 1) == 0;
            let began_ns = Timestamp::monotonic_now_ns();
            // As if the thread had been stopped between the clocks.
            while first && Timestamp::monotonic_now_ns() < began_ns + 200_000_000 {}
            began_ns
        });
        assert!(readings.get() > 1);
        assert!(read_at_ns - at.monotonic_ns < 200_000_000);
    }
}

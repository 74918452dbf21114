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
        let monotonic_ns = Self::monotonic_now_ns();
        let wall_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        Self::new(wall_ms, monotonic_ns)
    }

    /// Reads the monotonic clock of [`now`](Self::now) alone, in nanoseconds: for the time of one reading.
    pub fn monotonic_now_ns() -> u64 {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        // The origin must be older than the reading, so it is made first.
        ORIGIN.elapsed().as_nanos() as u64
    }
}

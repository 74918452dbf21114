//! The clocks of a scan.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One moment by the clocks that a scan needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timestamp {
    /// Wall clock: milliseconds from the Unix epoch. It may step either way.
    pub wall_ms: u64,
    /// Monotonic clock: nanoseconds from an arbitrary moment. It never goes back. Rates are reckoned
    /// by it.
    pub monotonic_ns: u64,
    /// The clock that the source's start times are told by: milliseconds from the Unix epoch. It goes
    /// on while the system is suspended and never steps. Ages are reckoned by it. `None`: the wall
    /// clock of the first scan, carried on by the monotonic one.
    pub start_clock_ms: Option<u64>,
}

impl Timestamp {
    /// A moment by a wall clock, in milliseconds from the Unix epoch, and a monotonic clock, in
    /// nanoseconds.
    pub fn new(wall_ms: u64, monotonic_ns: u64) -> Self {
        Self {
            wall_ms,
            monotonic_ns,
            start_clock_ms: None,
        }
    }

    /// The same with what the clock of start times says, in milliseconds from the Unix epoch.
    #[must_use]
    pub fn with_start_clock_ms(mut self, start_clock_ms: u64) -> Self {
        self.start_clock_ms = Some(start_clock_ms);
        self
    }

    /// This moment. A wall clock set before 1970 counts as 1970.
    pub fn now() -> Self {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        // The origin must be older than the reading, so it is made first.
        let monotonic_ns = ORIGIN.elapsed().as_nanos() as u64;
        let wall_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        Self::new(wall_ms, monotonic_ns)
    }
}

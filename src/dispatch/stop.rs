//! The time limits of stopping.

use std::time::{Duration, Instant};

/// How long stopping waits for all threads together by default.
pub(crate) const STOP_WITHIN: Duration = Duration::from_millis(900);

/// Forever, as a time that a clock can still express: some 136 years.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The times until which stopping waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopLimits {
    pub(super) within: Duration,
    /// For consumers that block and whose queue is full.
    pub(super) room_by: Instant,
    /// For the current scan.
    pub(super) scan_by: Instant,
    /// For everything.
    pub(super) give_up_at: Instant,
}

impl StopLimits {
    /// Starts the clock now.
    pub(crate) fn of(within: Duration) -> Self {
        let within = within.min(FOR_EVER);
        let now = Instant::now();
        Self {
            within,
            // Early enough that a consumer that blocked still gets its lost count.
            room_by: now + within / 3,
            // The rest is for callbacks.
            scan_by: now + within / 6 * 5,
            give_up_at: now + within,
        }
    }
}

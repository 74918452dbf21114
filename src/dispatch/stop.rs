//! How long stopping waits, and for what.

use std::time::{Duration, Instant};

/// How long stopping waits for all threads together by default.
pub(crate) const STOP_WITHIN: Duration = Duration::from_millis(900);

/// For ever, and still a moment that a clock can express: some 136 years.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Until when stopping waits, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopLimits {
    pub(super) within: Duration,
    /// For consumers that block and have no room.
    pub(super) room_by: Instant,
    /// For the scan under way.
    pub(super) scan_by: Instant,
    /// For anything.
    pub(super) give_up_at: Instant,
}

impl StopLimits {
    /// Starts the clock now.
    pub(crate) fn of(within: Duration) -> Self {
        let within = within.min(FOR_EVER);
        let now = Instant::now();
        Self {
            within,
            // So that a consumer that waits for room gets its lost count before the end.
            room_by: now + within / 3,
            // What is left of it is for callbacks.
            scan_by: now + within / 6 * 5,
            give_up_at: now + within,
        }
    }
}

//! How much to measure.

use std::time::Duration;

pub(super) struct Plan {
    pub(super) is_quick: bool,
    /// Children on the large host.
    pub(super) many: usize,
    /// Children on the small host.
    pub(super) few: usize,
    pub(super) watch_time: Duration,
    /// Rounds of our scan beside others, one in a second.
    pub(super) rounds: usize,
    /// Rounds of a scan with the source `sysinfo` and of the refresh under it, without a pause.
    pub(super) bare_rounds: usize,
    /// Batches for each number of consumers.
    pub(super) batches: u64,
    /// Scans whose time is measured.
    pub(super) timed_scans: usize,
    /// Scans whose failures are counted.
    pub(super) counted_scans: u64,
    pub(super) soak_time: Duration,
}

impl Plan {
    pub(super) fn new(is_quick: bool) -> Self {
        let pick = |full, quick| if is_quick { quick } else { full };
        Self {
            is_quick,
            many: pick(3000, 100),
            few: pick(1000, 100),
            watch_time: Duration::from_secs(pick(60, 2) as u64),
            rounds: pick(40, 5),
            bare_rounds: pick(200, 5),
            batches: pick(100, 5) as u64,
            timed_scans: pick(200, 5),
            counted_scans: pick(2000, 50) as u64,
            soak_time: Duration::from_secs(pick(60, 2) as u64),
        }
    }
}

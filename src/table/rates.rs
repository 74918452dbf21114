//! CPU shares, and the thresholds from which a change is reported.

use std::ops::RangeInclusive;

use super::slot::Slot;
use crate::model::{Changes, Resources};

pub(super) const NS_PER_MS: u64 = 1_000_000;

/// Converts nanoseconds to milliseconds with a fraction.
///
/// The result is exact to the nanosecond for up to 104 days of CPU time.
pub(super) fn ns_to_ms(ns: u64) -> f64 {
    ns as f64 / NS_PER_MS as f64
}

/// The intervals that a CPU share is computed over: 10 ms to 3 hours.
///
/// CPU time moves in clock ticks, 10 ms on most systems, so shorter intervals are meaningless. Three hours
/// are three times the longest interval between two scans; a share over more does not describe the present.
const RATED_NS: RangeInclusive<u64> = 10 * NS_PER_MS..=3 * 3_600_000 * NS_PER_MS;

/// Returns the CPU share over an interval, in percent of one core.
///
/// `None` if a CPU time is unknown or went back, or if the interval is shorter than 10 ms or longer than
/// 3 hours.
pub(super) fn percent(old_ns: Option<u64>, new_ns: Option<u64>, interval_ns: u64) -> Option<f32> {
    let used_ns = new_ns?.checked_sub(old_ns?)?;
    RATED_NS
        .contains(&interval_ns)
        .then(|| (used_ns as f64 / interval_ns as f64 * 100.0) as f32)
}

/// How far a value must move to be reported again. Constant for a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    pub(super) cpu_percent: Option<f32>,
    pub(super) rss_bytes: Option<u64>,
}

impl Thresholds {
    /// Returns the measured values that moved far enough from the reported ones.
    pub(super) fn exceeded(&self, slot: &Slot) -> Changes {
        let reported = slot.reported();
        let mut changed = Changes::default();
        let cpu_differs = match self.cpu_percent {
            None => {
                reported.cpu_percent != slot.cpu_percent
                    || reported.cpu_time_ms != slot.cpu_time_ns.map(ns_to_ms)
            }
            Some(threshold) => match (reported.cpu_percent, slot.cpu_percent) {
                (Some(old), Some(new)) => (old - new).abs() >= threshold,
                (old, new) => old.is_some() != new.is_some(),
            },
        };
        if cpu_differs {
            changed.insert(Changes::CPU);
        }
        if reported.resources != slot.resources {
            changed.insert(self.resources(&reported.resources, &slot.resources));
        }
        changed
    }

    /// Returns the plain values that differ. Memory has a threshold of its own, of 1 byte or more.
    fn resources(&self, reported: &Resources, now: &Resources) -> Changes {
        let differing = Changes::between(reported, now);
        match (self.rss_bytes, reported.rss_bytes, now.rss_bytes) {
            (Some(threshold), Some(old), Some(new)) if old.abs_diff(new) < threshold => {
                differing.without(Changes::RSS)
            }
            _ => differing,
        }
    }
}

//! What is measured of a process: rates, and whether a change is worth telling.

use std::ops::RangeInclusive;

use super::slot::Slot;
use crate::model::{Changes, Resources};

pub(super) const NS_PER_MS: u64 = 1_000_000;

/// Nanoseconds as milliseconds with a fraction; exact to the nanosecond for 104 days of CPU time.
pub(super) fn ns_to_ms(ns: u64) -> f64 {
    ns as f64 / NS_PER_MS as f64
}

/// Over a shorter interval CPU time has not had the time to make a step (a clock tick, 10 ms on most
/// systems); over a longer one, three times the longest there is between two scans, a share says nothing
/// of the present.
const RATED_NS: RangeInclusive<u64> = 10 * NS_PER_MS..=3 * 3_600_000 * NS_PER_MS;

pub(super) fn percent(old_ns: Option<u64>, new_ns: Option<u64>, interval_ns: u64) -> Option<f32> {
    let used_ns = new_ns?.checked_sub(old_ns?)?;
    RATED_NS
        .contains(&interval_ns)
        .then(|| (used_ns as f64 / interval_ns as f64 * 100.0) as f32)
}

/// How far a value must move before it is reported again. Constant for a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    pub(super) cpu_percent: Option<f32>,
    pub(super) rss_bytes: Option<u64>,
}

impl Thresholds {
    /// Which measured values are far enough from what was last told of them.
    pub(super) fn exceeded(&self, slot: &Slot) -> Changes {
        let told = slot.told();
        let mut changed = Changes::default();
        let cpu_differs = match self.cpu_percent {
            None => {
                told.cpu_percent != slot.cpu_percent
                    || told.cpu_time_ms != slot.cpu_time_ns.map(ns_to_ms)
            }
            Some(threshold) => match (told.cpu_percent, slot.cpu_percent) {
                (Some(old), Some(new)) => (old - new).abs() >= threshold,
                (old, new) => old.is_some() != new.is_some(),
            },
        };
        if cpu_differs {
            changed.insert(Changes::CPU);
        }
        if told.resources != slot.resources {
            changed.insert(self.resources(&told.resources, &slot.resources));
        }
        changed
    }

    /// Which plain values differ. Memory has a threshold of its own, of 1 byte or more.
    fn resources(&self, told: &Resources, now: &Resources) -> Changes {
        let differing = Changes::between(told, now);
        match (self.rss_bytes, told.rss_bytes, now.rss_bytes) {
            (Some(threshold), Some(old), Some(new)) if old.abs_diff(new) < threshold => {
                differing.without(Changes::RSS)
            }
            _ => differing,
        }
    }
}

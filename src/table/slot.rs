//! A place for one process in the table.

use crate::model::{ProcessInfo, Resources, Status};

/// A place for one process.
#[derive(Debug)]
pub(super) struct Slot {
    /// The process as it was last told: what a fold of the batches has. `None` while free.
    pub(super) told: Option<ProcessInfo>,
    /// The last known start time; differs from the told one where that was unknown at first.
    pub(super) start_time_ms: Option<u64>,
    /// The pass that last saw it.
    pub(super) pass: u32,
    /// The slot of the row that came after its own: where to look first in the next pass.
    pub(super) next: u32,
    /// Now, where the told values may lag behind by less than a threshold.
    pub(super) status: Option<Status>,
    pub(super) cpu_percent: Option<f32>,
    pub(super) cpu_time_ns: Option<u64>,
    /// The last CPU time that could be read, 0 if none could: what a successor's would be less than.
    pub(super) cpu_time_known_ns: u64,
    pub(super) resources: Resources,
    /// Monotonic time of the reading of `cpu_time_ns`.
    pub(super) cpu_read_at_ns: u64,
}

impl Slot {
    pub(super) fn told(&self) -> &ProcessInfo {
        self.told
            .as_ref()
            .expect("BUG: the index leads to taken slots only")
    }
}

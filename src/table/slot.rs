//! The place of one process in the table.

use crate::model::{Details, ProcessInfo, Resources, Status, Timestamp};

/// The place of one process.
///
/// It holds the reported values and the measured ones. Thresholds delay reports, so they can
/// differ.
#[derive(Debug)]
pub(super) struct Slot {
    /// The pid, so that a scan finds the slot without reading the values.
    pub(super) pid: u32,
    /// The values as last reported, which a consumer gets by applying all batches. `None`: the slot
    /// is free.
    pub(super) reported: Option<ProcessInfo>,
    /// The last known start time. The reported one stays `None` if it was unknown at first.
    pub(super) start_time_ms: Option<u64>,
    /// Number of the last scan that reported the process.
    pub(super) scan: u32,
    /// The slot of the row that followed in the last scan: the first guess in the next one.
    pub(super) next: u32,
    /// The last measured status.
    pub(super) status: Option<Status>,
    /// The last measured CPU share.
    pub(super) cpu_percent: Option<f32>,
    /// The last measured CPU time.
    pub(super) cpu_time_ns: Option<u64>,
    /// The last CPU time that could be read, or 0. A row with less belongs to another process.
    pub(super) cpu_time_known_ns: u64,
    /// The last measured plain values.
    pub(super) resources: Resources,
    /// The last measured details. Those that are not reported at once differ from the reported
    /// ones.
    pub(super) details: Details,
    /// Monotonic time at which `cpu_time_ns` was read.
    pub(super) cpu_read_at_ns: u64,
    /// That time is the process's own, not that of the scan.
    pub(super) has_own_time: bool,
    /// Its birth was heard, and no scan has read it yet.
    pub(super) is_unmeasured: bool,
}

impl Slot {
    /// Stores when the CPU time was read, and returns the time since it was read before.
    ///
    /// 0, over which no share is known, if one of the two is only the time of a scan: the reading
    /// can have come any time after that.
    pub(super) fn read_again(&mut self, read_at_ns: Option<u64>, at: Timestamp) -> u64 {
        let now_ns = read_at_ns.unwrap_or(at.monotonic_ns);
        let before_ns = std::mem::replace(&mut self.cpu_read_at_ns, now_ns);
        let had_own_time = std::mem::replace(&mut self.has_own_time, read_at_ns.is_some());
        match had_own_time == read_at_ns.is_some() {
            true => now_ns.saturating_sub(before_ns),
            false => 0,
        }
    }

    /// Returns the bytes of the details on the heap, reported and measured.
    pub(super) fn details_heap_bytes(&self) -> usize {
        let reported = self.reported.as_ref().map(|process| &process.details);
        let own = reported.filter(|details| !details.is_shared_with(&self.details));
        self.details.heap_bytes() + own.map_or(0, Details::heap_bytes)
    }

    /// Returns the values as last reported.
    ///
    /// # Panics
    ///
    /// Panics if the slot is free.
    pub(super) fn reported(&self) -> &ProcessInfo {
        self.reported
            .as_ref()
            .expect("BUG: the index has only slots in use")
    }
}

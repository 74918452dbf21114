//! The age of a process, by the clock of the start times.

use super::rates::{NS_PER_MS, percent};
use crate::model::Timestamp;
use crate::source::{ProcessRow, SourceInfo};

/// The times that ages are measured from.
#[derive(Debug)]
pub(super) struct Ages {
    start_time_resolution_ms: u64,
    /// The first scan's time: its wall clock, advanced by the monotonic clock.
    origin: Option<Timestamp>,
    /// Time of the last trusted scan. A process that appears later started later or was hidden.
    last_trusted: Option<Timestamp>,
}

impl Ages {
    pub(super) fn new(source: &SourceInfo) -> Self {
        Self {
            // A source may set 0, but start times are whole milliseconds.
            start_time_resolution_ms: source.start_time_resolution_ms.max(1),
            origin: None,
            last_trusted: None,
        }
    }

    /// Begins a scan.
    pub(super) fn begin(&mut self, at: Timestamp) {
        self.origin.get_or_insert(at);
    }

    /// Records that the scan of this time is trusted.
    pub(super) fn mark_trusted(&mut self, at: Timestamp) {
        self.last_trusted = Some(at);
    }

    /// Returns whether no scan was trusted yet.
    pub(super) fn is_first(&self) -> bool {
        self.last_trusted.is_none()
    }

    /// Returns whether equal start times do not prove one process: they are in whole seconds.
    pub(super) fn is_coarse(&self) -> bool {
        self.start_time_resolution_ms >= 1000
    }

    /// Converts a time to the clock of the start times.
    ///
    /// It is the source's own clock, or else the first scan's wall clock, advanced by the monotonic clock.
    pub(super) fn start_clock_ms(&self, at: Timestamp) -> u64 {
        if let Some(start_clock_ms) = at.start_clock_ms {
            return start_clock_ms;
        }
        let origin = self.origin.unwrap_or(at);
        let since_ns = at.monotonic_ns.saturating_sub(origin.monotonic_ns);
        origin.wall_ms.saturating_add(since_ns / NS_PER_MS)
    }

    /// Returns the milliseconds from a start time to this scan; `None` for a start in the future.
    pub(super) fn age_ms(&self, start_time_ms: u64, at: Timestamp) -> Option<u64> {
        let now_ms = self.start_clock_ms(at);
        let latest = now_ms.saturating_add(self.start_time_resolution_ms);
        (start_time_ms <= latest).then(|| now_ms.saturating_sub(start_time_ms))
    }

    /// Returns whether a process started after the last trusted scan began, and before this one.
    ///
    /// The system's count of started processes is read when a scan begins, so later births are not in it.
    pub(super) fn is_birth(&self, row: &ProcessRow<'_>, at: Timestamp) -> bool {
        let (Some(start_time_ms), Some(last)) = (row.start_time_ms, self.last_trusted) else {
            return false;
        };
        let started_by = start_time_ms.saturating_add(self.start_time_resolution_ms);
        start_time_ms >= self.start_clock_ms(last) && started_by <= self.start_clock_ms(at)
    }

    /// Returns the CPU share of a new process over its own life, in percent of one core.
    ///
    /// `None` if it was born before the last trusted scan, if there is none, or if its start or CPU time is
    /// unknown. Its life counts as no shorter than the resolution of start times, and no longer than the time
    /// since that scan.
    pub(super) fn percent_of_life(&self, row: &ProcessRow<'_>, at: Timestamp) -> Option<f32> {
        let last = self.last_trusted?;
        let start_time_ms = row.start_time_ms?;
        let resolution_ms = self.start_time_resolution_ms;
        if start_time_ms.saturating_add(resolution_ms) < self.start_clock_ms(last) {
            return None;
        }
        // It may have started while the scan was on its way to it.
        let read_at_ns = row.read_at_ns.unwrap_or(at.monotonic_ns);
        let after_begin_ns = read_at_ns.saturating_sub(at.monotonic_ns);
        let read_at_clock_ns = self
            .start_clock_ms(at)
            .saturating_mul(NS_PER_MS)
            .saturating_add(after_begin_ns);
        let started_ns = start_time_ms.saturating_mul(NS_PER_MS);
        let resolution_ns = resolution_ms.saturating_mul(NS_PER_MS);
        if started_ns > read_at_clock_ns.saturating_add(resolution_ns) {
            return None;
        }
        let since_last_ns = read_at_ns.saturating_sub(last.monotonic_ns);
        let life_ns = read_at_clock_ns
            .saturating_sub(started_ns)
            .max(resolution_ns)
            .min(since_last_ns);
        percent(Some(0), row.cpu_time_ns, life_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_time_resolution_of_0_counts_as_1() {
        let mut source = SourceInfo::new("test");
        source.start_time_resolution_ms = 0;
        assert_eq!(Ages::new(&source).start_time_resolution_ms, 1);
    }
}

//! How old a process is, by the clock that its start time is measured with.

use super::rates::{NS_PER_MS, percent};
use crate::model::Timestamp;
use crate::source::{ProcessRow, SourceInfo};

/// What ages are measured from.
#[derive(Debug)]
pub(super) struct Ages {
    start_time_resolution_ms: u64,
    /// The first scan's time: its wall clock, advanced by the monotonic clock.
    origin: Option<Timestamp>,
    /// When a scan last showed all processes. What appears later started later or was hidden.
    last_whole: Option<Timestamp>,
}

impl Ages {
    pub(super) fn new(source: &SourceInfo) -> Self {
        Self {
            // The field is public: whatever its value, times are whole milliseconds.
            start_time_resolution_ms: source.start_time_resolution_ms.max(1),
            origin: None,
            last_whole: None,
        }
    }

    /// Begins a scan at this time.
    pub(super) fn begin(&mut self, at: Timestamp) {
        self.origin.get_or_insert(at);
    }

    /// Notes that the scan of this time has shown all processes.
    pub(super) fn mark_whole(&mut self, at: Timestamp) {
        self.last_whole = Some(at);
    }

    /// Whether no scan has shown all processes yet.
    pub(super) fn is_first(&self) -> bool {
        self.last_whole.is_none()
    }

    /// Whether equal start times do not prove one process.
    pub(super) fn is_coarse(&self) -> bool {
        self.start_time_resolution_ms >= 1000
    }

    /// A moment by the clock of start times: the source's own, or the first scan's wall clock carried
    /// on by the monotonic one.
    fn start_clock_ms(&self, at: Timestamp) -> u64 {
        if let Some(start_clock_ms) = at.start_clock_ms {
            return start_clock_ms;
        }
        let origin = self.origin.unwrap_or(at);
        let since_ns = at.monotonic_ns.saturating_sub(origin.monotonic_ns);
        origin.wall_ms.saturating_add(since_ns / NS_PER_MS)
    }

    /// Milliseconds from a start time to this scan. `None` for a start that is still to come.
    pub(super) fn age_ms(&self, start_time_ms: u64, at: Timestamp) -> Option<u64> {
        let now_ms = self.start_clock_ms(at);
        let latest = now_ms.saturating_add(self.start_time_resolution_ms);
        (start_time_ms <= latest).then(|| now_ms.saturating_sub(start_time_ms))
    }

    /// Whether a process started after the last whole scan began and before this one did. What started
    /// while this one was under way is not in its count of what was started.
    pub(super) fn is_newborn(&self, row: &ProcessRow<'_>, at: Timestamp) -> bool {
        let (Some(start_time_ms), Some(last)) = (row.start_time_ms, self.last_whole) else {
            return false;
        };
        let started_by = start_time_ms.saturating_add(self.start_time_resolution_ms);
        start_time_ms >= self.start_clock_ms(last) && started_by <= self.start_clock_ms(at)
    }

    /// CPU use of a process seen for the first time, over its own life, if it was born since the
    /// last whole scan.
    ///
    /// Its life is no shorter than start times are fine, and no longer than since that scan.
    pub(super) fn percent_of_life(&self, row: &ProcessRow<'_>, at: Timestamp) -> Option<f32> {
        let last = self.last_whole?;
        let start_time_ms = row.start_time_ms?;
        let resolution_ms = self.start_time_resolution_ms;
        if start_time_ms.saturating_add(resolution_ms) < self.start_clock_ms(last) {
            return None;
        }
        let since_last_ns = at.monotonic_ns.saturating_sub(last.monotonic_ns);
        let life_ns = self
            .age_ms(start_time_ms, at)?
            .max(resolution_ms)
            .saturating_mul(NS_PER_MS)
            .min(since_last_ns);
        percent(Some(0), row.cpu_time_ns, life_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_times_are_no_finer_than_a_millisecond() {
        let mut source = SourceInfo::new("test");
        source.start_time_resolution_ms = 0;
        assert_eq!(Ages::new(&source).start_time_resolution_ms, 1);
    }
}

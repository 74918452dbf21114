//! The one clock of a history.

use process_scanner::Batch;

/// The latest time: what JavaScript's `Date` and most formats can still represent.
const LATEST_MS: u64 = 8_640_000_000_000_000;

/// Times of batches in milliseconds since the Unix epoch, which never go back.
///
/// They are those of the clock of start times, which does not step and runs through a suspend. Where a batch has
/// none, the monotonic clock adds what has passed; without any, the first batch has its wall clock time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimeAxis {
    /// The last known time in milliseconds, and the monotonic time of that batch in nanoseconds.
    known: Option<(u64, u64)>,
    /// The monotonic time of the last batch.
    last_ns: u64,
    /// The latest time so far.
    latest_ms: u64,
    /// The last batch is of a time that the recording before has too.
    is_behind: bool,
    /// A recording has begun.
    has_begun: bool,
    /// The most that a recording began before the end of the one before.
    pub(crate) overlap_ms: u64,
}

impl TimeAxis {
    /// Returns the time of a batch. The first one sets the axis.
    pub(crate) fn of(&mut self, batch: &Batch) -> u64 {
        let is_next_recording = batch.full && std::mem::replace(&mut self.has_begun, true);
        // Another recording follows, perhaps of another host, or after a restart.
        if is_next_recording || batch.monotonic_ns < self.last_ns {
            self.known = None;
        }
        self.last_ns = batch.monotonic_ns;
        if let Some(start_clock_ms) = batch.start_clock_ms {
            self.known = Some((start_clock_ms, batch.monotonic_ns));
        }
        let (known_ms, monotonic_ns) = *self
            .known
            .get_or_insert((batch.taken_at_ms, batch.monotonic_ns));
        let since_ms = batch.monotonic_ns.saturating_sub(monotonic_ns) / 1_000_000;
        let at_ms = bounded(known_ms.saturating_add(since_ms));
        if is_next_recording {
            let behind_ms = self.latest_ms.saturating_sub(at_ms);
            self.overlap_ms = self.overlap_ms.max(behind_ms);
            self.is_behind = behind_ms > 0;
        }
        self.is_behind &= at_ms <= self.latest_ms;
        self.latest_ms = self.latest_ms.max(at_ms);
        self.latest_ms
    }

    /// Returns whether the last batch is of a time that the recording before has too.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind
    }
}

/// Limits a time to what can be represented: a recording can contain any.
pub(super) fn bounded(ms: u64) -> u64 {
    ms.min(LATEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_wall_clock_moves_no_time() {
        let mut axis = TimeAxis::default();
        let mut at = |wall_ms: u64, monotonic_ms: u64| {
            let mut batch = Batch::new(2, wall_ms, Vec::new());
            batch.monotonic_ns = monotonic_ms * 1_000_000;
            axis.of(&batch)
        };
        assert_eq!(at(5000, 70), 5000);
        assert_eq!(at(2000, 1070), 6000);
        assert_eq!(at(90_000, 2071), 7001);
        // The host has restarted.
        assert_eq!(at(90_000, 10), 90_000);
        assert_eq!(at(1000, 510), 90_500);
        assert_eq!(at(80_000, 10), 90_500);
    }

    #[test]
    fn a_suspend_is_part_of_the_time() {
        let mut axis = TimeAxis::default();
        let mut at = |start_clock_ms: Option<u64>, monotonic_ms: u64| {
            let mut batch = Batch::new(2, 77, Vec::new());
            batch.monotonic_ns = monotonic_ms * 1_000_000;
            batch.start_clock_ms = start_clock_ms;
            axis.of(&batch)
        };
        assert_eq!(at(Some(5000), 70), 5000);
        assert_eq!(at(None, 570), 5500);
        assert_eq!(at(Some(90_000), 1070), 90_000);
        assert_eq!(at(None, 1071), 90_001);
    }

    #[test]
    fn recordings_that_overlap_are_found() {
        let mut axis = TimeAxis::default();
        let mut at = |wall_ms: u64, monotonic_ms: u64, full: bool| {
            let mut batch = Batch::new(1, wall_ms, Vec::new());
            batch.monotonic_ns = monotonic_ms * 1_000_000;
            batch.full = full;
            (axis.of(&batch), axis.is_behind(), axis.overlap_ms)
        };
        assert_eq!(at(1000, 1000, true), (1000, false, 0));
        assert_eq!(at(9000, 9000, false), (9000, false, 0));
        // A later monotonic time does not make it a later one: it can be of another host.
        assert_eq!(at(4000, 77_000, true), (9000, true, 5000));
        assert_eq!(at(5000, 78_000, false), (9000, true, 5000));
        assert_eq!(at(9500, 82_500, false), (9500, false, 5000));
        assert_eq!(at(20_000, 5, true), (20_000, false, 5000));
    }

    #[test]
    fn no_time_is_too_late_for_a_date() {
        let mut axis = TimeAxis::default();
        let batch = Batch::new(1, u64::MAX, Vec::new());
        assert_eq!(axis.of(&batch), LATEST_MS);
    }
}

//! Finds the times of which nothing is recorded.

use std::collections::VecDeque;

/// A gap is longer than this many usual intervals, and than [`LEAST_MS`].
const INTERVALS: u64 = 5;
const LEAST_MS: u64 = 5000;

/// The longest times without data that are kept.
const MAX_LONG: usize = 100;

/// The first intervals, whose median is the usual one.
const SAMPLES: usize = 1000;

/// Collects the times between data: a good scan, or events that were heard.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    last_data_ms: Option<u64>,
    last_scan_ms: Option<u64>,
    /// Milliseconds between good scans.
    intervals: VecDeque<u64>,
    /// From, to; the shortest one leaves if there are too many.
    long: Vec<(u64, u64)>,
    /// Between two recordings, however short.
    between: Vec<(u64, u64)>,
}

impl Gaps {
    /// Takes the begin or the end of the recording.
    pub(crate) fn bound(&mut self, at_ms: u64) {
        self.take(at_ms, false);
    }

    /// Takes the time of the first batch of the next recording, before [`take`](Self::take) does.
    pub(crate) fn next_recording(&mut self, at_ms: u64) {
        let last_ms = self.last_data_ms.replace(at_ms).unwrap_or(at_ms);
        self.last_scan_ms = None;
        if last_ms < at_ms && self.between.len() < MAX_LONG {
            self.between.push((last_ms, at_ms));
        }
    }

    /// Takes the time of a batch. `is_scan`: of a good scan; otherwise it has events.
    pub(crate) fn take(&mut self, at_ms: u64, is_scan: bool) {
        if let Some(from_ms) = self.last_data_ms.replace(at_ms)
            && at_ms.saturating_sub(from_ms) > LEAST_MS
        {
            self.keep((from_ms, at_ms));
        }
        if is_scan && let Some(from_ms) = self.last_scan_ms.replace(at_ms) {
            self.intervals.push_back(at_ms.saturating_sub(from_ms));
            if self.intervals.len() > SAMPLES {
                self.intervals.pop_front();
            }
        }
    }

    fn keep(&mut self, gap: (u64, u64)) {
        self.long.push(gap);
        if self.long.len() > MAX_LONG {
            let len = |(from_ms, to_ms): &(u64, u64)| to_ms - from_ms;
            let shortest = self.long.iter().enumerate().min_by_key(|(_, gap)| len(gap));
            let shortest = shortest.map(|(place, _)| place);
            shortest.map(|place| self.long.remove(place));
        }
    }

    /// Returns the gaps in order, each with its begin and end, in milliseconds.
    pub(crate) fn found(&self) -> Vec<(u64, u64)> {
        let mut intervals: Vec<u64> = self.intervals.iter().copied().collect();
        intervals.sort_unstable();
        let usual_ms = intervals.get(intervals.len() / 2).copied().unwrap_or(0);
        let least_ms = usual_ms.saturating_mul(INTERVALS).max(LEAST_MS);
        let is_gap = |(from_ms, to_ms): &(u64, u64)| to_ms - from_ms > least_ms;
        let long = self.long.iter().copied().filter(is_gap);
        let mut found: Vec<(u64, u64)> = long.chain(self.between.iter().copied()).collect();
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps_of(times_s: &[u64]) -> Vec<(u64, u64)> {
        let mut gaps = Gaps::default();
        times_s.iter().for_each(|s| gaps.take(s * 1000, true));
        gaps.found()
    }

    #[test]
    fn a_time_of_several_intervals_without_data_is_a_gap() {
        assert_eq!(gaps_of(&[1, 2, 3, 4, 9, 10]), []);
        assert_eq!(gaps_of(&[1, 2, 3, 4, 10, 11]), [(4000, 10_000)]);
        // A scan every minute.
        assert_eq!(gaps_of(&[60, 120, 180, 240, 400]), []);
        assert_eq!(gaps_of(&[60, 120, 180, 240, 600]), [(240_000, 600_000)]);
        assert_eq!(gaps_of(&[]), []);
    }

    #[test]
    fn what_is_heard_between_scans_is_data() {
        let mut gaps = Gaps::default();
        for (s, is_scan) in [(1, true), (2, true), (3, true), (8, false), (13, true)] {
            gaps.take(s * 1000, is_scan);
        }
        assert_eq!(gaps.found(), []);
    }

    #[test]
    fn scans_that_fail_at_the_begin_or_the_end_leave_a_gap() {
        let mut gaps = Gaps::default();
        gaps.bound(1000);
        for s in [11, 12, 13] {
            gaps.take(s * 1000, true);
        }
        gaps.bound(33_000);
        assert_eq!(gaps.found(), [(1000, 11_000), (13_000, 33_000)]);
    }

    #[test]
    fn between_two_recordings_is_a_gap() {
        let mut gaps = Gaps::default();
        for s in [1, 2, 3] {
            gaps.take(s * 1000, true);
        }
        for s in [4, 40, 40] {
            gaps.next_recording(s * 1000);
            gaps.take(s * 1000, true);
        }
        assert_eq!(gaps.found(), [(3000, 4000), (4000, 40_000)]);
    }

    #[test]
    fn only_the_longest_gaps_are_kept() {
        let mut gaps = Gaps::default();
        let mut at_ms = 0;
        for gap in 0..300_u64 {
            gaps.take(at_ms, true);
            gaps.take(at_ms + 1000, true);
            gaps.take(at_ms + 2000, true);
            at_ms += 10_000 + gap;
        }
        let found = gaps.found();
        assert_eq!(found.len(), MAX_LONG);
        assert!(found.is_sorted());
        assert!(
            found.iter().all(|(from, to)| to - from >= 8199),
            "{found:?}"
        );
    }
}

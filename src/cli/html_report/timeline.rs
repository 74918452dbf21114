//! Time in buckets, of which there are never too many.

use std::sync::Arc;

use process_scanner::{Batch, Collect, Event, GroupBy};

use super::group_series::{GroupSeries, Use, joined};
use crate::cli::history::ExitKind;
use crate::cli::select::is_good_scan;

/// Buckets of a report.
pub(super) const MAX_BUCKETS: usize = 600;

/// The values that processes are grouped by.
const GROUPINGS: [GroupBy; 4] = [
    GroupBy::Name,
    GroupBy::User,
    GroupBy::Unit,
    GroupBy::Container,
];

/// A part of the time, from the end of the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    pub(super) end_ms: u64,
    /// Processes that live at its end.
    pub(super) processes: u64,
    pub(super) births: u64,
    /// Exits by the [place](ExitKind::place) of their kind.
    pub(super) exits: [u64; 5],
    /// Whether the CPU time in it is known.
    pub(super) has_cpu: bool,
    /// Nothing was recorded in most of it.
    pub(super) is_in_gap: bool,
    /// For each grouping, what its groups used.
    pub(super) uses: Vec<Vec<Use>>,
}

/// Counts births and exits, and measures groups, bucket by bucket.
///
/// A bucket ends with a good scan, because only scans read what processes use. At first each scan ends one. If there
/// are too many, each two become one, and so on: the end of a recording is unknown, and it need not be seekable.
pub(super) struct Timeline {
    pub(super) groupings: Vec<GroupSeries>,
    pub(super) buckets: Vec<Bucket>,
    pub(super) from_ms: u64,
    /// The bucket that is being filled.
    open: Bucket,
    has_open: bool,
    scans_in_open: u64,
    scans_per_bucket: u64,
    /// A good scan of this recording was taken.
    has_begun: bool,
}

impl Timeline {
    /// `from_ms`: the time of the first batch.
    pub(super) fn new(from_ms: u64) -> Self {
        Self {
            groupings: GROUPINGS.map(GroupSeries::new).into(),
            buckets: Vec::new(),
            from_ms,
            open: Bucket::default(),
            has_open: false,
            scans_in_open: 0,
            scans_per_bucket: 1,
            has_begun: false,
        }
    }

    /// Adds a batch. `living`: the number of processes after it; `ended`: its exits.
    pub(super) fn take(
        &mut self,
        batch: &Arc<Batch>,
        at_ms: u64,
        living: usize,
        ended: impl Iterator<Item = ExitKind>,
    ) {
        for groups in &mut self.groupings {
            groups.take(batch);
        }
        let events = batch.events.iter();
        let births = events.filter(|event| matches!(event, Event::Created(_)));
        self.open.births += births.count() as u64;
        ended.for_each(|kind| self.open.exits[kind.place()] += 1);
        self.open.end_ms = at_ms;
        self.open.processes = living as u64;
        self.has_open = true;
        if !is_good_scan(batch) {
            return;
        }
        self.scans_in_open += 1;
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first && at_ms <= self.from_ms {
            // What groups used before is no use in a bucket.
            self.open.uses = self
                .groupings
                .iter_mut()
                .map(GroupSeries::measure)
                .collect();
            self.scans_in_open = 0;
        } else if (is_first || self.scans_in_open >= self.scans_per_bucket)
            && at_ms > self.last_end_ms()
        {
            self.close(!is_first);
        }
    }

    /// Begins a recording before its first batch, and ends what is of the one before.
    ///
    /// The next bucket is the time between them, of which no CPU time is known. `collects`: what it has of processes.
    pub(super) fn begin_recording(&mut self, collects: Collect) {
        let is_of_time = self.open.end_ms > self.last_end_ms();
        // What happened in the first moment belongs to the next bucket.
        if self.has_begun && self.has_open && (is_of_time || !self.buckets.is_empty()) {
            self.close(true);
            if !is_of_time {
                self.join_last();
            }
        }
        self.has_begun = false;
        for groups in &mut self.groupings {
            groups.restart(collects);
        }
    }

    /// Leaves out the CPU time until now: its time has buckets of another recording.
    pub(super) fn skip_cpu(&mut self) {
        for groups in &mut self.groupings {
            groups.measure();
        }
    }

    /// Joins the last two buckets.
    fn join_last(&mut self) {
        if let [.., before, last] = &self.buckets[..] {
            let joined = before.followed_by(last);
            self.buckets.truncate(self.buckets.len() - 2);
            self.buckets.push(joined);
        }
    }

    /// Returns where the open bucket begins.
    fn last_end_ms(&self) -> u64 {
        self.buckets
            .last()
            .map_or(self.from_ms, |bucket| bucket.end_ms)
    }

    fn close(&mut self, has_cpu: bool) {
        let mut bucket = std::mem::take(&mut self.open);
        bucket.has_cpu = has_cpu;
        bucket.uses = self
            .groupings
            .iter_mut()
            .map(GroupSeries::measure)
            .collect();
        self.buckets.push(bucket);
        self.has_open = false;
        self.scans_in_open = 0;
        if self.buckets.len() == MAX_BUCKETS {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.scans_per_bucket *= 2;
        let pairs = self.buckets.chunks(2);
        let halved = pairs.map(|pair| match pair {
            [first, second] => first.followed_by(second),
            rest => rest[0].clone(),
        });
        self.buckets = halved.collect();
    }

    /// Ends the last bucket.
    ///
    /// A short rest belongs to the bucket before: in a moment, the CPU time of an exit would be a huge share.
    pub(super) fn finish(&mut self) {
        if !self.has_open {
            return;
        }
        if self.buckets.is_empty() && self.open.end_ms <= self.from_ms {
            // A single scan.
            self.buckets.push(std::mem::take(&mut self.open));
            return;
        }
        let lens = self.lens_ms();
        self.close(self.has_begun);
        if let [.., before, last] = &self.buckets[..] {
            let rest_ms = last.end_ms.saturating_sub(before.end_ms);
            if rest_ms < lens.last().map_or(0, |len| len / 2) {
                self.join_last();
            }
        }
    }

    /// Marks the buckets that lie in gaps for the most part: nothing is known of them.
    pub(super) fn leave_out(&mut self, gaps: &[(u64, u64)]) {
        let lens_ms = self.lens_ms();
        for (bucket, len_ms) in self.buckets.iter_mut().zip(lens_ms) {
            let start_ms = bucket.end_ms - len_ms;
            let inside = gaps.iter().map(|(from_ms, to_ms)| {
                (*to_ms.min(&bucket.end_ms)).saturating_sub(*from_ms.max(&start_ms))
            });
            bucket.is_in_gap = len_ms > 0 && inside.sum::<u64>() > len_ms / 2;
        }
    }

    /// Returns how long each bucket is, in milliseconds.
    pub(super) fn lens_ms(&self) -> Vec<u64> {
        let ends = self.buckets.iter().map(|bucket| bucket.end_ms);
        let starts = std::iter::once(self.from_ms).chain(ends.clone());
        ends.zip(starts)
            .map(|(end, start)| end.saturating_sub(start))
            .collect()
    }
}

impl Bucket {
    /// Joins this bucket and the next one.
    fn followed_by(&self, next: &Self) -> Self {
        let mut exits = self.exits;
        exits
            .iter_mut()
            .zip(next.exits)
            .for_each(|(all, more)| *all += more);
        let uses = self.uses.iter().zip(&next.uses);
        Self {
            end_ms: next.end_ms,
            processes: next.processes,
            births: self.births + next.births,
            exits,
            has_cpu: self.has_cpu || next.has_cpu,
            is_in_gap: false,
            uses: uses.map(|(first, second)| joined(first, second)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{ProcessInfo, ProcessKey};

    use super::*;

    /// A timeline of scans at these times, in each of which process 7 has used as much CPU time.
    fn timeline(times_ms: impl IntoIterator<Item = u64>) -> Timeline {
        let mut times_ms = times_ms.into_iter().peekable();
        let mut timeline = Timeline::new(times_ms.peek().copied().unwrap_or(0));
        timeline.begin_recording(Collect::NONE);
        for (seq, at_ms) in (1..).zip(times_ms) {
            let mut process = ProcessInfo::unknown(ProcessKey {
                pid: 7,
                start_time_ms: Some(5),
            });
            process.name = Some("a".into());
            process.cpu_time_ms = Some(at_ms as f64);
            process.resources.rss_bytes = Some(at_ms);
            let event = match seq {
                1 => Event::Existing(process),
                _ => Event::updated(process, process_scanner::Changes::CPU),
            };
            let batch = Arc::new(Batch::new(seq, at_ms, vec![event]));
            timeline.take(&batch, at_ms, 1, std::iter::once(ExitKind::Ok));
        }
        timeline.finish();
        timeline
    }

    fn cpu_ms(timeline: &Timeline) -> f64 {
        let uses = timeline.buckets.iter().flat_map(|bucket| &bucket.uses[0]);
        uses.filter_map(|used| used.cpu_ms).sum()
    }

    #[test]
    fn there_are_never_too_many_buckets_and_nothing_is_lost() {
        for scans in [2, 599, 600, 601, 1200, 1801, 10_000] {
            let timeline = timeline((0..scans).map(|scan| 1000 + scan * 100));
            let len = timeline.buckets.len() as u64;
            assert!(
                len <= MAX_BUCKETS as u64 && len >= (scans - 1).min(250),
                "{scans} {len}"
            );
            let exits: u64 = timeline.buckets.iter().map(|bucket| bucket.exits[0]).sum();
            assert_eq!(exits, scans);
            let expected = (scans - 1) as f64 * 100.0;
            assert!((cpu_ms(&timeline) - expected).abs() < 0.01, "{scans}");
            let last = timeline.buckets.last().unwrap();
            assert_eq!(last.end_ms, 1000 + (scans - 1) * 100);
            assert_eq!(last.uses[0][0].rss_bytes, Some(last.end_ms));
            assert!(timeline.lens_ms().iter().all(|len| *len > 0));
        }
    }

    #[test]
    fn a_short_rest_belongs_to_the_last_bucket() {
        let ends = |times: &[u64]| -> Vec<u64> {
            let timeline = timeline(times.iter().copied());
            timeline
                .buckets
                .iter()
                .map(|bucket| bucket.end_ms)
                .collect()
        };
        assert_eq!(ends(&[1000, 2000, 3000]), [2000, 3000]);
        // The rest is after the last scan.
        let mut timeline = timeline([1000, 2000]);
        let mut heard = Batch::new(9, 2020, Vec::new());
        heard.of_scan = false;
        timeline.take(&Arc::new(heard), 2020, 1, std::iter::empty());
        timeline.finish();
        let ends: Vec<u64> = timeline
            .buckets
            .iter()
            .map(|bucket| bucket.end_ms)
            .collect();
        assert_eq!(ends, [2020]);
    }

    #[test]
    fn a_single_scan_is_a_bucket_without_cpu_time() {
        let timeline = timeline([1000]);
        let [bucket] = &timeline.buckets[..] else {
            panic!("{}", timeline.buckets.len());
        };
        assert_eq!((bucket.end_ms, bucket.has_cpu), (1000, false));
        assert_eq!(bucket.uses[0][0].rss_bytes, Some(1000));
    }

    #[test]
    fn the_time_between_two_recordings_has_no_cpu_time() {
        let mut timeline = Timeline::new(1000);
        let scan = |timeline: &mut Timeline, at_ms: u64, cpu_ms: f64| {
            let mut process = ProcessInfo::unknown(ProcessKey {
                pid: 7,
                start_time_ms: Some(5),
            });
            process.name = Some("a".into());
            process.cpu_time_ms = Some(cpu_ms);
            let batch = Batch::new(1, at_ms, vec![Event::Existing(process)]);
            timeline.take(&Arc::new(batch), at_ms, 1, std::iter::empty());
        };
        timeline.begin_recording(Collect::NONE);
        scan(&mut timeline, 1000, 50.0);
        scan(&mut timeline, 2000, 150.0);
        // However many scans a bucket has.
        timeline.scans_per_bucket = 4;
        scan(&mut timeline, 3000, 170.0);
        timeline.begin_recording(Collect::NONE);
        scan(&mut timeline, 9000, 900.0);
        timeline.scans_per_bucket = 1;
        scan(&mut timeline, 10_000, 950.0);
        timeline.finish();
        let found: Vec<_> = timeline
            .buckets
            .iter()
            .map(|bucket| (bucket.end_ms, bucket.has_cpu, bucket.uses[0][0].cpu_ms))
            .map(|(end_ms, has_cpu, cpu_ms)| (end_ms, has_cpu, cpu_ms.map(f64::round)))
            .collect();
        let expected = [
            (2000, true, Some(100.0)),
            (3000, true, Some(20.0)),
            (9000, false, Some(0.0)),
            (10_000, true, Some(50.0)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn buckets_in_a_gap_are_left_out() {
        let mut timeline = timeline([1000, 2000, 9000, 10_000]);
        timeline.leave_out(&[(2000, 9000)]);
        let in_gap: Vec<bool> = timeline
            .buckets
            .iter()
            .map(|bucket| bucket.is_in_gap)
            .collect();
        assert_eq!(in_gap, [false, true, false]);
    }
}

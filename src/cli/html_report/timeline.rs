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
    pub(super) scans_per_bucket: u64,
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

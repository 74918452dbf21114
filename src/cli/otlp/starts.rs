//! When counts began: the start times of data points.

use std::collections::HashMap;

use process_scanner::{GroupCounters, GroupId, GroupsReport};

/// When the counts of each group began, in nanoseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct Starts {
    /// When counting began.
    first: u64,
    /// When the metrics were last written.
    last: u64,
    groups: HashMap<GroupId, (u64, GroupCounters)>,
}

impl Starts {
    /// `now`: counting begins now.
    pub(super) fn new(now: u64) -> Self {
        Self {
            first: now,
            last: now,
            groups: HashMap::new(),
        }
    }

    /// Finds the start of each group, in order.
    ///
    /// A group that was not there before, or one that has left and come back, was 0 at the last time.
    pub(super) fn update(&mut self, report: &GroupsReport, now: u64) -> Vec<u64> {
        self.set_back(now);
        let before = std::mem::take(&mut self.groups);
        let starts = report.groups.iter().map(|group| {
            let known = before.get(&group.id);
            let known = known.filter(|(_, counted)| !has_fallen(counted, &group.counters));
            let start = known.map_or(self.last, |(start, _)| *start);
            self.groups
                .insert(group.id.clone(), (start, group.counters));
            start
        });
        let starts = starts.collect();
        self.last = now;
        starts
    }

    /// Returns when counting began.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Moves all starts with the clock if that was set back.
    ///
    /// Otherwise they would be later than the data points, until the clock is where it was.
    fn set_back(&mut self, now: u64) {
        let step = self.last.saturating_sub(now);
        for start in self.groups.values_mut().map(|(start, _)| start) {
            *start = start.saturating_sub(step);
        }
        self.first = self.first.saturating_sub(step);
        self.last -= step;
    }
}

fn has_fallen(before: &GroupCounters, now: &GroupCounters) -> bool {
    now.births < before.births
        || now.exits.total() < before.exits.total()
        || now.cpu_seconds < before.cpu_seconds
}

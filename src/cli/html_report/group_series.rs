//! What groups of processes use over time.

use std::collections::HashMap;
use std::sync::Arc;

use process_scanner::{Batch, Collect, Consumer, GroupBy, GroupId, Groups};

/// Groups with series of their own. The rest is one group.
const MAX_GROUPS: usize = 1000;

/// What one group used in a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Use {
    /// The place of the group in its series.
    pub(super) place: usize,
    /// CPU time in the bucket, in milliseconds; `None` if unknown.
    pub(super) cpu_ms: Option<f64>,
    /// Resident memory at its end; `None` if unknown. 0 if no process lives.
    pub(super) rss_bytes: Option<u64>,
}

/// Groups processes by one value, and measures the groups from bucket to bucket.
pub(super) struct GroupSeries {
    pub(super) by: GroupBy,
    groups: Groups,
    pub(super) ids: Vec<GroupId>,
    places: HashMap<GroupId, usize>,
    /// CPU time of each group so far, in seconds, and of all.
    counted_s: HashMap<usize, f64>,
    all_s: f64,
    /// A recording so far has the values that processes are grouped by.
    has_values: bool,
}

impl GroupSeries {
    pub(super) fn new(by: GroupBy) -> Self {
        Self {
            by,
            groups: Groups::by(by).with_limit(MAX_GROUPS),
            ids: Vec::new(),
            places: HashMap::new(),
            counted_s: HashMap::new(),
            all_s: 0.0,
            has_values: false,
        }
    }

    pub(super) fn take(&mut self, batch: &Arc<Batch>) {
        if self.has_values {
            self.groups.on_batch(batch);
        }
    }

    /// Begins anew with the next recording: what is used in between is in no bucket.
    ///
    /// `collects`: what that one has. Grouping all processes as unknown would be work without a picture.
    pub(super) fn restart(&mut self, collects: Collect) {
        self.has_values |= self.by == GroupBy::Name || collects.contains(self.groups.collect());
        self.groups = Groups::by(self.by).with_limit(MAX_GROUPS);
        self.counted_s.clear();
        self.all_s = 0.0;
    }

    /// Returns the place of a group; `None` if it never had processes, or found no room.
    pub(super) fn place(&self, id: &GroupId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Returns what each group used since the last call, in order of place.
    pub(super) fn measure(&mut self) -> Vec<Use> {
        if !self.has_values {
            return Vec::new();
        }
        let report = self.groups.report();
        let mut counted_s = HashMap::new();
        let mut uses = Vec::new();
        let mut all_s = report.left.cpu_seconds.unwrap_or(0.0);
        let mut found_s = 0.0;
        for group in report.groups {
            let place = self.place_or_new(&group.id);
            let cpu_s = group.counters.cpu_seconds.map(|now_s| {
                all_s += now_s;
                counted_s.insert(place, now_s);
                let before_s = self.counted_s.get(&place).copied().unwrap_or(0.0);
                // A group that has left and come back starts again at 0.
                if now_s < before_s {
                    now_s
                } else {
                    now_s - before_s
                }
            });
            found_s += cpu_s.unwrap_or(0.0);
            let is_idle = group.processes == 0 && cpu_s.unwrap_or(0.0) == 0.0;
            if !is_idle {
                uses.push(Use {
                    place,
                    cpu_ms: cpu_s.map(|s| s * 1000.0),
                    rss_bytes: group.rss_bytes.known,
                });
            }
        }
        // What groups used that left since the last call.
        let lost_ms = (all_s - self.all_s - found_s) * 1000.0;
        if lost_ms > 0.001 {
            self.add_to_other(lost_ms, &mut uses);
        }
        self.counted_s = counted_s;
        self.all_s = all_s;
        uses.sort_unstable_by_key(|used| used.place);
        uses
    }

    fn add_to_other(&mut self, cpu_ms: f64, uses: &mut Vec<Use>) {
        let place = self.place_or_new(&GroupId::Other);
        match uses.iter_mut().find(|used| used.place == place) {
            Some(other) => other.cpu_ms = Some(other.cpu_ms.unwrap_or(0.0) + cpu_ms),
            None => uses.push(Use {
                place,
                cpu_ms: Some(cpu_ms),
                rss_bytes: Some(0),
            }),
        }
    }

    fn place_or_new(&mut self, id: &GroupId) -> usize {
        if let Some(place) = self.place(id) {
            return place;
        }
        // Groups that have left keep their place: so there can be more than live at a time.
        let has_room = !matches!(id, GroupId::Named(_)) || self.ids.len() < 4 * MAX_GROUPS;
        if !has_room {
            return self.place_or_new(&GroupId::Other);
        }
        self.ids.push(id.clone());
        self.places.insert(id.clone(), self.ids.len() - 1);
        self.ids.len() - 1
    }
}

/// Joins the uses of two buckets, one after the other, both in order of place.
pub(super) fn joined(first: &[Use], second: &[Use]) -> Vec<Use> {
    let mut all = Vec::with_capacity(first.len().max(second.len()));
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    loop {
        let places = (
            first.peek().map(|a| a.place),
            second.peek().map(|b| b.place),
        );
        let (a, b) = match places {
            (None, None) => return all,
            (Some(a), Some(b)) if a == b => (first.next(), second.next()),
            (Some(a), Some(b)) if a > b => (None, second.next()),
            (None, Some(_)) => (None, second.next()),
            (Some(_), _) => (first.next(), None),
        };
        let cpu = [a, b].map(|used| used.and_then(|used| used.cpu_ms));
        let Some(used) = b.or(a) else { return all };
        all.push(Use {
            place: used.place,
            cpu_ms: cpu.into_iter().flatten().reduce(|a, b| a + b),
            // Without a use in the second one, no process of the group lives at its end.
            rss_bytes: b.map_or(Some(0), |used| used.rss_bytes),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_of_two_buckets_add_up_by_place() {
        let used = |place, cpu_ms, rss_bytes| Use {
            place,
            cpu_ms,
            rss_bytes,
        };
        let first = [
            used(0, Some(1.0), Some(10)),
            used(2, None, Some(20)),
            used(3, None, None),
        ];
        let second = [
            used(1, Some(2.0), None),
            used(2, Some(4.0), Some(30)),
            used(3, None, None),
        ];
        let expected = [
            // No process of it lives any more.
            used(0, Some(1.0), Some(0)),
            used(1, Some(2.0), None),
            used(2, Some(4.0), Some(30)),
            used(3, None, None),
        ];
        assert_eq!(joined(&first, &second), expected);
        assert_eq!(joined(&[], &second), second);
    }
}

//! CPU and memory by group, as in a report.

use process_scanner::{GroupBy, GroupId};

use super::data::{GroupData, GroupingData};
use super::group_series::GroupSeries;
use super::programs_data::{group_kind, group_name};
use super::rounding::rounded;
use super::timeline::Timeline;

/// Groups of a grouping, with the one of all others.
const MAX_GROUPS: usize = 12;

/// Returns the groupings that the recording has data for; that by program in any case.
pub(super) fn groupings(timeline: &Timeline) -> Vec<GroupingData> {
    let series = timeline.groupings.iter().enumerate();
    let with_data = series.filter(|(_, series)| {
        let has_names = series.ids.iter().any(|id| matches!(id, GroupId::Named(_)));
        has_names || series.by == GroupBy::Name
    });
    with_data
        .map(|(index, series)| grouping(index, series, timeline))
        .collect()
}

fn grouping(index: usize, series: &GroupSeries, timeline: &Timeline) -> GroupingData {
    let columns = Columns::new(index, series.ids.len(), timeline);
    let mut places: Vec<usize> = (0..series.ids.len()).collect();
    let shares: Vec<f64> = (0..series.ids.len()).map(|p| columns.share(p)).collect();
    // What found no room stays last. A group without a share is not visible.
    places.retain(|place| series.ids[*place] != GroupId::Other && shares[*place] > 0.0);
    places.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
    let has_other = series.place(&GroupId::Other).is_some();
    let room = match has_other || places.len() > MAX_GROUPS {
        true => MAX_GROUPS - 1,
        false => MAX_GROUPS,
    };
    let rest = places.split_off(places.len().min(room));
    let rest: Vec<usize> = rest
        .into_iter()
        .chain(series.place(&GroupId::Other))
        .collect();
    let none = match series.by {
        GroupBy::Container => "no container",
        _ => "no unit",
    };
    let mut groups: Vec<GroupData> = places
        .iter()
        .map(|place| {
            let id = &series.ids[*place];
            columns.group(group_name(id, none), group_kind(id), &[*place])
        })
        .collect();
    if !rest.is_empty() {
        let name = match rest.len() {
            1 => "others".to_owned(),
            others => format!("{others} others"),
        };
        groups.push(columns.group(name, GroupId::Other.kind(), &rest));
    }
    GroupingData {
        by: match series.by {
            GroupBy::Name => "program",
            by => by.as_str(),
        },
        groups,
    }
}

/// The uses of each group over all buckets.
struct Columns {
    /// By place and bucket; `None` in a bucket whose CPU time is unknown.
    cpu_ms: Vec<Vec<Option<f64>>>,
    rss_bytes: Vec<Vec<Option<u64>>>,
    lens_ms: Vec<u64>,
    /// Sums over all groups and buckets.
    cpu_all: f64,
    rss_all: f64,
}

impl Columns {
    fn new(index: usize, groups: usize, timeline: &Timeline) -> Self {
        let buckets = &timeline.buckets;
        let mut cpu_ms = vec![vec![Some(0.0); buckets.len()]; groups];
        let mut rss_bytes = vec![vec![Some(0); buckets.len()]; groups];
        for (number, bucket) in buckets.iter().enumerate() {
            for used in bucket.uses.get(index).into_iter().flatten() {
                cpu_ms[used.place][number] = used.cpu_ms;
                rss_bytes[used.place][number] = used.rss_bytes;
            }
            if !bucket.has_cpu || bucket.is_in_gap {
                cpu_ms.iter_mut().for_each(|cpu| cpu[number] = None);
            }
            if bucket.is_in_gap {
                rss_bytes.iter_mut().for_each(|rss| rss[number] = None);
            }
        }
        let cpu_all = cpu_ms.iter().flatten().flatten().sum();
        let rss_all = rss_bytes.iter().flatten().flatten();
        let rss_all = rss_all.map(|bytes| *bytes as f64).sum();
        Self {
            cpu_ms,
            rss_bytes,
            lens_ms: timeline.lens_ms(),
            cpu_all,
            rss_all,
        }
    }

    /// Returns how large a group is: its share of CPU time and that of memory.
    fn share(&self, place: usize) -> f64 {
        let cpu: f64 = self.cpu_ms[place].iter().flatten().sum();
        let rss = self.rss_bytes[place].iter().flatten();
        let rss: f64 = rss.map(|bytes| *bytes as f64).sum();
        cpu / self.cpu_all.max(1.0) + rss / self.rss_all.max(1.0)
    }

    /// Returns the sum of groups as one.
    fn group(&self, name: String, kind: &'static str, places: &[usize]) -> GroupData {
        let buckets = 0..self.lens_ms.len();
        let cpu_percent = buckets.clone().map(|bucket| {
            let known = places
                .iter()
                .filter_map(|place| self.cpu_ms[*place][bucket]);
            let cpu_ms = known.reduce(|a, b| a + b)?;
            let len_ms = self.lens_ms[bucket].max(1);
            Some(rounded(cpu_ms / len_ms as f64 * 100.0, 2))
        });
        let rss_bytes = buckets.map(|bucket| {
            let known = places
                .iter()
                .filter_map(|place| self.rss_bytes[*place][bucket]);
            known.reduce(u64::saturating_add)
        });
        GroupData {
            name,
            kind,
            cpu_percent: cpu_percent.collect(),
            rss_bytes: rss_bytes.collect(),
        }
    }
}

//! The sums of groups of processes, and their order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Add;

use process_scanner::{Detail, GroupBy, ProcessInfo, Value};

use super::group_table::GroupLine;
use crate::cli::select::GroupOrder;

/// Returns the sums of each group.
///
/// Processes that match no more, or have exited, are in no sum, as they are not in the list.
pub(crate) fn sums<'p>(
    processes: impl Iterator<Item = &'p ProcessInfo>,
    by: GroupBy,
) -> Vec<GroupLine> {
    let mut groups = BTreeMap::new();
    for process in processes {
        let id = by.group_of(process);
        let line = groups
            .entry(id)
            .or_insert_with_key(|id| GroupLine::empty(id.clone()));
        add_process(line, process);
    }
    groups.into_values().collect()
}

fn add_process(line: &mut GroupLine, process: &ProcessInfo) {
    line.processes += 1;
    let threads = match process.details.get(Detail::Threads) {
        Value::Count(threads) => Some(threads),
        _ => None,
    };
    add(
        (&mut line.threads, &mut line.threads_unknown),
        threads,
        u64::saturating_add,
    );
    add(
        (&mut line.cpu_percent, &mut line.cpu_unknown),
        process.cpu_percent,
        f32::add,
    );
    add(
        (&mut line.rss_bytes, &mut line.rss_unknown),
        process.resources.rss_bytes,
        u64::saturating_add,
    );
    let starts = [line.oldest_start_ms, process.start_time_ms];
    line.oldest_start_ms = starts.into_iter().flatten().min();
}

/// Adds a value to a sum, or counts it as unknown.
fn add<T: Copy>((sum, unknown): (&mut Option<T>, &mut u64), value: Option<T>, plus: fn(T, T) -> T) {
    match value {
        Some(value) => *sum = Some(sum.map_or(value, |sum| plus(sum, value))),
        None => *unknown += 1,
    }
}

/// Sorts groups: amounts descend, names ascend; unknown values come last, in reverse too.
///
/// Equal ones, and those without an order of their own, are in order of memory.
pub(crate) fn sort(lines: &mut [GroupLine], by: GroupOrder, is_reverse: bool) {
    let number = |line: &GroupLine| -> Option<f64> {
        match by {
            GroupOrder::Processes => Some(line.processes as f64),
            GroupOrder::Threads => line.threads.map(|threads| threads as f64),
            GroupOrder::Cpu => line.cpu_percent.map(f64::from),
            GroupOrder::Rss => line.rss_bytes.map(|bytes| bytes as f64),
            // The oldest first.
            GroupOrder::Age => line.oldest_start_ms.map(|ms| -(ms as f64)),
            GroupOrder::Name => None,
        }
    };
    let in_order = |order: Ordering| if is_reverse { order.reverse() } else { order };
    lines.sort_by(|a, b| {
        let first = match (by, number(a), number(b)) {
            (GroupOrder::Name, ..) => in_order(a.id.name().cmp(b.id.name())),
            (_, Some(a), Some(b)) => in_order(b.total_cmp(&a)),
            (_, a, b) => a.is_none().cmp(&b.is_none()),
        };
        first
            .then(b.rss_bytes.cmp(&a.rss_bytes))
            .then_with(|| a.id.cmp(&b.id))
    });
}

#[cfg(test)]
mod tests {
    use process_scanner::{GroupId, ProcessKey};

    use super::*;

    fn made(name: &str, cpu_percent: Option<f32>, rss_bytes: u64) -> GroupLine {
        GroupLine {
            processes: 1,
            threads_unknown: 1,
            cpu_percent,
            rss_bytes: Some(rss_bytes),
            oldest_start_ms: Some(rss_bytes),
            ..GroupLine::empty(GroupId::Named(name.into()))
        }
    }

    #[test]
    fn a_sum_counts_the_processes_that_it_lacks() {
        let process = |pid: u32, name: &str| {
            let start_time_ms = Some(u64::from(pid) * 1000);
            let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
            process.name = Some(name.into());
            process
        };
        let mut processes = [process(9, "a"), process(7, "a"), process(8, "b")];
        for process in &mut processes[..2] {
            process.cpu_percent = Some(12.5);
            process.details.set(Detail::Threads, 3_u64.into());
        }
        processes[1].cpu_percent = None;
        processes[1].resources.rss_bytes = Some(4096);
        let lines = sums(processes.iter(), GroupBy::Name);
        let [a, b] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!((a.processes, a.oldest_start_ms), (2, Some(7000)));
        assert_eq!((a.threads, a.threads_unknown), (Some(6), 0));
        assert_eq!((a.cpu_percent, a.cpu_unknown), (Some(12.5), 1));
        assert_eq!((a.rss_bytes, a.rss_unknown), (Some(4096), 1));
        assert_eq!((b.cpu_percent, b.cpu_unknown), (None, 1));
        assert_eq!((b.threads, b.rss_bytes), (None, None));
    }

    #[test]
    fn unknown_values_come_last_and_equal_ones_in_order_of_memory() {
        let all = [
            made("a", Some(1.0), 5),
            made("d", None, 9),
            made("c", Some(1.0), 7),
            made("b", Some(3.0), 1),
        ];
        for (by, forth, back) in [
            (GroupOrder::Cpu, "bcad", "cabd"),
            (GroupOrder::Rss, "dcab", "bacd"),
            (GroupOrder::Name, "abcd", "dcba"),
            (GroupOrder::Age, "bacd", "dcab"),
            // Nothing is known of them.
            (GroupOrder::Threads, "dcab", "dcab"),
            // They are equal.
            (GroupOrder::Processes, "dcab", "dcab"),
        ] {
            for (is_reverse, expected) in [(false, forth), (true, back)] {
                let mut lines = all.clone();
                sort(&mut lines, by, is_reverse);
                let names: String = lines.iter().map(|line| line.id.name()).collect();
                assert_eq!(names, expected, "{by:?} {is_reverse}");
            }
        }
    }
}

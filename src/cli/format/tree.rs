//! Arranges processes as a tree, for `--tree`.

use std::collections::{HashMap, HashSet};

use process_scanner::{ProcessInfo, Snapshot};

/// A process and its branch in the tree.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) process: &'a ProcessInfo,
    /// Text before the process.
    pub(crate) branch: String,
    /// Number of its ancestors in the tree.
    pub(crate) depth: usize,
    /// An ancestor of a match, but no match itself.
    pub(crate) is_context: bool,
}

impl<'a> Line<'a> {
    /// Creates a line outside a tree.
    pub(crate) fn flat(process: &'a ProcessInfo) -> Self {
        Self {
            process,
            branch: String::new(),
            depth: 0,
            is_context: false,
        }
    }
}

/// Returns the chosen processes and their ancestors, from the roots down.
///
/// `sorted`: all processes, in the order for siblings. `width`: the width of lines.
pub(crate) fn grow<'a>(
    snapshot: &'a Snapshot,
    sorted: &[&'a ProcessInfo],
    chosen: &HashSet<u32>,
    width: Option<usize>,
) -> Vec<Line<'a>> {
    let mut shown = HashSet::new();
    for pid in chosen {
        let mut next = snapshot.by_pid(*pid);
        while let Some(process) = next.filter(|process| shown.insert(process.pid)) {
            next = snapshot.parent(process);
        }
    }
    let mut children: HashMap<u32, Vec<&'a ProcessInfo>> = HashMap::new();
    let mut roots = Vec::new();
    for &process in sorted.iter().filter(|process| shown.contains(&process.pid)) {
        match snapshot.parent(process) {
            Some(parent) => children.entry(parent.pid).or_default().push(process),
            None => roots.push(process),
        }
    }
    // Three columns per level: branches take at most a third of the line.
    let max_depth = width.map_or(MAX_DEPTH, |width| MAX_DEPTH.min(width / 9));
    let mut lines = Vec::with_capacity(shown.len());
    let mut is_drawn = HashSet::new();
    // Parents are read at different moments, and a recording can contain anything, so parents may form a
    // cycle. Its first process becomes a root.
    for root in roots.iter().chain(sorted) {
        if shown.contains(&root.pid) && !is_drawn.contains(&root.pid) {
            draw(
                root,
                &children,
                chosen,
                max_depth,
                &mut is_drawn,
                &mut lines,
            );
        }
    }
    lines
}

/// Deepest level with its own indentation.
///
/// Deeper levels would be hard to read, and a long chain of processes would take quadratic memory.
const MAX_DEPTH: usize = 60;

/// Draws a process and its descendants.
///
/// Without recursion, since a tree can be as deep as it has processes.
fn draw<'a>(
    root: &'a ProcessInfo,
    children: &HashMap<u32, Vec<&'a ProcessInfo>>,
    chosen: &HashSet<u32>,
    max_depth: usize,
    is_drawn: &mut HashSet<u32>,
    lines: &mut Vec<Line<'a>>,
) {
    // Processes still to draw, the next one last, with depth, text before the process, and text before its
    // children.
    let mut left = vec![(root, 0, String::new(), String::new())];
    while let Some((process, depth, branch, below)) = left.pop() {
        if !is_drawn.insert(process.pid) {
            continue;
        }
        lines.push(Line {
            process,
            branch,
            depth,
            is_context: !chosen.contains(&process.pid),
        });
        let children = children.get(&process.pid).map_or(&[][..], Vec::as_slice);
        for (nth_last, child) in children.iter().rev().enumerate() {
            let (branch, beside) = match nth_last {
                0 => ("└─ ", "   "),
                _ => ("├─ ", "│  "),
            };
            let beside = if depth < max_depth { beside } else { "" };
            let below_child = format!("{below}{beside}");
            left.push((child, depth + 1, format!("{below}{branch}"), below_child));
        }
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Batch, Event, ProcessKey};
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::*;

    fn process(pid: u32, parent_pid: Option<u32>, start_time_ms: Option<u64>) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.parent_pid = parent_pid;
        process
    }

    fn snapshot(processes: impl Iterator<Item = ProcessInfo>) -> Snapshot {
        let events = processes.map(Event::Existing).collect();
        let mut snapshot = Snapshot::new();
        snapshot.apply(&Batch::new(1, 1000, events));
        snapshot
    }

    fn without_times(parents: &[(u32, Option<u32>)]) -> Snapshot {
        let parents = parents.iter();
        snapshot(parents.map(|&(pid, parent_pid)| process(pid, parent_pid, None)))
    }

    fn grown<'a>(
        snapshot: &'a Snapshot,
        chosen: impl IntoIterator<Item = u32>,
        width: Option<usize>,
    ) -> Vec<Line<'a>> {
        let sorted: Vec<_> = snapshot.iter().collect();
        grow(snapshot, &sorted, &chosen.into_iter().collect(), width)
    }

    fn drawn(snapshot: &Snapshot, chosen: &[u32]) -> Vec<String> {
        let lines = grown(snapshot, chosen.iter().copied(), None);
        let draw = |line: &Line<'_>| {
            let brackets = if line.is_context { "()" } else { "" };
            format!("{}{}{brackets}", line.branch, line.process.pid)
        };
        lines.iter().map(draw).collect()
    }

    #[test]
    fn children_are_below_their_parents() {
        let parents = [
            (1, None),
            (4, Some(2)),
            (2, Some(1)),
            (3, Some(1)),
            (5, Some(9)),
        ];
        assert_eq!(
            drawn(&without_times(&parents), &[1, 2, 3, 4, 5]),
            ["1", "├─ 2", "│  └─ 4", "└─ 3", "5"]
        );
    }

    #[test]
    fn tree_has_the_chosen_and_their_ancestors_alone() {
        let parents = [
            (1, None),
            (2, Some(1)),
            (3, Some(2)),
            (4, Some(1)),
            (5, Some(3)),
        ];
        let snapshot = without_times(&parents);
        assert_eq!(drawn(&snapshot, &[3]), ["1()", "└─ 2()", "   └─ 3"]);
        assert_eq!(drawn(&snapshot, &[77]), [""; 0]);
    }

    #[test]
    fn the_next_process_with_the_pid_of_a_parent_has_no_older_children() {
        let starts = [
            (1, None, 10),
            (7, Some(9), 100),
            (8, Some(9), 600),
            (9, Some(1), 500),
        ];
        let snapshot = snapshot(
            starts
                .into_iter()
                .map(|(pid, parent_pid, start_ms)| process(pid, parent_pid, Some(start_ms))),
        );
        assert_eq!(
            drawn(&snapshot, &[1, 7, 8, 9]),
            ["1", "└─ 9", "   └─ 8", "7"]
        );
        assert_eq!(drawn(&snapshot, &[7]), ["7"]);
    }

    #[test]
    fn lines_stop_growing_at_the_deepest_level() {
        let parents: Vec<_> = (1..=30_000).map(|pid| (pid, Some(pid - 1))).collect();
        let lines = drawn(&without_times(&parents), &[30_000]);
        assert_eq!(lines.len(), 30_000);
        let longest = lines.iter().map(|line| line.chars().count()).max();
        assert_eq!(
            longest,
            Some("   ".len() * MAX_DEPTH + "└─ 29999()".chars().count())
        );
    }

    #[test]
    fn branches_take_at_most_a_third_of_the_line() {
        let parents: Vec<_> = (1..=40).map(|pid| (pid, Some(pid - 1))).collect();
        let snapshot = without_times(&parents);
        for (width, longest) in [(80, 27), (200, 69), (8, 3)] {
            let lines = grown(&snapshot, 1..=40, Some(width));
            assert_eq!(lines.len(), 40);
            let branches = lines.iter().map(|line| line.branch.chars().count());
            assert_eq!(branches.max(), Some(longest), "{width}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/tree.txt"
        )))]

        #[test]
        fn each_process_is_drawn_once(
            parents in proptest::collection::vec(proptest::option::of(0_u32..12), 1..12),
        ) {
            let parents: Vec<_> = (0..).zip(parents).collect();
            let all: Vec<u32> = (0..parents.len() as u32).collect();
            let snapshot = without_times(&parents);
            let lines = grown(&snapshot, all.iter().copied(), None);
            let mut pids: Vec<_> = lines.iter().map(|line| line.process.pid).collect();
            pids.sort_unstable();
            prop_assert_eq!(pids, all);
        }
    }
}

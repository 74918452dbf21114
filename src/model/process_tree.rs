//! Which process is whose child: [`Tree`].

use std::collections::{HashMap, HashSet};

use ahash::RandomState;

use super::process::{ProcessInfo, ProcessKey};
use super::snapshot::Snapshot;

type ByParent<'s> = HashMap<u32, Vec<&'s ProcessInfo>, RandomState>;

/// The processes of a snapshot below their parents.
///
/// ```
/// use process_scanner::{Scanner, Snapshot};
///
/// let mut scanner = Scanner::builder().build()?;
/// let mut snapshot = Snapshot::new();
/// snapshot.apply(&scanner.scan_once().expect("a live source never ends"));
/// for (depth, process) in snapshot.tree().walk() {
///     println!("{:indent$}{}", "", process.pid, indent = 2 * depth);
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tree<'s> {
    roots: Vec<&'s ProcessInfo>,
    children: ByParent<'s>,
}

impl<'s> Tree<'s> {
    fn new(snapshot: &'s Snapshot) -> Self {
        let (mut roots, mut children) = (Vec::new(), ByParent::default());
        for process in snapshot {
            match snapshot.parent(process) {
                Some(parent) => children.entry(parent.pid).or_default().push(process),
                None => roots.push(process),
            }
        }
        let mut tree = Self { roots, children };
        // Parents are read at different moments, so they can form a circle. Its first process becomes
        // a root.
        let mut reached: HashSet<u32, RandomState> = tree.walk().map(|(_, p)| p.pid).collect();
        for process in snapshot {
            if !reached.contains(&process.pid) {
                tree.roots.push(process);
                let below = Walk::below(&tree, process, reached.clone());
                reached.extend(below.map(|(_, process)| process.pid));
                reached.insert(process.pid);
            }
        }
        tree
    }

    /// Returns the processes whose parent is unknown or not in the snapshot, in order of pid.
    ///
    /// Of a circle of parents, one process is a root too.
    pub fn roots(&self) -> &[&'s ProcessInfo] {
        &self.roots
    }

    /// Returns the children of a process, in order of pid.
    pub fn children(&self, key: ProcessKey) -> &[&'s ProcessInfo] {
        self.children.get(&key.pid).map_or(&[], Vec::as_slice)
    }

    /// Iterates over all processes, each before its children, with the number of its ancestors.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &'s ProcessInfo)> {
        let left = self.roots.iter().rev().map(|root| (0, *root)).collect();
        Walk {
            tree: self,
            left,
            seen: HashSet::default(),
        }
    }

    /// Iterates over the children of a process, their children, and so on, each before its children.
    ///
    /// The number is 1 for a child, 2 for a child of a child.
    pub fn descendants(&self, key: ProcessKey) -> impl Iterator<Item = (usize, &'s ProcessInfo)> {
        let children = self.children(key).iter();
        Walk {
            tree: self,
            left: children.rev().map(|child| (1, *child)).collect(),
            // In a circle of parents it is its own descendant.
            seen: HashSet::from_iter([key.pid]),
        }
    }
}

/// Without recursion, since a tree can be as deep as it has processes.
struct Walk<'t, 's> {
    tree: &'t Tree<'s>,
    /// Processes still to visit, the next one last.
    left: Vec<(usize, &'s ProcessInfo)>,
    seen: HashSet<u32, RandomState>,
}

impl<'t, 's> Walk<'t, 's> {
    fn below(tree: &'t Tree<'s>, root: &'s ProcessInfo, seen: HashSet<u32, RandomState>) -> Self {
        let left = vec![(0, root)];
        Self { tree, left, seen }
    }
}

impl<'s> Iterator for Walk<'_, 's> {
    type Item = (usize, &'s ProcessInfo);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (depth, process) = self.left.pop()?;
            if self.seen.insert(process.pid) {
                let children = self.tree.children(process.key()).iter().rev();
                self.left.extend(children.map(|child| (depth + 1, *child)));
                return Some((depth, process));
            }
        }
    }
}

impl ProcessKey {
    /// Returns whether a process can be a child of `parent`, which has the pid of its parent.
    ///
    /// A younger process with that pid is another one: Windows keeps the pid of a parent that has
    /// exited, and elsewhere a pid can be used again while a scan runs.
    pub fn can_be_child_of(self, parent: Self) -> bool {
        /// Two ticks of Linux: a start time that is derived from an event can differ by one.
        const TOLERANCE_MS: u64 = 20;
        let is_younger = match (self.start_time_ms, parent.start_time_ms) {
            (Some(child_ms), Some(parent_ms)) => parent_ms > child_ms.saturating_add(TOLERANCE_MS),
            _ => false,
        };
        self.pid != parent.pid && !is_younger
    }
}

impl Snapshot {
    /// Returns the children of the process with this key, in order of pid; none if it has exited.
    ///
    /// It searches all processes; [`tree`](Self::tree) searches them once for many questions.
    pub fn children(&self, key: ProcessKey) -> impl Iterator<Item = &ProcessInfo> {
        let is_here = self.get(key).is_some();
        let is_child = move |child: &&ProcessInfo| {
            is_here && child.parent_pid == Some(key.pid) && child.key().can_be_child_of(key)
        };
        self.iter().filter(is_child)
    }

    /// Returns the parent of a process; `None` if it is unknown, has exited, or has none.
    pub fn parent(&self, process: &ProcessInfo) -> Option<&ProcessInfo> {
        let parent = self.by_pid(process.parent_pid?)?;
        let is_parent = process.key().can_be_child_of(parent.key());
        is_parent.then_some(parent)
    }

    /// Returns all processes below their parents.
    pub fn tree(&self) -> Tree<'_> {
        Tree::new(self)
    }

    /// Returns the processes with this [full name](ProcessInfo::full_name), in order of pid.
    pub fn find(&self, name: &str) -> impl Iterator<Item = &ProcessInfo> {
        self.iter()
            .filter(move |process| process.full_name() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Batch, Event};

    /// Makes a snapshot of processes with a parent each, and the name `a` or `b`.
    fn snapshot(parents: &[(u32, Option<u32>)]) -> Snapshot {
        let process = |&(pid, parent_pid): &(u32, Option<u32>)| {
            let start_time_ms = Some(u64::from(pid));
            let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
            process.parent_pid = parent_pid;
            process.name = Some(if pid % 2 == 0 { "a" } else { "b" }.into());
            Event::Existing(process)
        };
        let mut snapshot = Snapshot::new();
        snapshot.apply(&Batch::new(1, 1000, parents.iter().map(process).collect()));
        snapshot
    }

    fn pids<'a>(processes: impl IntoIterator<Item = &'a ProcessInfo>) -> Vec<u32> {
        processes.into_iter().map(|process| process.pid).collect()
    }

    fn key(pid: u32) -> ProcessKey {
        let start_time_ms = Some(u64::from(pid));
        ProcessKey { pid, start_time_ms }
    }

    #[test]
    fn every_process_is_once_below_its_parent() {
        let parents = [
            (1, None),
            (2, Some(1)),
            (3, Some(2)),
            (4, Some(1)),
            // Its parent is not there.
            (5, Some(99)),
            (6, Some(6)),
        ];
        let snapshot = snapshot(&parents);
        let tree = snapshot.tree();
        assert_eq!(pids(tree.roots().iter().copied()), [1, 5, 6]);
        let walked: Vec<_> = tree.walk().map(|(depth, p)| (depth, p.pid)).collect();
        assert_eq!(walked, [(0, 1), (1, 2), (2, 3), (1, 4), (0, 5), (0, 6)]);
        let below: Vec<_> = tree.descendants(key(1)).map(|(d, p)| (d, p.pid)).collect();
        assert_eq!(below, [(1, 2), (2, 3), (1, 4)]);
        assert_eq!(pids(snapshot.children(key(1))), [2, 4]);
        assert_eq!(pids(tree.children(key(1)).iter().copied()), [2, 4]);
        let other = ProcessKey {
            start_time_ms: None,
            ..key(1)
        };
        assert_eq!(snapshot.children(other).count(), 0);
    }

    #[test]
    fn a_circle_of_parents_has_a_root_and_an_end() {
        let snapshot = snapshot(&[(1, None), (3, Some(5)), (4, Some(3)), (5, Some(4))]);
        let tree = snapshot.tree();
        let walked: Vec<_> = tree.walk().map(|(depth, p)| (depth, p.pid)).collect();
        assert_eq!(walked, [(0, 1), (0, 3), (1, 4), (2, 5)]);
        assert_eq!(tree.descendants(key(3)).count(), 2);
    }

    #[test]
    fn a_parent_is_not_younger_than_its_child() {
        let mut process = ProcessInfo::unknown(key(300));
        process.parent_pid = Some(400);
        let mut snapshot = Snapshot::new();
        let parent = ProcessInfo::unknown(key(400));
        let events = vec![Event::Existing(process.clone()), Event::Existing(parent)];
        snapshot.apply(&Batch::new(1, 1000, events));
        assert!(snapshot.parent(&process).is_none());
        assert_eq!(snapshot.children(key(400)).count(), 0);
        assert_eq!(snapshot.tree().roots().len(), 2);
        for (child_ms, parent_ms, expected) in [
            (Some(100), Some(120), true),
            (Some(100), Some(121), false),
            (None, Some(5), true),
            (Some(5), None, true),
        ] {
            let key = |pid, start_time_ms| ProcessKey { pid, start_time_ms };
            let child = key(300, child_ms);
            assert_eq!(child.can_be_child_of(key(400, parent_ms)), expected);
            assert!(!child.can_be_child_of(key(300, parent_ms)));
        }
    }

    #[test]
    fn all_processes_of_a_name_are_found() {
        let snapshot = snapshot(&[(1, None), (2, None), (3, None)]);
        assert_eq!(pids(snapshot.find("b")), [1, 3]);
        assert_eq!(snapshot.find("c").count(), 0);
    }
}

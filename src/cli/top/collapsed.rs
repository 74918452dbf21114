//! The processes whose descendants a tree does not display.

use std::collections::HashSet;
use std::iter;

use ahash::RandomState;
use process_scanner::{ProcessInfo, ProcessKey, Snapshot};

/// The processes whose descendants a tree does not display.
#[derive(Debug, Clone, Default)]
pub(super) struct Collapsed(HashSet<ProcessKey, RandomState>);

impl Collapsed {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, key: ProcessKey) -> bool {
        self.0.contains(&key)
    }

    pub(super) fn collapse(&mut self, key: ProcessKey) {
        self.0.insert(key);
    }

    pub(super) fn expand(&mut self, key: ProcessKey) {
        self.0.remove(&key);
    }

    /// Expands all; if all are expanded, collapses all below the first level.
    ///
    /// With the first level, a tree would be one line for init and one for the kernel.
    pub(super) fn toggle_all(&mut self, snapshot: &Snapshot) {
        if !self.0.is_empty() {
            self.0 = HashSet::default();
            return;
        }
        let parents = snapshot.iter().filter_map(|child| parent(child, snapshot));
        let inner = parents.filter(|process| parent(process, snapshot).is_some());
        self.0 = inner.map(ProcessInfo::key).collect();
    }

    /// Forgets the processes that have exited.
    pub(super) fn forget_exited(&mut self, snapshot: &Snapshot) {
        self.0.retain(|key| snapshot.get(*key).is_some());
    }

    /// Returns the highest collapsed ancestor of a process: its line stands for the process.
    pub(super) fn hidden_by(&self, key: ProcessKey, snapshot: &Snapshot) -> Option<ProcessKey> {
        let ancestors = ancestors(key, snapshot).map(ProcessInfo::key);
        ancestors.filter(|ancestor| self.has(*ancestor)).last()
    }

    /// Expands all ancestors of a process.
    pub(super) fn expand_to(&mut self, key: ProcessKey, snapshot: &Snapshot) {
        for ancestor in ancestors(key, snapshot) {
            self.0.remove(&ancestor.key());
        }
    }
}

/// Returns the parent of a process in a tree.
fn parent<'s>(process: &ProcessInfo, snapshot: &'s Snapshot) -> Option<&'s ProcessInfo> {
    let pid = process.parent_pid.filter(|pid| *pid != process.pid)?;
    snapshot.by_pid(pid)
}

/// Returns the ancestors of a process. Parents can form a circle: it ends after as many as there are processes.
fn ancestors(key: ProcessKey, snapshot: &Snapshot) -> impl Iterator<Item = &ProcessInfo> {
    let line = iter::successors(snapshot.get(key), |process| parent(process, snapshot));
    line.skip(1).take(snapshot.len())
}

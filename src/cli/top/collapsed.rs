//! The processes whose descendants a tree does not display.

use std::collections::HashSet;
use std::iter;

use ahash::RandomState;
use process_scanner::{ProcessInfo, ProcessKey, Snapshot};

/// The processes whose descendants a tree does not display.
///
/// Those that have exited stay, since a replay can go back to them. Only keys add some.
#[derive(Debug, Clone, Default)]
pub(super) struct Collapsed(HashSet<ProcessKey, RandomState>);

impl Collapsed {
    /// Returns whether any process is hidden.
    pub(super) fn hides_any(&self, snapshot: &Snapshot) -> bool {
        let mut parents = parents(snapshot);
        parents.any(|parent| self.has(parent.key()))
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

    /// Expands all; if no process is hidden, collapses all below the first level.
    ///
    /// With the first level, a tree would be one line for init and one for the kernel.
    pub(super) fn toggle_all(&mut self, snapshot: &Snapshot) {
        let expands = self.hides_any(snapshot);
        self.0 = HashSet::default();
        if !expands {
            let inner = parents(snapshot).filter(|process| snapshot.parent(process).is_some());
            self.0 = inner.map(ProcessInfo::key).collect();
        }
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

/// Returns the processes that have children, once for each child.
fn parents(snapshot: &Snapshot) -> impl Iterator<Item = &ProcessInfo> {
    let children = snapshot.iter();
    children.filter_map(|child| snapshot.parent(child))
}

/// Returns the ancestors of a process. Parents can form a circle: it ends after as many as there are processes.
fn ancestors(key: ProcessKey, snapshot: &Snapshot) -> impl Iterator<Item = &ProcessInfo> {
    let line = iter::successors(snapshot.get(key), |process| snapshot.parent(process));
    line.skip(1).take(snapshot.len())
}

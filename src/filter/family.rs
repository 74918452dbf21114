//! Descendants and ancestors.

use std::collections::{HashMap, HashSet};

use ahash::RandomState;

use crate::model::{Batch, Event, ProcessInfo, ProcessKey, Snapshot};

/// Returns whether a process is a child of one of these pids, or a child of such a child, and so on.
pub(super) fn is_descendant(process: &ProcessInfo, of: &[u32], among: &Snapshot) -> bool {
    ancestors(process, among).any(|ancestor| of.contains(&ancestor.pid))
}

/// Returns whether a process is the parent of one of these pids, or the parent of such a parent, and
/// so on.
pub(super) fn is_ancestor(process: &ProcessInfo, of: &[u32], among: &Snapshot) -> bool {
    let begins = of.iter().filter_map(|pid| among.by_pid(*pid));
    begins
        .flat_map(|begin| ancestors(begin, among))
        .any(|ancestor| ancestor.key() == process.key())
}

/// Returns the parent, the parent of that, and so on.
pub(super) fn ancestors<'a>(
    process: &ProcessInfo,
    among: &'a Snapshot,
) -> impl Iterator<Item = &'a ProcessInfo> + use<'a> {
    // A scan can find a circle where pids were used again while it ran.
    let longest = among.len();
    let first = among.parent(process);
    std::iter::successors(first, |ancestor| among.parent(ancestor)).take(longest)
}

/// The descendants of some processes, over time.
///
/// A process whose parents have exited is still a descendant. Another process that gets the pid of
/// one of them does not belong to the family.
#[derive(Debug, Default)]
pub(super) struct Family {
    /// The first process with each of the pids; `None` once it has exited.
    roots: HashMap<u32, Option<ProcessKey>, RandomState>,
    members: HashSet<ProcessKey, RandomState>,
    /// The members by pid. Between begin and end of a batch a pid can have several.
    by_pid: HashMap<u32, Vec<ProcessKey>, RandomState>,
}

impl Family {
    /// Adds a batch: a process that is born or gets another parent may belong to it.
    ///
    /// `after`: the processes after the batch. Those that have exited in it belong to it until
    /// [`end`](Self::end).
    ///
    /// Returns whether processes without an event may belong to it now.
    pub(super) fn begin(&mut self, of: &[u32], batch: &Batch, after: &Snapshot) -> bool {
        let mut has_grown = batch.full;
        for event in &batch.events {
            let key = event.process().key();
            if of.contains(&key.pid) && !self.roots.contains_key(&key.pid) {
                self.roots.insert(key.pid, Some(key));
                has_grown = true;
            }
        }
        // A parent can follow its child in the batch. Each pass adds a member or is the last.
        while self.add(batch.events.iter().map(Event::process), after) {
            has_grown = true;
        }
        // With a process come its children, which have no events if they were seen before it.
        while has_grown && self.add(after.iter(), after) {}
        has_grown
    }

    /// Adds the processes with a parent in it. Returns whether there are any.
    fn add<'a>(
        &mut self,
        processes: impl Iterator<Item = &'a ProcessInfo>,
        after: &Snapshot,
    ) -> bool {
        let mut is_grown = false;
        for process in processes {
            let key = process.key();
            if self.has_parent_of(process, after) && self.members.insert(key) {
                self.by_pid.entry(key.pid).or_default().push(key);
                is_grown = true;
            }
        }
        is_grown
    }

    fn has_parent_of(&self, process: &ProcessInfo, after: &Snapshot) -> bool {
        let Some(pid) = process.parent_pid else {
            return false;
        };
        let root = self.roots.get(&pid).copied().flatten();
        let members = self.by_pid.get(&pid).into_iter().flatten().copied();
        let mut parents = root.into_iter().chain(members);
        parents.any(|parent| is_child(process, parent, after))
    }

    pub(super) fn contains(&self, process: &ProcessInfo) -> bool {
        self.members.contains(&process.key())
    }

    /// Forgets the processes that have exited.
    pub(super) fn end(&mut self, after: &Snapshot) {
        self.members.retain(|key| after.get(*key).is_some());
        let members = &self.members;
        self.by_pid.retain(|_, keys| {
            keys.retain(|key| members.contains(key));
            !keys.is_empty()
        });
        for root in self.roots.values_mut() {
            root.take_if(|key| after.get(*key).is_none());
        }
    }
}

/// Returns whether a process is a child of the parent, and not of a later process with its pid.
fn is_child(process: &ProcessInfo, parent: ProcessKey, after: &Snapshot) -> bool {
    if !process.key().can_be_child_of(parent) {
        return false;
    }
    match after.by_pid(parent.pid) {
        Some(now) if now.key() != parent => process.start_time_ms < now.start_time_ms,
        _ => true,
    }
}

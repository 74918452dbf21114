//! Descendants and ancestors.

use std::collections::HashMap;

use ahash::RandomState;

use crate::model::{Batch, Changes, Event, ProcessInfo, ProcessKey, Snapshot};

/// Returns whether a process is a child of one of these pids, or a child of such a child, and so on.
pub(super) fn is_descendant(process: &ProcessInfo, of: &[u32], among: &Snapshot) -> bool {
    parents(process, among).any(|pid| of.contains(&pid))
}

/// Returns whether a process is the parent of one of these pids, or the parent of such a parent, and
/// so on.
pub(super) fn is_ancestor(process: &ProcessInfo, of: &[u32], among: &Snapshot) -> bool {
    let begins = of.iter().filter_map(|pid| among.by_pid(*pid));
    begins
        .flat_map(|begin| parents(begin, among))
        .any(|pid| pid == process.pid)
}

/// Returns the pids of the parent, of the parent of that, and so on.
fn parents<'a>(
    process: &'a ProcessInfo,
    among: &'a Snapshot,
) -> impl Iterator<Item = u32> + use<'a> {
    // A scan can find a circle where pids were used again while it ran.
    let longest = among.len() + 1;
    let of = |pid: &u32| among.by_pid(*pid)?.parent_pid;
    std::iter::successors(process.parent_pid, of).take(longest)
}

/// Who descends from some processes, over time.
///
/// A process whose parents have exited still descends from them. Another process that gets the pid of
/// one of them does not belong to the family.
#[derive(Debug, Default)]
pub(super) struct Family {
    /// The first process with each of the pids; `None` once it has ended.
    roots: HashMap<u32, Option<ProcessKey>, RandomState>,
    members: HashMap<u32, ProcessKey, RandomState>,
}

impl Family {
    /// Adds a batch: who is born or gets another parent may belong to it.
    ///
    /// `after`: the processes after the batch. Those that have ended in it belong to it until
    /// [`end`](Self::end).
    pub(super) fn begin(&mut self, of: &[u32], batch: &Batch, after: &Snapshot) {
        for event in &batch.events {
            let key = event.process().key();
            if of.contains(&key.pid) {
                self.roots.entry(key.pid).or_insert(Some(key));
            }
        }
        // A parent can follow its child in the batch.
        while self.add(batch.events.iter().map(Event::process), after) {}
        // With a process that gets another parent come its children, which have no events.
        let is_whole = batch.full || batch.events.iter().any(has_other_parent);
        while is_whole && self.add(after.iter(), after) {}
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
            let parent = process.parent_pid.and_then(|pid| self.relative(pid));
            let has_parent = parent.is_some_and(|parent| is_child(process, parent, after));
            if has_parent && self.members.get(&key.pid) != Some(&key) {
                self.members.insert(key.pid, key);
                is_grown = true;
            }
        }
        is_grown
    }

    fn relative(&self, pid: u32) -> Option<ProcessKey> {
        let root = self.roots.get(&pid).copied().flatten();
        root.or_else(|| self.members.get(&pid).copied())
    }

    pub(super) fn contains(&self, process: &ProcessInfo) -> bool {
        self.members.get(&process.pid) == Some(&process.key())
    }

    /// Forgets the processes that have ended.
    pub(super) fn end(&mut self, after: &Snapshot) {
        self.members.retain(|_, key| after.get(*key).is_some());
        for root in self.roots.values_mut() {
            root.take_if(|key| after.get(*key).is_none());
        }
    }
}

/// Returns whether a process is a child of the parent, and not of a later process with its pid.
fn is_child(process: &ProcessInfo, parent: ProcessKey, after: &Snapshot) -> bool {
    match after.by_pid(parent.pid) {
        Some(now) if now.key() != parent => process.start_time_ms < now.start_time_ms,
        _ => true,
    }
}

/// Returns whether a process may have another parent than before the event.
pub(super) fn has_other_parent(event: &Event) -> bool {
    match event {
        Event::Existing(_) => true,
        Event::Updated { changed, .. } => changed.contains(Changes::PARENT),
        Event::Created(_) | Event::Exited { .. } => false,
    }
}

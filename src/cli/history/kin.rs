//! Finds the parents of new lives.

use std::collections::HashMap;

use ahash::RandomState;

use super::one_life::{Life, LifeId};

/// Two ticks of Linux: a start time that is derived from an event can differ by one.
const TOLERANCE_MS: u64 = 20;

/// The lives that a new one can have as its parent.
pub(super) struct Candidates<'l> {
    living: &'l HashMap<u32, Life, RandomState>,
    /// Those that ended in the same batch, by pid.
    ended: HashMap<u32, Vec<&'l Life>>,
}

impl<'l> Candidates<'l> {
    /// `ended`: those that ended in the same batch.
    pub(super) fn new(living: &'l HashMap<u32, Life, RandomState>, ended: &'l [Life]) -> Self {
        let mut by_pid: HashMap<u32, Vec<&Life>> = HashMap::new();
        // What was there in the recording before is no parent in this one.
        for life in ended.iter().filter(|life| life.left_ms.is_none()) {
            by_pid.entry(life.pid).or_default().push(life);
        }
        Self {
            living,
            ended: by_pid,
        }
    }

    /// Returns the parent of a life: the youngest with the pid of its parent that is not younger
    /// than it, and had not ended before it began.
    pub(super) fn parent_of(&self, child: &Life) -> Option<LifeId> {
        let pid = child.parent_pid?;
        let can_be_parent = |parent: &&Life| {
            let is_older = child.process.key().can_be_child_of(parent.process.key());
            let has_ended = parent
                .ending
                .is_some_and(|ending| ending.at_ms.saturating_add(TOLERANCE_MS) < child.begin_ms());
            is_older && !has_ended
        };
        let ended = self.ended.get(&pid).into_iter().flatten().copied();
        let all = self.living.get(&pid).into_iter().chain(ended);
        let parent = all.filter(can_be_parent).max_by_key(|life| life.begin_ms());
        parent.map(|life| life.id)
    }
}

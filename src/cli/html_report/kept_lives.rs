//! The ended lives that can be in the report, in bounded memory.

use std::collections::HashMap;

use super::choice::MAX_LIVES;
use super::ranking::{Measure, Ranking};
use crate::cli::history::{Life, LifeId};

/// Ended lives that are kept for their children alone.
///
/// Each child of an ended parent keeps it. A program that forks and exits over and over would else keep all of them.
const MAX_ANCESTORS: usize = 20_000;

/// Ended lives that matter, and the ancestors of these and of living ones.
#[derive(Debug)]
pub(super) struct KeptLives {
    ended: HashMap<LifeId, Kept>,
    /// Number of children that live or are kept.
    children: HashMap<LifeId, u32>,
    rankings: [Ranking; 3],
    /// Number of ended lives that only their children keep.
    ancestors: usize,
    from_ms: u64,
}

#[derive(Debug)]
struct Kept {
    life: Life,
    /// Number of reasons to keep it, without its children.
    reasons: u8,
}

impl KeptLives {
    /// `from_ms`: where the recording begins.
    pub(super) fn new(from_ms: u64) -> Self {
        Self {
            ended: HashMap::new(),
            children: HashMap::new(),
            rankings: [(); 3].map(|()| Ranking::new(MAX_LIVES)),
            ancestors: 0,
            from_ms,
        }
    }

    /// Counts a new life as a child of its parent.
    pub(super) fn begin(&mut self, parent: Option<LifeId>) {
        if let Some(parent) = parent {
            *self.children.entry(parent).or_default() += 1;
        }
    }

    /// Takes a life that has ended. `is_grower`: it is kept in any case.
    pub(super) fn end(&mut self, life: Life, is_grower: bool) {
        let id = life.id;
        let scores = Measure::ALL.map(|measure| measure.score(&life, self.from_ms, u64::MAX));
        let reasons = scores.iter().flatten().count() as u8 + u8::from(is_grower);
        self.ended.insert(id, Kept { life, reasons });
        for (place, score) in scores.into_iter().enumerate() {
            if let Some(score) = score
                && let Some(left) = self.rankings[place].add(score, id)
            {
                self.release(left);
            }
        }
    }

    /// Removes a reason to keep a life.
    pub(super) fn release(&mut self, id: LifeId) {
        let Some(kept) = self.ended.get_mut(&id) else {
            return;
        };
        kept.reasons -= 1;
        if kept.reasons > 0 {
            return;
        }
        self.ancestors += 1;
        let has_children = self.children.get(&id).is_some_and(|count| *count > 0);
        if !has_children || self.ancestors > MAX_ANCESTORS {
            self.forget(id);
        }
    }

    /// Forgets a life without a reason, and ancestors that nothing keeps then.
    fn forget(&mut self, id: LifeId) {
        let mut next = Some(id);
        while let Some(id) = next
            && let Some(kept) = self.ended.remove(&id)
        {
            self.ancestors -= 1;
            self.children.remove(&id);
            next = kept.life.parent.filter(|parent| {
                let Some(count) = self.children.get_mut(parent) else {
                    return false;
                };
                *count = count.saturating_sub(1);
                let is_unneeded = |kept: &Kept| kept.reasons == 0;
                *count == 0 && self.ended.get(parent).is_some_and(is_unneeded)
            });
        }
    }

    /// Returns the lives, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Life> {
        self.ended.values().map(|kept| &kept.life)
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Batch, Event, ProcessInfo, ProcessKey};

    use super::*;
    use crate::cli::history::LifeFold;

    /// Lives that are born and exit, one after the other.
    struct Storm {
        fold: LifeFold,
        kept: KeptLives,
        at_ms: u64,
    }

    impl Storm {
        fn new() -> Self {
            Self {
                fold: LifeFold::default(),
                kept: KeptLives::new(0),
                at_ms: 0,
            }
        }

        /// Applies events of one batch.
        fn take(&mut self, events: Vec<Event>) {
            self.at_ms += 10;
            let mut batch = Batch::new(self.at_ms, self.at_ms, events);
            batch.full = false;
            let steps = self.fold.take(&batch, self.at_ms);
            for began in steps.began {
                self.kept.begin(began.parent);
            }
            for life in steps.ended {
                self.kept.end(life, false);
            }
        }
    }

    fn process(pid: u32, start_ms: u64, parent_pid: u32, cpu_ms: f64) -> ProcessInfo {
        let start_time_ms = Some(start_ms);
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.parent_pid = Some(parent_pid);
        process.cpu_time_ms = Some(cpu_ms);
        process
    }

    #[test]
    fn a_storm_keeps_the_best_alone() {
        let mut storm = Storm::new();
        storm.take(vec![Event::Existing(process(1, 0, 0, 0.0))]);
        for number in 0..5000_u32 {
            let life = process(10 + number, storm.at_ms, 1, f64::from(number % 1000));
            storm.take(vec![
                Event::Created(life.clone()),
                Event::exited(life, None),
            ]);
        }
        let kept = storm.kept.iter().count();
        assert!((MAX_LIVES..=2 * MAX_LIVES).contains(&kept), "{kept}");
        assert_eq!(storm.kept.children.len(), 1);
        let most = storm
            .kept
            .iter()
            .filter(|life| life.cpu_ns() > Some(800_000_000));
        assert_eq!(most.count(), 5 * 199);
    }

    #[test]
    fn ancestors_of_a_living_process_stay_up_to_a_limit() {
        let mut storm = Storm::new();
        storm.take(vec![Event::Existing(process(1, 0, 0, 0.0))]);
        let mut parent = process(1, 0, 0, 0.0);
        let mut live_for = |storm: &mut Storm, generations: std::ops::Range<u32>| {
            for number in generations {
                let child = process(10 + number, storm.at_ms, parent.pid, 0.0);
                storm.take(vec![Event::Created(child.clone())]);
                storm.take(vec![Event::exited(parent.clone(), None)]);
                parent = child;
            }
            parent.clone()
        };
        live_for(&mut storm, 0..5000);
        assert_eq!(storm.kept.iter().count(), 5000);
        let parent = live_for(&mut storm, 5000..MAX_ANCESTORS as u32 + 9000);
        let kept = storm.kept.iter().count();
        assert!(kept <= MAX_ANCESTORS + 2 * MAX_LIVES, "{kept}");
        // The last one ends: the chain of those that only it keeps goes.
        storm.take(vec![Event::exited(parent, None)]);
        assert!(storm.kept.ancestors <= MAX_ANCESTORS);
    }
}

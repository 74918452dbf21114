//! The fold: from batches to lives.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use ahash::RandomState;
use process_scanner::{Batch, Changes, Event, ProcessKey};

use super::kin::Candidates;
use super::one_life::{Life, LifeId};

/// Follows the lives of all processes, batch by batch.
///
/// It keeps those that live. What has ended leaves with the batch that reports it.
///
/// Where another recording begins, its first batch lists all processes. Those of them that are known by pid and start
/// time go on, without the CPU time that they used in between. The others leave, and are no exits: whether they have
/// ended is unknown.
#[derive(Debug, Default)]
pub(crate) struct LifeFold {
    living: HashMap<u32, Life, RandomState>,
    /// Number of lives so far.
    count: u64,
    /// When the first batch of this recording that counts was taken, by the clock of start times.
    began_ms: Option<u64>,
    /// Time of the last batch.
    last_ms: u64,
}

/// What a batch began and ended.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// The lives that began, which can have ended in the same batch.
    pub(crate) began: Vec<Began>,
    /// The lives that ended, or [left](Life::left_ms), in order.
    pub(crate) ended: Vec<Life>,
    /// Another recording begins.
    pub(crate) is_next_recording: bool,
}

/// A life that began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    pub(crate) id: LifeId,
    pub(crate) pid: u32,
    pub(crate) parent: Option<LifeId>,
}

impl LifeFold {
    /// Applies a batch, whose time on the axis is `at_ms`.
    pub(crate) fn take(&mut self, batch: &Batch, at_ms: u64) -> Steps {
        let mut steps = Steps::default();
        if batch.full && self.began_ms.take().is_some() {
            self.begin_next(batch, &mut steps);
        }
        for event in &batch.events {
            let process = event.process();
            let pid = process.pid;
            if let Entry::Occupied(known) = self.living.entry(pid)
                && !known.get().is_of(process)
            {
                // Its exit was not reported.
                let mut life = known.remove();
                life.leave(self.last_ms);
                steps.ended.push(life);
            }
            let (began_ms, count) = (self.began_ms, &mut self.count);
            let mut is_known = true;
            let life = self.living.entry(pid).or_insert_with(|| {
                is_known = false;
                let id = *count;
                *count += 1;
                steps.began.push(Began {
                    id,
                    pid,
                    parent: None,
                });
                Life::new(id, event, at_ms, batch.of_scan, began_ms)
            });
            if !(is_known && has_new_measures_alone(event)) {
                life.see_texts(process, at_ms);
            }
            life.measure(process);
            if matches!(event, Event::Exited { .. })
                && let Some(mut life) = self.living.remove(&pid)
            {
                life.end(event, at_ms);
                steps.ended.push(life);
            }
        }
        self.find_parents(&mut steps);
        // A notice before the first scan has nothing.
        if batch.full || !batch.events.is_empty() {
            // Not `at_ms`, which is later where recordings overlap.
            let taken_ms = batch.start_clock_ms.unwrap_or(batch.taken_at_ms);
            self.began_ms.get_or_insert(taken_ms);
        }
        self.last_ms = at_ms;
        steps
    }

    /// Returns the lives that have not ended, in no particular order.
    pub(crate) fn living(&self) -> impl Iterator<Item = &Life> {
        self.living.values()
    }

    /// Returns the life of the process that has a pid now.
    pub(crate) fn by_pid(&self, pid: u32) -> Option<&Life> {
        self.living.get(&pid)
    }

    /// Returns the number of lives that have not ended.
    pub(crate) fn len(&self) -> usize {
        self.living.len()
    }

    /// Returns the number of lives so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Begins the next recording, whose first batch lists all its processes.
    fn begin_next(&mut self, batch: &Batch, steps: &mut Steps) {
        steps.is_next_recording = true;
        let keys = batch.events.iter().map(|event| event.process().key());
        // Without a start time, a pid alone does not prove that it is the same process.
        let present: HashSet<ProcessKey> = keys.filter(|key| key.start_time_ms.is_some()).collect();
        let missing = self
            .living
            .extract_if(|_, life| !present.contains(&life.process.key()))
            .map(|(_, life)| life);
        let mut missing: Vec<Life> = missing.collect();
        missing.sort_unstable_by_key(|life| life.id);
        for mut life in missing {
            life.leave(self.last_ms);
            steps.ended.push(life);
        }
        self.living.values_mut().for_each(Life::pause);
    }

    /// Finds the parents once all lives of the batch are known: they are in order of pid.
    fn find_parents(&mut self, steps: &mut Steps) {
        let candidates = Candidates::new(&self.living, &steps.ended);
        let ended = steps.ended.iter();
        let ended: HashMap<LifeId, &Life> = ended.map(|life| (life.id, life)).collect();
        for began in &mut steps.began {
            let living = self.living.get(&began.pid);
            let life = living.filter(|life| life.id == began.id);
            let life = life.or_else(|| ended.get(&began.id).copied());
            began.parent = life.and_then(|life| candidates.parent_of(life));
        }
        let parents = steps.began.iter().map(|began| (began.id, began.parent));
        let parents: HashMap<LifeId, Option<LifeId>> = parents.collect();
        for began in &steps.began {
            if let Some(life) = self.living.get_mut(&began.pid)
                && life.id == began.id
            {
                life.parent = began.parent;
            }
        }
        for life in &mut steps.ended {
            if let Some(parent) = parents.get(&life.id) {
                life.parent = *parent;
            }
        }
    }
}

/// Returns whether all texts of the process are as before.
fn has_new_measures_alone(event: &Event) -> bool {
    let Event::Updated { changed, .. } = event else {
        return false;
    };
    changed.without(Changes::MEASURES).is_empty()
}

#[cfg(test)]
mod tests {
    use process_scanner::{Exit, ExitStatus, GroupId, ProcessInfo, ProcessKey};

    use super::*;
    use crate::cli::history::ExitKind;

    fn process(pid: u32, start_ms: u64, parent_pid: u32) -> ProcessInfo {
        let start_time_ms = Some(start_ms);
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.name = Some(format!("n{pid}").into());
        process.parent_pid = Some(parent_pid);
        process
    }

    fn exited(process: ProcessInfo, ended_at_ms: u64) -> Event {
        let mut exit = Exit::default();
        exit.status = Some(ExitStatus::from_wait_status(0x0100));
        exit.ended_at_ms = Some(ended_at_ms);
        exit.lived_ns = Some(7);
        Event::exited(process, None).with_exit(exit)
    }

    /// A fold that knows process 1.
    fn begun() -> LifeFold {
        let mut fold = LifeFold::default();
        let first = Batch::new(1, 1000, vec![Event::Existing(process(1, 10, 0))]);
        let steps = fold.take(&first, 1000);
        assert_eq!((steps.began.len(), steps.ended.len()), (1, 0));
        fold
    }

    #[test]
    fn a_parent_can_have_a_larger_pid_and_end_in_the_same_batch() {
        let mut fold = begun();
        let (parent, child) = (process(9, 1100, 1), process(7, 1110, 9));
        let events = vec![
            Event::Created(child),
            Event::Created(parent.clone()),
            exited(parent, 1120),
        ];
        let steps = fold.take(&Batch::new(2, 1200, events), 1200);
        let parents: Vec<_> = steps.began.iter().map(|began| began.parent).collect();
        // The child is life 1, its parent life 2, and that one's parent life 0.
        assert_eq!(parents, [Some(2), Some(0)]);
        assert_eq!(fold.by_pid(7).and_then(|life| life.parent), Some(2));
        let [ended] = &steps.ended[..] else {
            panic!("{:?}", steps.ended);
        };
        assert_eq!(
            (ended.parent, ended.kind()),
            (Some(0), Some(ExitKind::Failed))
        );
        assert_eq!(ended.within_ms(1000, 1200), 20);
    }

    #[test]
    fn the_next_life_with_a_pid_is_no_parent_of_an_older_one() {
        let mut fold = begun();
        let first = process(9, 1100, 1);
        let events = vec![
            Event::Created(process(7, 1105, 9)),
            Event::Created(first.clone()),
            exited(first, 1110),
            Event::Created(process(9, 1150, 1)),
        ];
        let steps = fold.take(&Batch::new(2, 1200, events), 1200);
        let ended = steps.ended[0].id;
        assert_eq!(fold.by_pid(7).and_then(|life| life.parent), Some(ended));
        assert_eq!((fold.len(), fold.count()), (3, 4));
    }

    #[test]
    fn a_life_keeps_what_was_known() {
        let mut fold = begun();
        let mut unknown = process(1, 10, 0);
        unknown.name = None;
        fold.take(&Batch::new(2, 1200, vec![Event::Existing(unknown)]), 1200);
        let program = fold.by_pid(1).map(|life| life.program.clone());
        assert_eq!(program, Some(GroupId::Named("n1".into())));
    }

    #[test]
    fn the_end_of_a_recording_is_no_exit() {
        let mut fold = begun();
        let used = |mut process: ProcessInfo, ms: f64| {
            process.cpu_time_ms = Some(ms);
            process
        };
        let mut unknown_start = process(5, 0, 0);
        unknown_start.start_time_ms = None;
        let events = vec![
            Event::Created(used(process(2, 1500, 0), 100.0)),
            Event::Created(process(3, 1500, 0)),
            Event::Created(process(4, 1500, 0)),
            Event::Created(unknown_start.clone()),
        ];
        let mut batch = Batch::new(2, 1800, events);
        batch.full = false;
        fold.take(&batch, 1800);
        let first = fold.by_pid(2).map(|life| life.id);
        // One goes on, one is missing, and the pid of one has another process.
        let events = vec![
            Event::Existing(process(1, 10, 0)),
            Event::Existing(used(process(2, 1500, 0), 900.0)),
            Event::Existing(process(4, 5000, 0)),
            Event::Existing(unknown_start),
        ];
        let mut full = Batch::new(3, 9000, events);
        full.full = true;
        let steps = fold.take(&full, 9000);
        assert!(steps.is_next_recording);
        let left: Vec<_> = steps
            .ended
            .iter()
            .map(|life| (life.pid, life.kind(), life.end_ms()))
            .collect();
        assert_eq!(
            left,
            [3, 4, 5].map(|pid| (pid, None, Some(1800))),
            "they were there when the recording ended"
        );
        assert_eq!(fold.by_pid(2).map(|life| life.id), first);
        // What it used in between is in no recording.
        let batch = |seq, ms| {
            let used = used(process(2, 1500, 0), ms);
            let mut batch = Batch::new(seq, 10_000, vec![Event::Existing(used)]);
            batch.full = false;
            batch
        };
        fold.take(&batch(4, 950.0), 10_000);
        let cpu_ns = fold.by_pid(2).and_then(Life::cpu_ns);
        assert_eq!(cpu_ns, Some(150_000_000));
        assert_eq!((fold.len(), fold.count()), (4, 7));
    }
}

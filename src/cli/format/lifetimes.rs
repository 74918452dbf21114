//! Counts the births and exits of selected processes, and their CPU time.

use std::collections::{HashMap, HashSet};

use process_scanner::{Batch, Event, ProcessInfo, ProcessKey};

use super::cells;
use super::exits::{self, Lived};
use crate::cli::select::is_good_scan;

/// Counts lives.
///
/// A process counts from when it first matches until it exits, whether it still matches or not. So
/// the processes that matched at the start, with births and joined ones, less exits, are those that
/// live.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// All living processes, because one that does not match can match later.
    living: HashMap<ProcessKey, Life>,
    /// A scan has succeeded, so `living` has every process of the last batch.
    is_complete: bool,
    /// Processes that were born while watching.
    pub(super) births: u64,
    /// Processes that began to match, and were there before watching began.
    pub(super) joined: u64,
    pub(super) exits: u64,
    /// Exits by a signal.
    pub(super) kills: u64,
    /// Exits with another code than 0.
    pub(super) errors: u64,
    shortest: Option<(Lived, String)>,
    /// The exited process with the most CPU time, in milliseconds.
    busiest: Option<(f64, String)>,
}

#[derive(Debug)]
struct Life {
    /// Born while watching.
    is_born: bool,
    has_matched: bool,
    /// CPU time before it was first seen, in milliseconds; `None`: not yet known.
    before_ms: Option<f64>,
    now_ms: Option<f64>,
    /// The last one, because an `exec` changes it.
    name: String,
}

impl Lives {
    /// Adds a batch. `matches`: for each of its events, whether its process is selected.
    pub(super) fn take(&mut self, batch: &Batch, matches: &[bool]) {
        if batch.full {
            self.end_missing(batch);
        }
        // Only a full batch after a loss has processes that were born before it.
        let is_after_loss = batch.full && self.is_complete;
        for (event, &matches) in batch.events.iter().zip(matches) {
            let process = event.process();
            let is_known = self.living.contains_key(&process.key());
            let is_born = match event {
                Event::Created(_) => true,
                _ => is_after_loss,
            };
            let life = self.living.entry(process.key()).or_insert_with(|| Life {
                is_born,
                has_matched: false,
                before_ms: is_born.then_some(0.0),
                now_ms: None,
                name: String::new(),
            });
            life.see(process);
            if matches && !life.has_matched {
                life.has_matched = true;
                let was_there = matches!(event, Event::Existing(_)) && !is_known;
                match life.is_born {
                    true => self.births += 1,
                    false if was_there => {}
                    false => self.joined += 1,
                }
            }
            if let Event::Exited { exit, .. } = event {
                let is_killed = exit.is_some_and(|exit| exit.signal.is_some());
                let is_failure = exits::is_failure(event);
                let has_matched = self.end(process.key(), Lived::of(event));
                self.kills += u64::from(is_killed && has_matched);
                self.errors += u64::from(is_failure && !is_killed && has_matched);
            }
        }
        self.is_complete |= is_good_scan(batch);
    }

    /// Ends the lives of the processes that a full batch lacks.
    fn end_missing(&mut self, batch: &Batch) {
        let present: HashSet<_> = batch.events.iter().map(|e| e.process().key()).collect();
        let keys = self.living.keys().copied();
        let gone: Vec<_> = keys.filter(|key| !present.contains(key)).collect();
        for key in gone {
            self.end(key, None);
        }
    }

    /// Counts an exit. Returns whether the process has matched.
    fn end(&mut self, key: ProcessKey, lived: Option<Lived>) -> bool {
        let Some(life) = self.living.remove(&key).filter(|life| life.has_matched) else {
            return false;
        };
        self.exits += 1;
        if let Some(lived) = lived
            && self
                .shortest
                .as_ref()
                .is_none_or(|(least, _)| lived.ns < least.ns)
        {
            self.shortest = Some((lived, pid_and_name(key, &life)));
        }
        self.busiest = busier(self.busiest.take(), (&key, &life));
        true
    }

    /// Returns the process with the shortest life, and how long that was.
    pub(super) fn shortest(&self) -> Option<&(Lived, String)> {
        self.shortest.as_ref()
    }

    /// Returns the process that used the most CPU time since it was first seen, and its
    /// milliseconds.
    pub(super) fn busiest(&self) -> Option<(f64, String)> {
        let living = self.living.iter().filter(|(_, life)| life.has_matched);
        living.fold(self.busiest.clone(), busier)
    }
}

impl Life {
    fn see(&mut self, process: &ProcessInfo) {
        self.name = cells::name(process);
        if let Some(ms) = process.cpu_time_ms {
            self.before_ms.get_or_insert(ms);
            self.now_ms = Some(ms);
        }
    }

    fn used_ms(&self) -> Option<f64> {
        Some(self.now_ms? - self.before_ms?)
    }
}

/// Returns the busier process; one without CPU time is never the busiest.
fn busier(
    busiest: Option<(f64, String)>,
    (key, life): (&ProcessKey, &Life),
) -> Option<(f64, String)> {
    let most_ms = busiest.as_ref().map_or(0.0, |(ms, _)| *ms);
    match life.used_ms() {
        Some(ms) if ms > most_ms => Some((ms, pid_and_name(*key, life))),
        _ => busiest,
    }
}

fn pid_and_name(key: ProcessKey, life: &Life) -> String {
    format!("{} {}", key.pid, life.name)
}

#[cfg(test)]
mod tests {
    use process_scanner::{Changes, Error, ErrorClass};

    use super::*;

    fn process(pid: u32, name: &str, cpu_time_ms: f64) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: Some(u64::from(pid)),
        });
        process.name = Some(name.into());
        process.cpu_time_ms = Some(cpu_time_ms);
        process
    }

    /// Adds batches; processes named `make` are selected.
    fn lives(batches: &[Batch]) -> Lives {
        let mut lives = Lives::default();
        for batch in batches {
            let names = batch.events.iter().map(|event| &event.process().name);
            let matches: Vec<_> = names.map(|name| name.as_deref() == Some("make")).collect();
            lives.take(batch, &matches);
        }
        lives
    }

    fn counts(lives: &Lives) -> [u64; 3] {
        [lives.births, lives.joined, lives.exits]
    }

    fn renamed(pid: u32, name: &str, cpu_time_ms: f64) -> Event {
        Event::updated(process(pid, name, cpu_time_ms), Changes::NAME)
    }

    #[test]
    fn a_process_counts_from_its_first_match_to_its_exit() {
        let mut batches = vec![
            Batch::new(
                1,
                1000,
                vec![
                    Event::Existing(process(1, "make", 5.0)),
                    Event::Existing(process(2, "sh", 5000.0)),
                    Event::Existing(process(3, "sh", 90_000.0)),
                ],
            ),
            Batch::new(
                2,
                2000,
                vec![
                    renamed(2, "make", 5100.0),
                    Event::Created(process(7, "sh", 0.0)),
                    Event::Created(process(8, "make", 1.0)),
                    Event::Created(process(9, "sh", 1.0)),
                ],
            ),
        ];
        assert_eq!(counts(&lives(&batches)), [1, 1, 0]);
        // The shell becomes `make`; a `make` becomes something else, and still counts.
        let events = vec![renamed(7, "make", 30.0), renamed(8, "cc", 700.0)];
        batches.push(Batch::new(3, 3000, events));
        assert_eq!(counts(&lives(&batches)), [2, 1, 0]);
        assert_eq!(lives(&batches).busiest(), Some((700.0, "8 cc".into())));
        let exits = [(2, "make"), (3, "sh"), (7, "make"), (8, "cc"), (9, "sh")];
        let exit = |(pid, name)| Event::exited(process(pid, name, 800.0), Some(u64::from(pid)));
        batches.push(Batch::new(4, 4000, exits.map(exit).into()));
        let ended = lives(&batches);
        // One matched at the start, three came, three exited.
        assert_eq!(counts(&ended), [2, 1, 3]);
        let (lived, process) = ended.shortest().expect("lifetimes are known");
        assert_eq!((lived.ns, process.as_str()), (2_000_000, "2 make"));
        assert_eq!(ended.busiest(), Some((800.0, "7 make".into())));
        assert_eq!(ended.living.len(), 1);
    }

    #[test]
    fn the_cpu_time_of_a_born_process_counts_from_its_birth_even_if_read_later() {
        let mut unread = process(7, "make", 0.0);
        unread.cpu_time_ms = None;
        let mut old = process(1, "make", 0.0);
        old.cpu_time_ms = None;
        let lives = lives(&[
            Batch::new(1, 1000, vec![Event::Existing(old)]),
            Batch::new(2, 2000, vec![Event::Created(unread)]),
            Batch::new(
                3,
                3000,
                vec![renamed(1, "make", 9000.0), renamed(7, "make", 40.0)],
            ),
        ]);
        assert_eq!(lives.busiest(), Some((40.0, "7 make".into())));
    }

    #[test]
    fn a_full_batch_after_a_loss_has_births_and_exits_of_the_lost_ones() {
        let first = Batch::new(1, 1000, vec![Event::Existing(process(1, "make", 0.0))]);
        let mut full = Batch::new(
            5,
            5000,
            vec![
                Event::Existing(process(7, "make", 3.0)),
                Event::Existing(process(8, "sh", 3.0)),
            ],
        );
        full.full = true;
        full.lost_batches = 3;
        let ended = lives(&[first.clone(), full.clone()]);
        assert_eq!(counts(&ended), [1, 0, 1]);
        assert_eq!(ended.busiest(), Some((3.0, "7 make".into())));
        // Before a good scan the others may have been there all along.
        let mut failed = first;
        failed.failure = Some(Error::new(ErrorClass::Permission, "no"));
        assert_eq!(counts(&lives(&[failed, full])), [0, 0, 1]);
    }
}

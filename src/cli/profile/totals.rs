//! Adds up the lives of a command and its descendants.

use std::collections::HashMap;

use process_scanner::{Batch, Event, Hearing, ProcessInfo, ProcessKey};

use super::at_a_time::{AtATime, Seen};
use super::by_program::Programs;
use super::descendants::Descendants;
use super::one_life::OneLife;
use super::report::{Ending, Listening, Report};
use super::worst::Worst;

/// What the descendants of one process did, as of the last batch.
#[derive(Debug)]
pub(crate) struct Profile {
    descendants: Descendants,
    /// The pid of the command, if it is known.
    command_pid: Option<u32>,
    /// The first process of the command.
    command: Option<ProcessKey>,
    command_life: Option<OneLife>,
    living: HashMap<ProcessKey, Living>,
    programs: Programs,
    worst: Worst,
    at_a_time: AtATime,
    /// When the last batch was taken.
    scanned_at_ms: u64,
    started: u64,
    failed: u64,
    exits_known: u64,
    exits_unknown: u64,
    /// Resident memory of all living ones, as far as it is known.
    rss: u64,
    peak_rss: Option<u64>,
    unseen: Option<u64>,
    /// Batches or scans are missing, or the source hears nothing.
    is_incomplete: bool,
    cpu_ms: Option<f64>,
}

#[derive(Debug)]
struct Living {
    process: ProcessInfo,
    /// The most memory that scans have seen.
    peak: Option<u64>,
    seen: Seen,
}

impl Profile {
    /// Creates an empty profile of the descendants of this process.
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            descendants: Descendants::of(pid),
            command_pid: None,
            command: None,
            command_life: None,
            living: HashMap::new(),
            programs: Programs::default(),
            worst: Worst::default(),
            at_a_time: AtATime::default(),
            scanned_at_ms: 0,
            started: 0,
            failed: 0,
            exits_known: 0,
            exits_unknown: 0,
            rss: 0,
            peak_rss: None,
            unseen: None,
            is_incomplete: false,
            cpu_ms: None,
        }
    }

    /// Begins to count: what is born from now on belongs to the command.
    ///
    /// `command_pid`: the pid of the command among the scanned processes; `None` if unknown.
    pub(crate) fn begin(&mut self, command_pid: Option<u32>) {
        self.descendants.begin();
        self.command_pid = command_pid;
    }

    /// Notes that the profile lacks what no scan has found.
    pub(crate) fn miss(&mut self) {
        self.is_incomplete = true;
    }

    /// Adds a batch.
    pub(crate) fn take(&mut self, batch: &Batch) {
        let events = self.descendants.take(batch);
        if let Some(unseen) = batch.counts.unseen_at_most {
            *self.unseen.get_or_insert(0) += unseen;
        }
        self.is_incomplete |= batch.lost_batches > 0 || batch.hearing == Hearing::Deaf;
        for event in &events {
            self.add(event, batch.taken_at_ms);
        }
        self.scanned_at_ms = batch.taken_at_ms;
        if self.at_a_time.is_full() {
            let living = self.living.values_mut();
            self.at_a_time.count(living.map(|living| &mut living.seen));
        }
        if self.rss > 0 {
            self.peak_rss = self.peak_rss.max(Some(self.rss));
        }
    }

    fn add(&mut self, event: &Event, at_ms: u64) {
        let process = event.process();
        let key = process.key();
        let before = self.living.remove(&key);
        if before.is_none() {
            self.start(process);
        }
        let rss_before = before.as_ref().and_then(|living| rss(&living.process));
        self.rss -= rss_before.unwrap_or(0);
        let (peak, seen) = match before {
            Some(living) => (living.peak, living.seen),
            None => (None, Seen::first(process.start_time_ms, at_ms)),
        };
        let peak = peak.max(rss(process));
        if matches!(event, Event::Exited { .. }) {
            self.at_a_time.end(event, seen, self.scanned_at_ms);
            self.end(key, OneLife::of(event, peak));
        } else {
            self.rss += rss(process).unwrap_or(0);
            let process = process.clone();
            let living = Living {
                process,
                peak,
                seen,
            };
            self.living.insert(key, living);
        }
    }

    fn start(&mut self, process: &ProcessInfo) {
        self.started += 1;
        let is_command = self.command_pid.is_none_or(|pid| pid == process.pid);
        if self.command.is_none() && is_command {
            self.command = Some(process.key());
        }
    }

    fn end(&mut self, key: ProcessKey, life: OneLife) {
        self.add_cpu(&life);
        if self.command == Some(key) {
            // Its exit status is known in any case, but perhaps not yet.
            self.command_life = Some(life);
            return;
        }
        self.count_end(&life);
        self.worst.add(&life);
    }

    fn count_end(&mut self, life: &OneLife) {
        match life.exit {
            Some(_) => self.exits_known += 1,
            None => self.exits_unknown += 1,
        }
        self.failed += u64::from(life.has_failed());
        self.peak_rss = self.peak_rss.max(life.peak_rss_bytes);
        self.programs.add(life, true);
    }

    fn add_cpu(&mut self, life: &OneLife) {
        if let Some(ms) = life.cpu_ms {
            *self.cpu_ms.get_or_insert(0.0) += ms;
        }
    }

    /// Returns what they did, after the last batch.
    pub(crate) fn report(mut self, ending: &Ending, listening: Listening) -> Report {
        let (slowest, mut failures) = std::mem::take(&mut self.worst).lists();
        if let Some(mut life) = self.command_life.take() {
            life.exit = life.exit.or(ending.exit);
            if life.life_is_at_most {
                life.life_ms = Some(ending.wall_ms);
                life.life_is_at_most = false;
            }
            self.count_end(&life);
            if life.has_failed() {
                failures.push(life);
            }
        }
        let living = self.living.values_mut();
        let most_at_a_time = self.at_a_time.count(living.map(|living| &mut living.seen));
        let mut living_cpu_ms = 0.0;
        let mut remaining = Vec::new();
        for (key, living) in std::mem::take(&mut self.living) {
            let life = OneLife::of_living(&living.process, living.peak);
            self.add_cpu(&life);
            living_cpu_ms += life.cpu_ms.unwrap_or(0.0);
            self.programs.add(&life, false);
            // The command itself has ended. What a scan has found after that is a descendant, which
            // was taken for the command where its pid is unknown.
            if self.command != Some(key) || !self.is_incomplete {
                remaining.push(life);
            }
        }
        remaining.sort_unstable_by_key(|life| life.pid);
        let all_cpu_ms = ending.waited_cpu_ms.map(|ms| ms + living_cpu_ms);
        let read_cpu_ms = self.cpu_ms.unwrap_or(0.0);
        let has_status = self.exits_known > 0 || self.exits_unknown == 0;
        Report {
            exit: ending.exit,
            wall_ms: ending.wall_ms,
            // Some are waited for by no one, or by processes that live on.
            cpu_ms: all_cpu_ms.map(|ms| ms.max(read_cpu_ms)).or(self.cpu_ms),
            not_attributed_cpu_ms: all_cpu_ms.map(|ms| (ms - read_cpu_ms).max(0.0)),
            peak_rss_bytes: self.peak_rss,
            started: self.started,
            most_at_a_time,
            failed: has_status.then_some(self.failed),
            exits_unknown: self.exits_unknown,
            unseen_at_most: self.unseen.filter(|_| !self.is_incomplete),
            listening,
            own_cpu_ms: ending.own_cpu_ms,
            programs: self.programs.sums(),
            slowest,
            failures,
            remaining,
        }
    }
}

fn rss(process: &ProcessInfo) -> Option<u64> {
    process.resources.rss_bytes
}

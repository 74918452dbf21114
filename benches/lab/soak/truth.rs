//! Compare what the scanner reports with the truth about the children.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Event, ProcessInfo, ProcessKey, Snapshot};

use super::ledger::is_notice;
use crate::measure::boot::boot_ms;
use crate::measure::proc::start_ms_since_boot;

/// After this many good scans an exit that was not reported counts as missed.
const SCANS_TO_REPORT: usize = 3;

/// The truth about the children, and how the reports differ from it.
#[derive(Default)]
pub(super) struct Truth {
    pub(super) lives: Vec<Life>,
    /// Start and end of the last good scans.
    scans: VecDeque<(Instant, Instant)>,
    /// The time of boot, which start times are counted from.
    boot_ms: Option<u64>,
    pub(super) born: u64,
    pub(super) shown: u64,
    pub(super) exits: u64,
    pub(super) good_scans: u64,
    pub(super) unseen_at_most: u64,
    /// Exits reported of a process that lives.
    pub(super) false_exits: u64,
    /// Births reported of a process that was known.
    pub(super) invented: u64,
    /// Children that lived during a whole scan and were never reported.
    pub(super) never_shown: u64,
    pub(super) missed_exits: u64,
    /// Living children that the last snapshot lacks.
    pub(super) lost_alive: u64,
}

/// The life of one child.
pub(super) struct Life {
    pub(super) pid: u32,
    pub(super) start_ms: Option<u64>,
    pub(super) born_by: Instant,
    /// When reaping began. Until then the child exists, at least as a zombie.
    pub(super) there_until: Option<Instant>,
    pub(super) gone_by: Option<Instant>,
    /// The key that the scanner reported.
    pub(super) key: Option<ProcessKey>,
}

impl Life {
    /// Returns whether the child lived during the whole scan.
    fn covers(&self, (began, ended): (Instant, Instant)) -> bool {
        self.born_by < began && self.there_until.is_none_or(|until| until > ended)
    }
}

impl Truth {
    /// Compares a batch with the truth. `snapshot` is the fold up to this batch.
    pub(super) fn judge(&mut self, batch: &Batch, snapshot: &Snapshot) {
        if is_notice(batch) {
            return;
        }
        self.boot_ms = self.boot_ms.or_else(|| boot_ms(snapshot.iter()));
        let ended = Instant::now() - batch.age();
        let scan = (ended - Duration::from_micros(batch.cost.scan_us), ended);
        for event in &batch.events {
            match event {
                Event::Existing(process) | Event::Created(process) => {
                    self.note_shown(process, scan)
                }
                Event::Exited { process, .. } => self.note_exit(process, scan),
                _ => {}
            }
        }
        // A batch between two scans has only what was heard.
        if batch.of_scan && batch.failure.is_none() {
            self.good_scans += 1;
            self.unseen_at_most += batch.counts.unseen_at_most.unwrap_or(0);
            self.scans.push_back(scan);
            if self.scans.len() > 64 {
                self.scans.pop_front();
            }
        }
        let mut lives = std::mem::take(&mut self.lives);
        lives.retain(|life| !self.is_settled(life, snapshot));
        self.lives = lives;
    }

    fn note_shown(&mut self, process: &ProcessInfo, scan: (Instant, Instant)) {
        let boot_ms = self.boot_ms;
        for life in self.lives.iter_mut().filter(|life| life.pid == process.pid) {
            let start_ms = life.start_ms.zip(boot_ms).map(|(since, boot)| boot + since);
            let is_child = start_ms.is_none_or(|start_ms| process.start_time_ms == Some(start_ms));
            match life.key {
                None if is_child => {
                    life.key = Some(process.key());
                    self.shown += 1;
                }
                Some(key) if key == process.key() => {}
                // Another process had the pid before or after, unless the child lived during the whole scan.
                _ => self.invented += u64::from(life.covers(scan)),
            }
        }
    }

    fn note_exit(&mut self, process: &ProcessInfo, (_, ended): (Instant, Instant)) {
        let key = process.key();
        let is_false = match self.lives.iter().find(|life| life.key == Some(key)) {
            Some(life) => {
                self.exits += 1;
                life.there_until.is_none_or(|until| until > ended)
            }
            // It is no child of ours. It must not exist any more.
            None => {
                let start_ms = start_ms_since_boot(process.pid).zip(self.boot_ms);
                start_ms.is_some_and(|(since, boot)| process.start_time_ms == Some(boot + since))
            }
        };
        if is_false {
            eprintln!("reported as exited, but lives: {process:?}");
            self.false_exits += 1;
        }
    }

    /// Returns whether no more reports about a child can come, and counts what is missing.
    fn is_settled(&mut self, life: &Life, snapshot: &Snapshot) -> bool {
        let Some(gone_by) = life.gone_by else {
            return false;
        };
        if self.scans.iter().filter(|scan| scan.0 > gone_by).count() < SCANS_TO_REPORT {
            return false;
        }
        match life.key {
            Some(key) => self.missed_exits += u64::from(snapshot.get(key).is_some()),
            None => {
                let is_missed = self.scans.iter().any(|&scan| life.covers(scan));
                self.never_shown += u64::from(is_missed);
            }
        }
        true
    }

    /// Counts the living children that the last snapshot lacks.
    pub(super) fn expect_the_living(&mut self, snapshot: &Snapshot) {
        let alive = |life: &&Life| life.there_until.is_none();
        let is_known = |life: &Life| life.key.is_some_and(|key| snapshot.get(key).is_some());
        let lost = self
            .lives
            .iter()
            .filter(alive)
            .filter(|life| !is_known(life));
        self.lost_alive = lost.count() as u64;
    }

    /// Returns a line about progress.
    pub(super) fn line(&self) -> String {
        format!(
            "born {} shown {} exits {} scans {} \
             false exits {} invented {} never shown {} missed exits {}",
            self.born,
            self.shown,
            self.exits,
            self.good_scans,
            self.false_exits,
            self.invented,
            self.never_shown,
            self.missed_exits,
        )
    }
}

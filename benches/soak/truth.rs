//! What is known of the children, and what was told of them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use process_scanner::{Batch, ErrorClass, Event, ProcessInfo, ProcessKey, Snapshot};

use crate::measure::proc::start_ms_since_boot;

/// After so many good scans an exit that was not told counts as missed.
const SCANS_TO_TELL: usize = 3;

/// What one consumer made of its batches.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) snapshot: Snapshot,
    last: Option<u64>,
    pub(super) batches: u64,
    pub(super) declared: u64,
    pub(super) undeclared: u64,
    pub(super) failed: u64,
    pub(super) notices: u64,
}

impl Ledger {
    pub(super) fn take(&mut self, batch: &Batch) {
        self.snapshot.apply(batch);
        self.batches += 1;
        self.declared += batch.lost_batches;
        if is_notice(batch) {
            self.notices += 1;
            return;
        }
        self.failed += u64::from(batch.failure.is_some());
        if let Some(last) = self.last.replace(batch.seq) {
            // A full batch counts itself: it stands for the one that there was no room for.
            let accounted = last + batch.lost_batches + u64::from(!batch.full);
            self.undeclared += batch.seq.saturating_sub(accounted);
        }
    }
}

/// Whether it comes between two scans.
fn is_notice(batch: &Batch) -> bool {
    !batch.full
        && batch.events.is_empty()
        && batch
            .failure
            .as_ref()
            .is_some_and(|failure| failure.class() == ErrorClass::Stuck)
}

/// What is known of the children, and how what was told compares.
#[derive(Default)]
pub(super) struct Truth {
    pub(super) lives: Vec<Life>,
    /// Begin and end of the last good scans.
    scans: VecDeque<(Instant, Instant)>,
    /// What start times are counted from, in milliseconds.
    boot_ms: Option<u64>,
    pub(super) born: u64,
    pub(super) shown: u64,
    pub(super) exits: u64,
    pub(super) good_scans: u64,
    pub(super) unseen_at_most: u64,
    pub(super) false_exits: u64,
    pub(super) invented: u64,
    pub(super) never_shown: u64,
    pub(super) missed_exits: u64,
    pub(super) lost_alive: u64,
}

/// One child.
pub(super) struct Life {
    pub(super) pid: u32,
    pub(super) start_ms: Option<u64>,
    pub(super) born_by: Instant,
    /// When reaping began: until then it is there, be it as a zombie.
    pub(super) there_until: Option<Instant>,
    pub(super) gone_by: Option<Instant>,
    /// As it was told.
    pub(super) key: Option<ProcessKey>,
}

impl Life {
    fn is_over_whole(&self, (began, ended): (Instant, Instant)) -> bool {
        self.born_by < began && self.there_until.is_none_or(|until| until > ended)
    }
}

impl Truth {
    /// Holds a batch against what is known; `snapshot` is the fold with it.
    pub(super) fn judge(&mut self, batch: &Batch, snapshot: &Snapshot) {
        if is_notice(batch) {
            return;
        }
        let own_pid = std::process::id();
        if let (None, Some(own)) = (self.boot_ms, snapshot.by_pid(own_pid)) {
            self.boot_ms = own
                .start_time_ms
                .zip(start_ms_since_boot(own_pid))
                .map(|(start_ms, since_boot)| start_ms - since_boot);
        }
        let ended = Instant::now() - batch.age();
        let scan = (ended - Duration::from_micros(batch.cost.scan_us), ended);
        for event in &batch.events {
            match event {
                Event::Existing(process) | Event::Created(process) => self.is_shown(process, scan),
                Event::Exited { process, .. } => self.has_exited(process, scan),
                _ => {}
            }
        }
        if batch.failure.is_none() {
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

    fn is_shown(&mut self, process: &ProcessInfo, scan: (Instant, Instant)) {
        let boot_ms = self.boot_ms;
        for life in self.lives.iter_mut().filter(|life| life.pid == process.pid) {
            let start_ms = life.start_ms.zip(boot_ms).map(|(since, boot)| boot + since);
            let is_it = start_ms.is_none_or(|start_ms| process.start_time_ms == Some(start_ms));
            match life.key {
                None if is_it => {
                    life.key = Some(process.key());
                    self.shown += 1;
                }
                Some(key) if key == process.key() => {}
                // The pid had or has another owner, unless the child was there all the while.
                _ => self.invented += u64::from(life.is_over_whole(scan)),
            }
        }
    }

    fn has_exited(&mut self, process: &ProcessInfo, (_, ended): (Instant, Instant)) {
        let key = process.key();
        let is_false = match self.lives.iter().find(|life| life.key == Some(key)) {
            Some(life) => {
                self.exits += 1;
                life.there_until.is_none_or(|until| until > ended)
            }
            // Somebody else's: is it there after all?
            None => {
                let start_ms = start_ms_since_boot(process.pid).zip(self.boot_ms);
                start_ms.is_some_and(|(since, boot)| process.start_time_ms == Some(boot + since))
            }
        };
        if is_false {
            eprintln!("told as exited, and lives: {process:?}");
            self.false_exits += 1;
        }
    }

    /// Whether all has been said of a child; counts what was not.
    fn is_settled(&mut self, life: &Life, snapshot: &Snapshot) -> bool {
        let Some(gone_by) = life.gone_by else {
            return false;
        };
        if self.scans.iter().filter(|scan| scan.0 > gone_by).count() < SCANS_TO_TELL {
            return false;
        }
        match life.key {
            Some(key) => self.missed_exits += u64::from(snapshot.get(key).is_some()),
            None => {
                let is_missed = self.scans.iter().any(|&scan| life.is_over_whole(scan));
                self.never_shown += u64::from(is_missed);
            }
        }
        true
    }

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

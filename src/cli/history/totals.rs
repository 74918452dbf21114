//! The figures of a whole recording.

use process_scanner::{Batch, Event, Hearing};

use super::exit_kind::ExitKind;
use crate::cli::select::is_good_scan;

/// Counts over all batches.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) scans: u64,
    pub(crate) failed_scans: u64,
    pub(crate) processes_at_start: Option<u64>,
    pub(crate) processes_at_end: u64,
    pub(crate) processes_most: u64,
    pub(crate) births: u64,
    /// Exits by the [place](ExitKind::place) of their kind.
    pub(crate) exits: [u64; 5],
    /// Births that no scan saw, at most; `None` where no scan counts them.
    pub(crate) unseen_at_most: Option<u64>,
    /// Times at which the source began to miss events.
    pub(crate) losses: u64,
    hearing: Option<Hearing>,
    has_exits_alone: bool,
    hears_all: bool,
}

impl Totals {
    /// Adds a batch. `living`: the number of processes after it.
    pub(crate) fn take(&mut self, batch: &Batch, living: usize) {
        if batch.of_scan {
            self.scans += 1;
            self.failed_scans += u64::from(batch.failure.is_some());
        }
        let births = batch.events.iter();
        let births = births.filter(|event| matches!(event, Event::Created(_)));
        self.births += births.count() as u64;
        if let Some(unseen) = batch.counts.unseen_at_most {
            let before = self.unseen_at_most.unwrap_or(0);
            self.unseen_at_most = Some(before.saturating_add(unseen));
        }
        self.hear(batch.hearing);
        let living = living as u64;
        if is_good_scan(batch) {
            self.processes_at_start.get_or_insert(living);
        }
        self.processes_at_end = living;
        self.processes_most = self.processes_most.max(living);
    }

    /// Counts an exit.
    pub(crate) fn end(&mut self, kind: ExitKind) {
        self.exits[kind.place()] += 1;
    }

    fn hear(&mut self, hearing: Hearing) {
        let is_loss = |hearing| matches!(hearing, Hearing::Lossy | Hearing::Deaf);
        let was_loss = self.hearing.replace(hearing).is_some_and(is_loss);
        self.losses += u64::from(is_loss(hearing) && !was_loss);
        self.has_exits_alone |= hearing == Hearing::Exits;
        self.hears_all |= hearing == Hearing::Complete;
    }

    /// Returns what was heard of births and exits: `lossy`, `exits`, `complete` or `polling`, the
    /// one with most missing.
    pub(crate) fn hearing(&self) -> &'static str {
        match (self.losses, self.has_exits_alone, self.hears_all) {
            (1.., ..) => "lossy",
            (_, true, _) => "exits",
            (_, _, true) => "complete",
            _ => "polling",
        }
    }

    /// Returns the number of exits.
    pub(crate) fn all_exits(&self) -> u64 {
        self.exits.iter().sum()
    }

    /// Returns the number of exits that were failures; `None` if the outcome of no exit is known.
    pub(crate) fn failures(&self) -> Option<u64> {
        ExitKind::failures(&self.exits)
    }
}

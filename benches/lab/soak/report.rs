//! Print the result of the soak.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use process_scanner::Snapshot;

use super::ledger::Ledger;
use super::truth::Truth;
use super::usage::{Usage, or_dash};

/// The result of a soak.
pub(crate) struct Soaked {
    pub(super) duration: Duration,
    pub(super) births_per_second: u32,
    pub(super) usages: Vec<Usage>,
    pub(super) truth: Truth,
    pub(super) ledgers: [(&'static str, Ledger); 3],
    pub(super) last: Arc<Snapshot>,
}

impl Soaked {
    /// Returns the number of errors of the scanner.
    pub(crate) fn wrong(&self) -> u64 {
        self.errors().iter().map(|(_, count)| count).sum()
    }

    /// Returns how many births and exits of children were reported.
    pub(crate) fn events(&self) -> u64 {
        self.truth.shown + self.truth.exits
    }

    /// Counts each kind of error.
    fn errors(&self) -> [(&'static str, u64); 7] {
        let truth = &self.truth;
        let wrong_folds = self
            .ledgers
            .iter()
            .filter(|(_, ledger)| !ledger.snapshot.iter().eq(self.last.iter()))
            .count() as u64;
        let unreported: u64 = self
            .ledgers
            .iter()
            .map(|(_, ledger)| ledger.unreported_lost)
            .sum();
        [
            ("exits reported of a process that lives", truth.false_exits),
            (
                "births reported of a process that was known",
                truth.invented,
            ),
            (
                "alive during a whole scan and never reported",
                truth.never_shown,
            ),
            ("exits not reported after 3 good scans", truth.missed_exits),
            (
                "living children that the last snapshot lacks",
                truth.lost_alive,
            ),
            ("lost batches that were not reported", unreported),
            ("consumers whose fold is not the last snapshot", wrong_folds),
        ]
    }

    /// Prints all figures. An error if the scanner reported anything wrong.
    pub(super) fn print(&self) -> Result<(), Box<dyn Error>> {
        let Self {
            duration,
            births_per_second,
            truth,
            ledgers,
            ..
        } = self;
        println!("{duration:?}, {births_per_second} births a second, a scan a second\n");
        println!("| what | start | end | lowest | highest |");
        println!("|---|---|---|---|---|");
        for (index, what) in Usage::NAMES.iter().enumerate() {
            let all = || self.usages.iter().map(|usage| usage.0[index]);
            let [start, end, min, max] =
                [all().next(), all().next_back(), all().min(), all().max()]
                    .map(|figure| or_dash(figure.flatten()));
            println!("| {what} | {start} | {end} | {min} | {max} |");
        }
        println!("\n| what | count |\n|---|---|");
        println!("| good scans | {} |", truth.good_scans);
        println!("| failed scans | {} |", ledgers[0].1.failed);
        println!(
            "| notices that something is stuck | {} |",
            ledgers[0].1.notices
        );
        println!("| children born | {} |", truth.born);
        println!("| children reported | {} |", truth.shown);
        println!("| exits of children reported | {} |", truth.exits);
        println!(
            "| unseen births reported, at most | {} |",
            truth.unseen_at_most
        );
        for (consumer, ledger) in ledgers {
            let (taken, lost) = (ledger.batches, ledger.reported_lost);
            println!("| batches received and reported lost: {consumer} | {taken} and {lost} |");
        }
        for (what, count) in self.errors() {
            println!("| {what} | {count} |");
        }
        match self.wrong() {
            0 => Ok(()),
            wrong => Err(format!("{wrong} errors of the scanner").into()),
        }
    }
}

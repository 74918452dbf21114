//! Print the result of the soak.

use std::error::Error;
use std::time::Duration;

use process_scanner::Snapshot;

use super::ledger::Ledger;
use super::truth::Truth;
use super::usage::{Usage, or_dash};

/// Prints all figures. An error if the scanner reported anything wrong.
pub(super) fn report(
    duration: Duration,
    births_per_second: u32,
    usages: &[Usage],
    truth: &Truth,
    ledgers: &[(&str, Ledger)],
    last: &Snapshot,
) -> Result<(), Box<dyn Error>> {
    println!("{duration:?}, {births_per_second} births a second, a scan a second\n");
    println!("| what | start | end | lowest | highest |");
    println!("|---|---|---|---|---|");
    for (index, what) in Usage::NAMES.iter().enumerate() {
        let all = || usages.iter().map(|usage| usage.0[index]);
        let [start, end, min, max] = [all().next(), all().next_back(), all().min(), all().max()]
            .map(|figure| or_dash(figure.flatten()));
        println!("| {what} | {start} | {end} | {min} | {max} |");
    }
    let wrong_folds = ledgers
        .iter()
        .filter(|(_, ledger)| !ledger.snapshot.iter().eq(last.iter()))
        .count() as u64;
    let unreported: u64 = ledgers
        .iter()
        .map(|(_, ledger)| ledger.unreported_lost)
        .sum();
    let zeros = [
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
    ];
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
    for (what, count) in zeros {
        println!("| {what} | {count} |");
    }
    let wrong: u64 = zeros.iter().map(|(_, count)| count).sum();
    if wrong > 0 {
        return Err(format!("{wrong} errors of the scanner").into());
    }
    Ok(())
}

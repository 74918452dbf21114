//! Measure what each interval shows and costs, from 100 ms to 15 s, against the truth about the children.
//!
//! It has two parts, with the same idle children:
//!
//! 1. For [accuracy] one scanner for each interval runs on a thread of its own, all at the same time. All of
//!    them see the same children at the same moments, so only the interval makes a difference. The longest
//!    interval gets as much time as the shortest. They disturb each other little: they scan at different
//!    moments, and together use a fifth of one core.
//! 2. For [cost] they take turns, for about half as long again. Side by side, the scanner of the longest
//!    interval would find caches that the others had warmed, and would seem cheaper than it is.
//!
//! The experiment itself decides when each scanner scans.

mod accuracy;
mod cost;
mod figures;
pub(crate) mod plot;
mod watch;
pub(crate) mod worker;
mod workforce;

use std::error::Error;
use std::fs;
use std::time::Duration;

use crate::crowd::children::Children;

const INTERVALS_MS: [u64; 5] = [100, 500, 1000, 5000, 15_000];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the figures to docs/benchmarks/study.csv
    #[arg(long)]
    write: bool,

    /// Seconds for the accuracy [default: 420, with --quick 40]
    seconds: Option<u32>,

    /// Number of idle children
    #[arg(default_value_t = 300)]
    idle_children: usize,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let seconds = options.seconds.unwrap_or(if is_quick { 40 } else { 420 });
    let (rounds, least_turn) = if is_quick { (1, 2) } else { (3, 10) };
    let children = Children::idle(options.idle_children)?;
    let mut figures = accuracy::measure(&INTERVALS_MS, Duration::from_secs(seconds.into()))?;
    let least_turn = Duration::from_secs(least_turn);
    figures.extend(cost::measure(&INTERVALS_MS, rounds, least_turn)?);
    drop(children);
    print!("{}", figures::to_markdown(&figures));
    if options.write {
        fs::write(figures::CSV_PATH, figures::to_csv(&figures))?;
        println!("Written to {}", figures::CSV_PATH);
    }
    Ok(())
}

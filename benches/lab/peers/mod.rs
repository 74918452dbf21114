//! Compare `pscan` with other programs that watch processes, each as a whole program.
//!
//! All of them watch the same idle children, once a second. One runs at a time, and they take turns. A program
//! that is not installed is skipped with a message.
//!
//! Run it in a pid namespace of its own, as docs/benchmarks.md has it: then no other process of the host is in
//! their lists, and none of these programs remains.

mod figures;
mod programs;
mod running;
mod scans;
mod turn;

use std::error::Error;
use std::fs;

use self::figures::Size;
use self::programs::Program;
use crate::crowd::children::Children;
use crate::crowd::room;
use crate::sizes;

const SIZES: [usize; 3] = [1000, 3000, 10_000];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the figures to docs/benchmarks/peers.csv
    #[arg(long)]
    write: bool,

    /// Numbers of idle children [default: 1000 3000 10000, with --quick 100]
    sizes: Vec<usize>,
}

pub(crate) fn run(options: Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::TempDir::new()?;
    let programs = programs::find(folder.path())?;
    let rounds = if is_quick { 1 } else { 3 };
    let sizes = sizes::or_default(options.sizes, &SIZES, is_quick);
    let (measured, outcome) = sizes::measure_each(&sizes, |children| {
        let size = measure(children, &programs, rounds, is_quick)?;
        print!("{}", size.to_markdown());
        Ok(size)
    });
    if options.write {
        fs::write(figures::CSV_PATH, figures::to_csv(&measured))?;
        println!("\nWritten to {}", figures::CSV_PATH);
    }
    outcome
}

/// Lets each program watch in each round.
fn measure(
    children: usize,
    programs: &[Program],
    rounds: usize,
    is_quick: bool,
) -> Result<Size, Box<dyn Error>> {
    room::check(children)?;
    let _children = Children::idle(children)?;
    let mut size = Size::new(children, programs)?;
    for round in 0..rounds {
        for turn in 0..programs.len() {
            // Another program is first in each round.
            let index = (turn + round) % programs.len();
            let name = programs[index].name;
            let taken = turn::measure(&programs[index], is_quick);
            let taken = taken.map_err(|error| format!("{name}: {error}"))?;
            let scan_ms = taken.scan_cpu_ms;
            eprintln!(
                "round {} of {rounds}: {name}: {scan_ms:.1} ms a scan",
                round + 1
            );
            size.take(index, taken);
        }
    }
    Ok(size)
}

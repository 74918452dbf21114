//! Measure the cost of a scan for each process, at 1000 to 20,000 processes: our source on Linux, its system
//! calls alone, and the refresh of sysinfo.
//!
//! A size is a number of idle children. Other processes of the host are scanned too. A size without room on
//! this host is skipped, and the experiment fails at its end.
//!
//! Our scan takes turns with one contender at a time. With three contenders in turn, our scan would always
//! follow the same one, and after sysinfo, which reads far more, it would find cold caches.

mod figures;
mod plan;
pub(crate) mod plot;
pub(crate) mod size;

use std::error::Error;
use std::fs;

use self::plan::Plan;
use crate::sizes;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the figures to docs/benchmarks/scale.csv
    #[arg(long)]
    write: bool,

    /// Numbers of children to start [default: 1000 2000 5000 10000 20000, with --quick 100]
    sizes: Vec<usize>,
}

pub(crate) fn run(options: Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let plan = Plan::new(options.sizes, is_quick);
    let (figures, outcome) =
        sizes::measure_each(&plan.sizes, |children| size::measure(children, &plan));
    if figures.is_empty() {
        return outcome;
    }
    print!("{}", figures::to_markdown(&figures));
    if options.write {
        fs::write(figures::CSV_PATH, figures::to_csv(&figures))?;
        println!("\nWritten to {}", figures::CSV_PATH);
    }
    outcome
}

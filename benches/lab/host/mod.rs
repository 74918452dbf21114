//! Measure the cost of watching a host of 1000, 3000 and 10,000 processes, beside the cost of other programs.
//!
//! It starts that many children. All contenders scan the same host in turns. The output is Markdown; it
//! reports on standard error what could not be measured. The experiment `peers` compares whole programs.

pub(crate) mod delivery;
mod load;
mod plan;
pub(crate) mod scans;
pub(crate) mod watch;

use std::error::Error;

use self::load::Load;
use self::plan::Plan;
use crate::sizes;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Numbers of children to start [default: 1000 3000 10000, with --quick 100]
    sizes: Vec<usize>,
}

pub(crate) fn run(options: Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let plan = Plan::new(options.sizes, is_quick);
    let (_, outcome) = sizes::measure_each(&plan.sizes, |size| {
        let load = Load::start(size).map_err(|error| format!("cannot start all: {error}"))?;
        measure(size, load, &plan)
    });
    outcome
}

fn measure(size: usize, mut load: Load, plan: &Plan) -> Result<(), Box<dyn Error>> {
    println!("\n### With {size} children\n");
    scans::compare(size, &mut load, plan)?;
    if size == plan.smallest() {
        scans::count_failures(plan.scans_with_churn())?.print();
    }
    if let Some(watched) = watch::watch(plan.watch_time())? {
        watched.print();
    }
    delivery::print(plan.batches(), || load.work_all())
}

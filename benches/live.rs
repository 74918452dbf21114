//! What a scan of the real host costs beside the bare sysinfo refresh under it.
//!
//! The two take turns, so that both meet the same host in the same mood. CPU time is compared where
//! the system tells it to the nanosecond (Linux), else the time that passed.
//!
//! `cargo bench --bench live -- [--quick] [CHILDREN]`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

mod contenders;
mod crowd;
mod measure;

use std::env;
use std::error::Error;

use self::contenders::Contender;
use self::contenders::bare::Bare;
use self::contenders::ours::Ours;
use self::crowd::Crowd;
use self::measure::{CLOCK, median};

/// Processes that exist only so that there is something to scan.
const CHILDREN: usize = 1000;

/// Names and command lines are read anew more often in the first scans of a process.
const WARM_UP: usize = 6;

const ROUNDS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    crowd::child::be_child_if_told();
    let args: Vec<String> = env::args().skip(1).collect();
    let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let children = args
        .iter()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(if is_quick { 20 } else { CHILDREN });
    let _crowd = Crowd::idle(children)?;
    measure(if is_quick { 10 } else { ROUNDS })
}

fn measure(rounds: usize) -> Result<(), Box<dyn Error>> {
    let mut bare = Bare::new()?;
    let mut ours = Ours::sysinfo()?;
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for round in 0..rounds + WARM_UP {
        // Neither is always the one that finds the caches warm.
        let (refresh, (scan, deliver)) = if round % 2 == 0 {
            (bare.scan()?, ours.scan_and_deliver()?)
        } else {
            let ours = ours.scan_and_deliver()?;
            (bare.scan()?, ours)
        };
        if refresh.has_failed || scan.has_failed {
            return Err("a scan failed".into());
        }
        let (refresh, scan) = (refresh.cost.us(), scan.cost.us());
        if round >= WARM_UP {
            ratios.push((scan + deliver) / refresh);
            for (costs, cost) in costs.iter_mut().zip([refresh, scan, deliver]) {
                costs.push(cost);
            }
        }
    }
    let scanner = &ours.scanner;
    let processes = scanner.processes().count();
    let [refresh, scan, deliver] = costs.map(median);
    let line = |what: &str, us: f64, times: f64| {
        let each = us / processes as f64;
        println!("| {what} | {:.2} | {each:.2} | {times:.3} |", us / 1000.0);
    };
    println!("{processes} processes, medians of {rounds} rounds, {CLOCK}\n");
    println!("| what | ms a scan | us a process | times bare |");
    println!("|---|---|---|---|");
    line("bare sysinfo refresh", refresh, 1.0);
    line("our scan: refresh, table, batch", scan, scan / refresh);
    line("dispatcher's thread", deliver, deliver / refresh);
    line("ours together", scan + deliver, median(ratios));
    // What the dispatcher keeps; names and command lines are the table's own.
    let snapshot = scanner.consumers().snapshot();
    let copied = allocation_counter::measure(|| {
        std::hint::black_box(std::mem::ManuallyDrop::new((*snapshot).clone()));
    });
    println!(
        "\nThe table takes {} bytes a process, the dispatcher's snapshot {} more.",
        scanner.consumers().metrics().table_bytes / processes as u64,
        copied.bytes_total / processes as u64
    );
    Ok(())
}

//! Measure the first scan of a host, and a scan that finds a crowd of births.
//!
//! The kernel keeps what it prepares when a file of a process is opened for the first time, so reading a
//! process that no program has read before costs more. Each round starts other children: our first scan and
//! the bare reading of its files take turns in being the first. The crowd is of children that no program has
//! read.

use std::error::Error;
use std::thread;
use std::time::Duration;

use crate::contenders::contender::Contender;
use crate::contenders::ours::Ours;
use crate::contenders::three_files::ThreeFiles;
use crate::crowd::children::Children;
use crate::measure::scan::WARM_UP_SCANS;
use crate::statistics::median;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of idle children [default: 3000, with --quick 100]
    children: Option<usize>,

    /// Number of births in one scan [default: 2000, with --quick 100]
    #[arg(long)]
    births: Option<usize>,

    /// Number of rounds [default: 10, with --quick 2]
    #[arg(long)]
    rounds: Option<usize>,
}

/// After this time all children are idle.
const SETTLE: Duration = Duration::from_millis(1500);

/// CPU time in microseconds for each process, one value a round.
struct Costs {
    ours: Vec<f64>,
    bare: Vec<f64>,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, births, rounds) = if is_quick {
        (100, 100, 2)
    } else {
        (3000, 2000, 10)
    };
    let children = options.children.unwrap_or(children);
    let births = options.births.unwrap_or(births);
    let rounds = options.rounds.unwrap_or(rounds);
    let [mut unread, mut read, mut crowd] = [const { Costs::new() }; 3];
    let mut processes = Vec::new();
    for round in 0..rounds {
        let _children = Children::idle(children)?;
        thread::sleep(SETTLE);
        let mut bare = ThreeFiles::new();
        let mut scanner = Ours::linux()?;
        if round % 2 == 0 {
            unread.ours.push(each(&mut scanner)?);
            read.bare.push(each(&mut bare)?);
        } else {
            unread.bare.push(each(&mut bare)?);
            read.ours.push(each(&mut scanner)?);
        }
        processes.push(scanner.scanner.processes().count() as f64);
        let idle = [all_idle(&mut scanner)?, all_idle(&mut bare)?];
        let _crowd = Children::idle(births)?;
        thread::sleep(SETTLE);
        // Only the first one finds files that were never opened before.
        let each = |all_us: f64, idle_us: f64| (all_us - idle_us) / births as f64;
        match round % 2 {
            0 => crowd.ours.push(each(all(&mut scanner)?, idle[0])),
            _ => crowd.bare.push(each(all(&mut bare)?, idle[1])),
        }
    }
    println!(
        "{:.0} processes, {births} births, medians of {rounds} rounds in turns, CPU time of all threads\n",
        median(processes)
    );
    println!("| us a process | ours | `stat`, `statm` and `cmdline` alone | ratio |");
    println!("|---|---|---|---|");
    print_costs("first scan, files never opened before", unread);
    print_costs("first scan, files opened before", read);
    print_costs("births in one scan, files never opened before", crowd);
    Ok(())
}

impl Costs {
    const fn new() -> Self {
        Self {
            ours: Vec::new(),
            bare: Vec::new(),
        }
    }
}

/// Scans once, and returns the CPU time of all threads for each process.
fn each(contender: &mut dyn Contender) -> Result<f64, Box<dyn Error>> {
    let scan = contender.scan()?;
    let processes = scan.processes.ok_or("no process was found")?;
    Ok(scan.cost.us() / processes as f64)
}

fn all(contender: &mut dyn Contender) -> Result<f64, Box<dyn Error>> {
    Ok(contender.scan()?.cost.us())
}

fn all_idle(contender: &mut dyn Contender) -> Result<f64, Box<dyn Error>> {
    let costs: Result<Vec<f64>, _> = (0..WARM_UP_SCANS).map(|_| all(contender)).collect();
    Ok(median(costs?))
}

fn print_costs(what: &str, costs: Costs) {
    let [ours, bare] = [median(costs.ours), median(costs.bare)];
    println!("| {what} | {ours:.1} | {bare:.1} | {:.2} |", ours / bare);
}

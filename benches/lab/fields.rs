//! Measure what the optional fields cost: settled scans and first scans with them and without, in
//! turns.

use std::error::Error;
use std::thread;
use std::time::Duration;

use process_scanner::{Collect, Listen};

use crate::contenders::contender::Contender;
use crate::contenders::ours::Ours;
use crate::crowd::children::Children;
use crate::measure::scan::WARM_UP_SCANS;
use crate::statistics::median;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of idle children [default: 3000, with --quick 100]
    children: Option<usize>,

    /// Number of settled scans of each kind [default: 240, with --quick 12]
    #[arg(long)]
    scans: Option<usize>,

    /// Number of first scans of each kind [default: 9, with --quick 2]
    #[arg(long)]
    rounds: Option<usize>,

    /// Let the scanners listen to births and exits
    #[arg(long)]
    listen: bool,

    /// Measure the fields of `pscan --json` alone
    #[arg(long)]
    usual: bool,
}

/// After this time all children are idle.
const SETTLE: Duration = Duration::from_millis(1500);

/// Shares of memory are those of single processes.
const MEASURED: Collect = Collect::ALL.without(Collect::PSS);

/// What pscan always reads.
const OFF: Collect = Collect::CPU.with(Collect::MEMORY).with(Collect::COMMAND);

/// What JSON and recordings have by default besides.
const USUAL: Collect = Collect::USER.with(Collect::THREADS).with(Collect::CGROUP);

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, scans, rounds) = match is_quick {
        true => (100, 12, 2),
        false => (3000, 240, 9),
    };
    let children = options.children.unwrap_or(children);
    let scans = options.scans.unwrap_or(scans);
    let rounds = options.rounds.unwrap_or(rounds);
    let listen = match options.listen {
        true => Listen::Auto,
        false => Listen::Off,
    };
    let _children = Children::idle(children)?;
    thread::sleep(SETTLE);
    // The kernel prepares each file when it is opened for the first time.
    let mut unmeasured = Ours::collecting(OFF | MEASURED, Listen::Off)?;
    unmeasured.scan()?;
    let processes = unmeasured.scanner.processes().count();
    drop(unmeasured);
    println!(
        "{processes} processes, CPU time of all threads; medians of {scans} settled and {rounds} first scans in \
         turns\n"
    );
    println!("| fields | settled, ms | ratio | first, us a process | ratio |");
    println!("|---|---|---|---|---|");
    measure("user, threads, cgroup", USUAL, listen, scans, rounds)?;
    if options.usual {
        return Ok(());
    }
    for name in MEASURED.without(OFF).names() {
        let group = Collect::named(name).ok_or("no such group")?;
        measure(name, group, listen, scans, rounds)?;
    }
    measure("all but pss", MEASURED, listen, scans, rounds)
}

fn measure(
    name: &str,
    group: Collect,
    listen: Listen,
    scans: usize,
    rounds: usize,
) -> Result<(), Box<dyn Error>> {
    let settled = settled(group, listen, scans)?;
    let first = first(group, rounds)?;
    println!(
        "| {name} | {:.3} | {:.3} | {:.1} | {:.3} |",
        settled.on_us / 1000.0,
        settled.ratio,
        first.on_us,
        first.ratio
    );
    Ok(())
}

/// CPU time with a field, and its ratio to that without.
struct Compared {
    on_us: f64,
    ratio: f64,
}

impl Compared {
    /// `off` and `on`: in turns.
    fn of(off: &[f64], on: Vec<f64>) -> Self {
        let ratios = on.iter().zip(off).map(|(on, off)| on / off).collect();
        Self {
            ratio: median(ratios),
            on_us: median(on),
        }
    }
}

fn settled(group: Collect, listen: Listen, scans: usize) -> Result<Compared, Box<dyn Error>> {
    let mut scanners = [OFF, OFF | group]
        .map(|collect| Ours::collecting(collect, listen))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    for scanner in &mut scanners {
        for _ in 0..WARM_UP_SCANS {
            scanner.scan()?;
        }
    }
    let mut costs = [Vec::new(), Vec::new()];
    for round in 0..scans {
        for kind in [round % 2, 1 - round % 2] {
            costs[kind].push(scanners[kind].scan()?.cost.us());
        }
    }
    let [off, on] = costs;
    // Turns spread over many scans: sums of neighbours compare better than single scans.
    let sums = |costs: &[f64]| -> Vec<f64> {
        let groups = costs.chunks_exact(10);
        groups
            .map(|group| group.iter().sum::<f64>() / 10.0)
            .collect()
    };
    Ok(Compared::of(&sums(&off), sums(&on)))
}

fn first(group: Collect, rounds: usize) -> Result<Compared, Box<dyn Error>> {
    let mut costs = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for kind in [round % 2, 1 - round % 2] {
            let collect = if kind == 0 { OFF } else { OFF | group };
            let mut scanner = Ours::collecting(collect, Listen::Off)?;
            let scan = scanner.scan()?;
            let processes = scan.processes.ok_or("no process was found")?;
            costs[kind].push(scan.cost.us() / processes as f64);
        }
    }
    let [off, on] = costs;
    Ok(Compared::of(&off, on))
}

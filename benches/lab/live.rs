//! Compare a scan of this host with the bare sysinfo refresh under it.
//!
//! The two take turns, so that both meet the same load. The comparison is of CPU time where the system counts
//! it in nanoseconds (Linux), otherwise of elapsed time.

use std::error::Error;

use crate::contenders::bare::Bare;
use crate::contenders::contender::Contender;
use crate::contenders::ours::Ours;
use crate::crowd::children::Children;
use crate::measure::cost::CLOCK;
use crate::measure::scan::WARM_UP_SCANS;
use crate::statistics::median;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of idle children to start [default: 1000, with --quick 20]
    children: Option<usize>,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, rounds) = if is_quick { (20, 10) } else { (1000, 200) };
    let _children = Children::idle(options.children.unwrap_or(children))?;
    let beside = beside_bare(rounds)?;
    println!(
        "{} processes, medians of {rounds} rounds, {CLOCK}\n",
        beside.ours.scanner.processes().count()
    );
    beside.print_costs();
    print_memory(&beside.ours);
    Ok(())
}

/// Our scan beside the bare refresh: medians of the rounds.
pub(crate) struct Beside {
    ours: Ours,
    refresh_us: f64,
    scan_us: f64,
    deliver_us: f64,
    /// Ours in total, divided by the refresh.
    pub(crate) ratio: f64,
}

/// Lets our scan and the bare refresh take turns, among whatever processes there are.
pub(crate) fn beside_bare(rounds: usize) -> Result<Beside, Box<dyn Error>> {
    let mut bare = Bare::new()?;
    let mut ours = Ours::sysinfo()?;
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for round in 0..rounds + WARM_UP_SCANS {
        // The first of the two finds cold caches.
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
        if round >= WARM_UP_SCANS {
            ratios.push((scan + deliver) / refresh);
            for (costs, cost) in costs.iter_mut().zip([refresh, scan, deliver]) {
                costs.push(cost);
            }
        }
    }
    let [refresh_us, scan_us, deliver_us] = costs.map(median);
    Ok(Beside {
        ours,
        refresh_us,
        scan_us,
        deliver_us,
        ratio: median(ratios),
    })
}

impl Beside {
    fn print_costs(&self) {
        let processes = self.ours.scanner.processes().count();
        let (refresh, scan, deliver) = (self.refresh_us, self.scan_us, self.deliver_us);
        let line = |what: &str, us: f64, times: f64| {
            let each = us / processes as f64;
            println!("| {what} | {:.2} | {each:.2} | {times:.3} |", us / 1000.0);
        };
        println!("| what | ms a scan | us a process | times bare |");
        println!("|---|---|---|---|");
        line("bare sysinfo refresh", refresh, 1.0);
        line("our scan: refresh, table, batch", scan, scan / refresh);
        line("the dispatcher's thread", deliver, deliver / refresh);
        line("ours in total", scan + deliver, self.ratio);
    }
}

fn print_memory(ours: &Ours) {
    let consumers = ours.scanner.consumers();
    let processes = ours.scanner.processes().count() as u64;
    // Names and command lines are shared with the table, so a clone has the size of the dispatcher's own part.
    let snapshot = consumers.snapshot();
    let copied = allocation_counter::measure(|| {
        std::hint::black_box(std::mem::ManuallyDrop::new((*snapshot).clone()));
    });
    println!(
        "\nThe table uses {} bytes a process, the dispatcher's snapshot {} more.",
        consumers.metrics().table_bytes / processes,
        copied.bytes_total / processes
    );
}

//! What it costs to watch a host of 1000, 3000 and 10,000 processes, beside what others cost there.
//!
//! It starts so many children of its own. All who are compared scan the same host in turns. What it
//! prints are tables in Markdown; what could not be measured is said on standard error.
//!
//! `cargo bench --bench host -- [--quick] [SIZES…]`

// A bench prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod contenders;
mod crowd;
mod measure;

#[path = "host/goals.rs"]
mod goals;
#[path = "host/plan.rs"]
mod plan;
#[path = "host/scans.rs"]
mod scans;
#[path = "host/watch.rs"]
mod watch;

use std::error::Error;
use std::time::Duration;
use std::{io, thread};

use process_scanner::Scanner;

use self::contenders::bare::Bare;
#[cfg(target_os = "linux")]
use self::contenders::calls::Calls;
use self::contenders::ours::Ours;
#[cfg(target_os = "linux")]
use self::contenders::procfs::Procfs;
use self::contenders::ps::Ps;
use self::contenders::{Contender, turns};
use self::crowd::births::Turnover;
use self::crowd::workers::Workers;
use self::goals::Goals;
use self::measure::ages::{join_all, steady, subscribe};
use self::plan::Plan;

const BIRTHS_PER_SECOND: u32 = 200;

/// Shorter than a scan of most sizes takes: then the scanner skips beats.
const DELIVERY_INTERVAL_MS: u64 = 100;

const CONSUMERS: [usize; 3] = [1, 10, 100];

fn main() -> Result<(), Box<dyn Error>> {
    crowd::child::be_child_if_told();
    let plan = Plan::from_args();
    let mut goals = Goals::new(plan.goals_size());
    let mut is_complete = true;
    for &size in &plan.sizes {
        eprintln!("starting {size} children");
        let measured = match Children::start(size) {
            Ok(children) => measure_at(size, children, &plan, &mut goals),
            Err(error) => Err(format!("no {size} children can be started here: {error}").into()),
        };
        if let Err(error) = measured {
            eprintln!("skipped the rest with {size} children: {error}");
            is_complete = false;
        }
    }
    goals.print();
    match is_complete {
        true => Ok(()),
        false => Err("not everything could be measured".into()),
    }
}

/// All are idle, but that some work before each scan when they are told to.
struct Children {
    twentieth: Workers,
    /// With the twentieth it is half of all.
    rest_of_half: Workers,
    /// With both it is all.
    rest: Workers,
}

impl Children {
    fn start(size: usize) -> io::Result<Self> {
        let (twentieth, half) = (size / 20, size / 2);
        Ok(Self {
            twentieth: Workers::new(twentieth)?,
            rest_of_half: Workers::new(half - twentieth)?,
            rest: Workers::new(size - half)?,
        })
    }
}

/// Whoever is to be compared with the others; the first is who the others are measured by.
fn contenders() -> Result<Vec<Box<dyn Contender>>, Box<dyn Error>> {
    let mut contenders: Vec<Box<dyn Contender>> =
        vec![Box::new(Bare::new()?), Box::new(Ours::sysinfo()?)];
    #[cfg(target_os = "linux")]
    {
        contenders.push(Box::new(Ours::linux()?));
        contenders.push(Box::new(Calls::new()));
        contenders.push(Box::new(Procfs));
    }
    match Ps::find() {
        Some(ps) => contenders.push(Box::new(ps)),
        None => eprintln!("skipped: there is no ps here that takes our arguments"),
    }
    Ok(contenders)
}

fn measure_at(
    size: usize,
    mut children: Children,
    plan: &Plan,
    goals: &mut Goals,
) -> Result<(), Box<dyn Error>> {
    println!("\n### With {size} children\n");
    compare_scans(size, &mut children, plan, goals)?;
    if size == plan.smallest() {
        count_failures(plan.scans_to_fail(), goals)?;
    }
    if let Some(watched) = watch::watch(plan.watch_for())? {
        watched.print();
        goals.take_watched(size, &watched);
    }
    deliver(size, plan.batches(), goals)
}

fn compare_scans(
    size: usize,
    children: &mut Children,
    plan: &Plan,
    goals: &mut Goals,
) -> Result<(), Box<dyn Error>> {
    let rounds = plan.rounds(size);
    let mut contenders = contenders()?;
    println!("Medians of {rounds} rounds.\n");
    scans::print_head();

    let idle = turns::compare(&mut contenders, rounds, || Ok(()))?;
    scans::print("nothing", &idle);
    goals.take_idle(size, &idle);

    let few = turns::compare(&mut contenders, rounds, || children.twentieth.work())?;
    scans::print("5 % run", &few);

    let half = turns::compare(&mut contenders, rounds, || {
        children.twentieth.work()?;
        children.rest_of_half.work()
    })?;
    scans::print("50 % run", &half);

    let all = turns::compare(&mut contenders, rounds, || {
        children.twentieth.work()?;
        children.rest_of_half.work()?;
        children.rest.work()
    })?;
    scans::print("all run", &all);

    let turnover = Turnover::start(BIRTHS_PER_SECOND)?;
    // Until as many die as are born.
    thread::sleep(Duration::from_secs(1));
    let changing = turns::compare(&mut contenders, rounds, || Ok(()))?;
    let births_per_second = turnover.end()?;
    scans::print(
        &format!("{births_per_second:.0} births a second"),
        &changing,
    );

    goals.take_busy(size, &few, &all);
    for compared in [&idle, &few, &half, &all, &changing] {
        goals.count_failures(compared);
    }
    Ok(())
}

/// Scans as fast as it can, while processes are born and die.
fn count_failures(scans: u64, goals: &mut Goals) -> Result<(), Box<dyn Error>> {
    let turnover = Turnover::start(BIRTHS_PER_SECOND)?;
    let mut ours = match cfg!(target_os = "linux") {
        true => Ours::linux()?,
        false => Ours::sysinfo()?,
    };
    let mut failed = 0;
    for _ in 0..scans {
        failed += u64::from(ours.scan()?.has_failed);
    }
    turnover.end()?;
    println!(
        "\n{failed} of {scans} scans failed while {BIRTHS_PER_SECOND} processes a second were born and died."
    );
    goals.add_failures(failed, scans);
    Ok(())
}

fn deliver(size: usize, batches: u64, goals: &mut Goals) -> Result<(), Box<dyn Error>> {
    println!("\n{batches} batches from a scan's end into the consumer's hand:\n");
    println!("| consumers | median, us | 99th percentile, us | longest, us |");
    println!("|---|---|---|---|");
    for consumers in CONSUMERS {
        let config = steady(DELIVERY_INTERVAL_MS);
        let scanner = Scanner::builder().config(config).start()?;
        let reports = join_all(&scanner, consumers, subscribe)?;
        while scanner.consumers().metrics().scan_time.count <= batches {
            thread::sleep(Duration::from_millis(DELIVERY_INTERVAL_MS));
        }
        scanner.stop()?;
        let [median, high, longest] = reports.collect();
        println!("| {consumers} | {median:.0} | {high:.0} | {longest:.0} |");
        goals.take_delivery(size, consumers, high);
    }
    Ok(())
}

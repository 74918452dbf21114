//! Compare the scans of all contenders while children are idle, work, or are born and exit.

use std::error::Error;
use std::thread;
use std::time::Duration;

use super::load::Load;
use super::plan::Plan;
use crate::contenders::bare::Bare;
#[cfg(target_os = "linux")]
use crate::contenders::calls::Calls;
use crate::contenders::contender::Contender;
use crate::contenders::ours::Ours;
#[cfg(target_os = "linux")]
use crate::contenders::procfs::Procfs;
use crate::contenders::ps::Ps;
use crate::contenders::turns::{self, Compared};
use crate::crowd::turnover::Turnover;

const BIRTHS_PER_SECOND: u32 = 200;

/// Returns all contenders. The first is the one that the others are compared with.
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
        None => eprintln!("skipped: no ps on this host accepts the arguments"),
    }
    Ok(contenders)
}

pub(super) fn compare(size: usize, load: &mut Load, plan: &Plan) -> Result<(), Box<dyn Error>> {
    let rounds = plan.rounds(size);
    let mut contenders = contenders()?;
    println!("Medians of {rounds} rounds.\n");
    print_head();

    let idle = turns::compare(&mut contenders, rounds, || Ok(()))?;
    print("nothing", &idle);

    let few = turns::compare(&mut contenders, rounds, || load.work_twentieth())?;
    print("5 % work", &few);

    let half = turns::compare(&mut contenders, rounds, || load.work_half())?;
    print("50 % work", &half);

    let all = turns::compare(&mut contenders, rounds, || load.work_all())?;
    print("all work", &all);

    let turnover = Turnover::start(BIRTHS_PER_SECOND)?;
    // After that as many exit as are born.
    thread::sleep(Duration::from_secs(1));
    let changing = turns::compare(&mut contenders, rounds, || Ok(()))?;
    let births_per_second = turnover.end()?;
    print(
        &format!("{births_per_second:.0} births a second"),
        &changing,
    );
    Ok(())
}

/// How many scans failed while processes were born and exited.
pub(crate) struct Failures {
    pub(crate) failed: u64,
    pub(crate) scans: u64,
    pub(crate) births_per_second: f64,
}

/// Scans as fast as possible while processes are born and exit, and counts the failed scans.
pub(crate) fn count_failures(scans: u64) -> Result<Failures, Box<dyn Error>> {
    let turnover = Turnover::start(BIRTHS_PER_SECOND)?;
    let mut ours = Ours::of_this_system()?;
    let mut failed = 0;
    for _ in 0..scans {
        failed += u64::from(ours.scan()?.has_failed);
    }
    Ok(Failures {
        failed,
        scans,
        births_per_second: turnover.end()?,
    })
}

impl Failures {
    pub(super) fn print(&self) {
        let Self {
            failed,
            scans,
            births_per_second,
        } = self;
        println!(
            "\n{failed} of {scans} scans failed during {births_per_second:.0} births and exits a second."
        );
    }
}

fn print_head() {
    println!(
        "| between two rounds | processes | what | CPU, ms | time, ms | CPU, times bare | \
         time, times bare | failed scans |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

fn print(story: &str, all: &[Compared]) {
    for compared in all {
        let Compared {
            name,
            processes,
            wall_ratio,
            failed,
            ..
        } = compared;
        let or_dash = |value: Option<f64>, digits: usize| {
            value.map_or("-".into(), |value| format!("{value:.digits$}"))
        };
        let cpu_ms = or_dash(compared.cpu_us.map(|us| us / 1000.0), 2);
        let cpu_ratio = or_dash(compared.cpu_ratio, 3);
        let wall_ms = compared.wall_us / 1000.0;
        println!(
            "| {story} | {processes:.0} | {name} | {cpu_ms} | {wall_ms:.2} | {cpu_ratio} | \
             {wall_ratio:.3} | {failed} |"
        );
    }
}

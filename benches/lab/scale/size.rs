//! Compare our scan with its system calls and with sysinfo at one size.

use std::error::Error;
use std::thread;
use std::time::Duration;

use super::figures::{Costs, Figure};
use super::plan::Plan;
use crate::contenders::bare::Bare;
use crate::contenders::calls::Calls;
use crate::contenders::contender::Contender;
use crate::contenders::ours::Ours;
use crate::contenders::turns::{self, Compared};
use crate::crowd::children::Children;
use crate::crowd::room;

/// After this time all children are idle.
pub(crate) const SETTLE: Duration = Duration::from_secs(3);

pub(super) fn measure(children: usize, plan: &Plan) -> Result<Figure, Box<dyn Error>> {
    room::check(children)?;
    let crowd = Children::idle(children)?;
    thread::sleep(SETTLE);
    let calls = in_turns(
        Box::new(Calls::new()),
        Box::new(Ours::linux()?),
        plan.calls_rounds(children),
    )?;
    let sysinfo = beside_sysinfo(plan.sysinfo_rounds(children))?;
    drop(crowd);
    let [calls, ours] = &calls;
    Ok(Figure {
        children,
        processes: ours.processes,
        ours_us: us_a_process(ours)?,
        calls: Costs {
            us: us_a_process(calls)?,
            ratio: ours.cpu_ratio.ok_or(NO_CPU_TIME)?,
            rounds: plan.calls_rounds(children),
        },
        sysinfo,
    })
}

/// Measures sysinfo's refresh beside our scan, among whatever processes there are.
pub(crate) fn beside_sysinfo(rounds: usize) -> Result<Costs, Box<dyn Error>> {
    let [_, sysinfo] = in_turns(Box::new(Ours::linux()?), Box::new(Bare::new()?), rounds)?;
    Ok(Costs {
        us: us_a_process(&sysinfo)?,
        ratio: sysinfo.cpu_ratio.ok_or(NO_CPU_TIME)?,
        rounds,
    })
}

const NO_CPU_TIME: &str = "the kernel does not count CPU time";

/// Lets two contenders scan in turns. The ratio of the second is to the first.
pub(crate) fn in_turns(
    first: Box<dyn Contender>,
    second: Box<dyn Contender>,
    rounds: usize,
) -> Result<[Compared; 2], Box<dyn Error>> {
    let compared = turns::compare(&mut [first, second], rounds, || Ok(()))?;
    for one in compared.iter().filter(|one| one.failed > 0) {
        eprintln!("{}: {} of {} scans failed", one.name, one.failed, one.scans);
    }
    let pair = <[Compared; 2]>::try_from(compared);
    Ok(pair.map_err(|_| "two contenders have two results")?)
}

fn us_a_process(compared: &Compared) -> Result<f64, Box<dyn Error>> {
    let scan_us = compared.cpu_us.ok_or(NO_CPU_TIME)?;
    Ok(scan_us / compared.processes)
}

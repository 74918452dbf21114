//! The cost of a scan beside that of sysinfo, and beside the least that finds all processes.

use std::error::Error;
use std::thread;

use super::finding::Finding;
use super::plan::Plan;
use crate::contenders::list_and_clocks::ListAndClocks;
use crate::contenders::ours::Ours;
use crate::crowd::children::Children;
use crate::crowd::room;
use crate::live;
use crate::scale::size::{self, SETTLE};

pub(super) const PROMISES: &[&str] = &["idle", "sysinfo"];
pub(super) const OVER: &[&str] = &["over-sysinfo"];

pub(super) fn measure(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    if let Err(why) = room::check(plan.many) {
        let findings = PROMISES
            .iter()
            .map(|name| Finding::not_measured(name, &why));
        return Ok(findings.collect());
    }
    let _children = Children::idle(plan.many)?;
    thread::sleep(SETTLE);
    let least = size::in_turns(
        Box::new(ListAndClocks::new()),
        Box::new(Ours::linux()?),
        plan.rounds,
    )?;
    let ratio = least[1]
        .cpu_ratio
        .ok_or("the kernel does not count CPU time")?;
    let idle = format!("{ratio:.2}; median of {} rounds", plan.rounds);
    let sysinfo = size::beside_sysinfo(plan.rounds)?;
    let (times, rounds) = (sysinfo.ratio, sysinfo.rounds);
    let text = format!(
        "{:.3}, that is 1/{times:.1}; median of {rounds} rounds",
        1.0 / times
    );
    Ok(vec![
        Finding::new("idle", ratio, idle),
        Finding::new("sysinfo", 1.0 / times, text),
    ])
}

/// Measures what the source `sysinfo` costs more than the refresh that it is built on.
pub(super) fn over(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let name = OVER[0];
    if let Err(why) = room::check(plan.many) {
        return Ok(vec![Finding::not_measured(name, why)]);
    }
    let _children = Children::idle(plan.many)?;
    thread::sleep(SETTLE);
    let rounds = plan.bare_rounds;
    let ratio = live::beside_bare(rounds)?.ratio;
    let text = format!("{ratio:.3}; median of {rounds} rounds");
    Ok(vec![Finding::new(name, ratio, text)])
}

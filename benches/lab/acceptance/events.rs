//! Births and exits: those that are missing, and those that are false.

use std::error::Error;

use rustix::process::geteuid;

use super::finding::{Finding, percent};
use super::plan::Plan;
use crate::lives::short::{self, Reported};
use crate::lives::watcher::{Setting, Watcher};
use crate::lives::{Shots, lock_pids, loss, stopped_with_usual_buffer, users};
use crate::soak::soak;

pub(super) const LIVES: &[&str] = &["births", "unseen", "false"];
pub(super) const LOSS: &[&str] = &["loss"];

/// As in the experiment `soak`.
const BIRTHS_PER_SECOND: u32 = 50;

pub(super) fn lives(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    // The soak distinguishes processes by pid and tick, so no other program may choose pids meanwhile.
    let _pids = lock_pids()?;
    let shots = Shots::usual(plan.is_quick);
    let reports = short::measure(shots, users(plan.is_quick))?;
    let mut findings = vec![births(&reports)?, unseen(&reports)?];
    let mut all = reports;
    // Choosing pids needs root.
    if geteuid().is_root() {
        all.extend(short::measure(
            shots.with_reused_pids(),
            users(plan.is_quick),
        )?);
    }
    let soaked = soak(plan.soak_time, BIRTHS_PER_SECOND)?;
    let wrong = |report: &Reported| report.accuracy.wrong(report.setting.listens) as u64;
    let events = |report: &Reported| (report.accuracy.births + report.accuracy.exits) as u64;
    let wrong = all.iter().map(wrong).sum::<u64>() + soaked.wrong();
    let events = all.iter().map(events).sum::<u64>() + soaked.events();
    let text = format!("{wrong} of {events}");
    findings.push(Finding::new("false", wrong as f64, text));
    Ok(findings)
}

fn births(reports: &[Reported]) -> Result<Finding, Box<dyn Error>> {
    let listening = || reports.iter().filter(|report| report.setting.listens);
    let names: Vec<&str> = listening()
        .map(|report| report.setting.name.as_str())
        .collect();
    if names.is_empty() {
        let why = reports.iter().find_map(|report| report.why.clone());
        return Ok(Finding::not_measured(
            "births",
            why.unwrap_or("no scanner listens".into()),
        ));
    }
    let lives: usize = listening().map(|report| report.accuracy.lives).sum();
    let reported: usize = listening()
        .map(|report| report.accuracy.births + report.accuracy.exits)
        .sum();
    let missing = 2 * lives - reported;
    let text = format!(
        "{missing} of {} births and exits, as {}",
        2 * lives,
        names.join(" and ")
    );
    let share = percent(missing as u64, 2 * lives as u64)?;
    Ok(Finding::new("births", share, text))
}

fn unseen(reports: &[Reported]) -> Result<Finding, Box<dyn Error>> {
    let polling = reports.iter().find(|report| !report.setting.listens);
    let polling = polling.ok_or("no scanner polls")?;
    let missed = (polling.accuracy.lives - polling.accuracy.births) as u64;
    let Some(counted) = polling.seen.unseen else {
        return Ok(Finding::not_measured(
            "unseen",
            "this kernel does not count births",
        ));
    };
    let uncounted = missed.saturating_sub(counted);
    let text = format!("{uncounted}; {missed} missed, {counted} counted on the whole host");
    Ok(Finding::new("unseen", uncounted as f64, text))
}

pub(super) fn loss(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let name = LOSS[0];
    let _pids = lock_pids()?;
    let probe = Watcher::start(Setting::new("listening", plan.is_quick))?;
    if let Some(why) = &probe.why {
        return Ok(vec![Finding::not_measured(name, why)]);
    }
    drop(probe);
    let case = stopped_with_usual_buffer(plan.is_quick);
    let lost = loss::measure(case.ok_or("no case has the usual buffer")?)?;
    if lost.missing == 0 {
        return Ok(vec![Finding::not_measured(name, "no event was lost")]);
    }
    let (uncounted, missing_after) = (lost.uncounted(), lost.missing_after());
    let text = format!(
        "{uncounted} and {missing_after}; {} of {} births not reported, {} counted, {} births afterwards",
        lost.missing,
        lost.births,
        lost.unseen
            .map_or("unknown".into(), |unseen| unseen.to_string()),
        lost.births_after
    );
    match (uncounted as f64 + missing_after as f64, lost.problem()) {
        (0.0, Some(problem)) => Err(problem.into()),
        (value, _) => Ok(vec![Finding::new(name, value, text)]),
    }
}

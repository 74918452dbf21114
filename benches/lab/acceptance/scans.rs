//! The time of a scan, and failed scans.

use std::error::Error;

use super::finding::{Finding, percent};
use super::plan::Plan;
use crate::contenders::contender::Contender;
use crate::contenders::ours::Ours;
use crate::crowd::children::Children;
use crate::crowd::workers::Workers;
use crate::host::scans::count_failures;
use crate::statistics::{median, quantile};

pub(super) const TIME: &[&str] = &["scan"];
pub(super) const FAILURES: &[&str] = &["failed"];

pub(super) fn time(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let mut workers = Workers::new(plan.few)?;
    let mut ours = Ours::of_this_system()?;
    let mut scan_ms = || {
        let scan = ours.scan()?;
        match scan.has_failed {
            true => Err(Box::<dyn Error>::from("a scan failed")),
            false => Ok(scan.cost.wall_us / 1000.0),
        }
    };
    let first_ms = scan_ms()?;
    let mut later_ms = Vec::new();
    for _ in 0..plan.timed_scans {
        workers.work()?;
        later_ms.push(scan_ms()?);
    }
    let slowest_ms = quantile(later_ms.clone(), 1.0);
    let text = format!(
        "slowest of {} {slowest_ms:.1} ms, median {:.1} ms; the first scan {first_ms:.1} ms",
        plan.timed_scans,
        median(later_ms)
    );
    Ok(vec![Finding::new(TIME[0], slowest_ms.max(first_ms), text)])
}

pub(super) fn failures(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let _children = Children::idle(plan.few)?;
    let counted = count_failures(plan.counted_scans)?;
    let text = format!(
        "{} of {}, at {:.0} births a second",
        counted.failed, counted.scans, counted.births_per_second
    );
    let share = percent(counted.failed, counted.scans)?;
    Ok(vec![Finding::new(FAILURES[0], share, text)])
}

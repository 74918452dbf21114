//! The cost of a scan beside that of sysinfo.

use std::error::Error;

use super::finding::Finding;
use super::plan::Plan;
use crate::crowd::room;
use crate::scale::plan::Plan as Rounds;
use crate::scale::size;

pub(super) const PROMISES: &[&str] = &["sysinfo"];

pub(super) fn measure(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let name = PROMISES[0];
    if let Err(why) = room::check(plan.many) {
        return Ok(vec![Finding::not_measured(name, why)]);
    }
    let figure = size::measure(plan.many, &Rounds::new(vec![plan.many], plan.is_quick))?;
    let times = figure.sysinfo.ratio;
    let text = format!(
        "{:.3}, that is 1/{times:.1}; median of {} rounds",
        1.0 / times,
        figure.sysinfo.rounds
    );
    Ok(vec![Finding::new(name, 1.0 / times, text)])
}

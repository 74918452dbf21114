//! How old batches are when consumers receive them.

use std::error::Error;

use super::finding::Finding;
use super::plan::Plan;
#[cfg(target_os = "linux")]
use crate::crowd::room;
use crate::crowd::workers::Workers;
use crate::host::delivery::{CONSUMERS, ages_us};

pub(super) const PROMISES: &[&str] = &["consumers"];

pub(super) fn measure(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let name = PROMISES[0];
    #[cfg(target_os = "linux")]
    if let Err(why) = room::check(plan.many) {
        return Ok(vec![Finding::not_measured(name, why)]);
    }
    let mut workers = Workers::new(plan.many)?;
    let (mut worst_ms, mut texts) = (0.0_f64, Vec::new());
    for consumers in CONSUMERS {
        let [_, high_us, _] = ages_us(consumers, plan.batches, || workers.work())?;
        if high_us.is_nan() {
            return Err("no consumer received a batch".into());
        }
        worst_ms = worst_ms.max(high_us / 1000.0);
        texts.push(format!("{:.2} ms with {consumers}", high_us / 1000.0));
    }
    let text = format!("{}; {} batches each", texts.join(", "), plan.batches);
    Ok(vec![Finding::new(name, worst_ms, text)])
}

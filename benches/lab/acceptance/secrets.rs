//! What the redactor leaks and damages of realistic command lines.

#[path = "../../../tests/suite/redact/lines.rs"]
mod lines;

use std::error::Error;

use process_scanner::Redactor;

use super::finding::Finding;
use super::plan::Plan;

pub(super) const PROMISES: &[&str] = &["leaked", "damaged"];

pub(super) fn measure(_: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    let rates = lines::rates(&Redactor::default(), &lines::read());
    let found = PROMISES.iter().zip([rates.leaked, rates.damaged]);
    let finding = |(name, rate): (&&'static str, lines::Rate)| {
        let percent = rate.percent();
        let text = format!("{percent:.1} %; {} of {}", rate.bad, rate.all);
        Finding::new(name, percent, text)
    };
    Ok(found.map(finding).collect())
}

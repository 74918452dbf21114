//! Measure all that this project promises with a number, by the functions of other experiments.
//!
//! A measurement has the figures of one or more promises.

mod consumers;
#[cfg(target_os = "linux")]
mod events;
mod finding;
mod machine;
mod page;
mod plan;
mod promises;
mod scans;
mod secrets;
#[cfg(target_os = "linux")]
mod sysinfo;
#[cfg(target_os = "linux")]
mod watching;

use std::error::Error;
use std::fs;

use clap::builder::PossibleValuesParser;

use self::finding::Finding;
use self::machine::Machine;
use self::plan::Plan;
use self::promises::{PROMISES, Promise};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Promises to measure [default: all]
    #[arg(value_parser = PossibleValuesParser::new(PROMISES.map(|promise| promise.name)))]
    names: Vec<String>,

    /// Write the figures to docs/acceptance.md
    #[arg(long, conflicts_with = "names")]
    write: bool,
}

/// The promises that a function measures, and the function.
type Measurement = (
    &'static [&'static str],
    fn(&Plan) -> Result<Vec<Finding>, Box<dyn Error>>,
);

const MEASUREMENTS: &[Measurement] = &[
    #[cfg(target_os = "linux")]
    (watching::PROMISES, watching::measure),
    #[cfg(target_os = "linux")]
    (sysinfo::PROMISES, sysinfo::measure),
    (scans::TIME, scans::time),
    (consumers::PROMISES, consumers::measure),
    (scans::FAILURES, scans::failures),
    #[cfg(target_os = "linux")]
    (events::LIVES, events::lives),
    #[cfg(target_os = "linux")]
    (events::LOSS, events::loss),
    (secrets::PROMISES, secrets::measure),
];

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    if is_quick && options.write {
        return Err("figures of --quick are not written: leave out --write or --quick".into());
    }
    let machine = Machine::now();
    let is_wanted =
        |name: &str| options.names.is_empty() || options.names.iter().any(|wanted| wanted == name);
    let mut findings = Vec::new();
    let mut has_error = false;
    for (names, measure) in MEASUREMENTS {
        if !names.iter().any(|name| is_wanted(name)) {
            continue;
        }
        eprintln!("measuring {}", names.join(", "));
        match measure(&Plan::new(is_quick)) {
            Ok(found) => findings.extend(found),
            Err(error) => {
                has_error = true;
                let why = format!("the measurement failed: {error}");
                findings.extend(names.iter().map(|name| Finding::not_measured(name, &why)));
            }
        }
    }
    let mut rows: Vec<(Promise, Finding)> = Vec::new();
    for promise in PROMISES
        .into_iter()
        .filter(|promise| is_wanted(promise.name))
    {
        let found = findings
            .iter()
            .position(|finding| finding.promise == promise.name);
        let finding = match found {
            Some(found) => findings.swap_remove(found),
            None => Finding::not_measured(promise.name, "it needs Linux"),
        };
        rows.push((promise, finding));
    }
    let table = page::table(&rows, is_quick);
    println!("{}\n\n{table}", machine.sentence());
    if options.write {
        fs::write(page::PATH, page::page(&table, &machine))?;
        println!("Written to {}", page::PATH);
    }
    match is_quick {
        true if has_error => Err("a measurement failed".into()),
        true => Ok(()),
        false => judge(&rows),
    }
}

/// Returns an error if a promise is missed or was not measured.
fn judge(rows: &[(Promise, Finding)]) -> Result<(), Box<dyn Error>> {
    let count = |outcome| {
        let rows = rows.iter();
        rows.filter(|(promise, finding)| finding.holds(promise.at_most) == outcome)
            .count()
    };
    match (count(Some(false)), count(None)) {
        (0, 0) => Ok(()),
        (missed, unknown) => Err(format!(
            "of {} promises {missed} are missed and {unknown} were not measured",
            rows.len()
        )
        .into()),
    }
}

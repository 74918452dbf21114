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
use self::page::Row;
use self::plan::Plan;
use self::promises::PROMISES;

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
    #[cfg(target_os = "linux")]
    (sysinfo::OVER, sysinfo::over),
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
    let rows = rows(&options.names, is_quick);
    let table = page::table(&rows);
    println!("{}\n\n{table}", machine.sentence());
    if options.write {
        fs::write(page::PATH, page::page(&table, &machine))?;
        println!("Written to {}", page::PATH);
    }
    let is_bad = |(promise, _, outcome): &Row| (!outcome.is_good(is_quick)).then_some(promise.name);
    let bad: Vec<&str> = rows.iter().filter_map(is_bad).collect();
    match bad.is_empty() {
        true => Ok(()),
        false => Err(format!("missed or not measured: {}", bad.join(", ")).into()),
    }
}

/// Measures the promises with these names, or all if there are none.
fn rows(names: &[String], is_quick: bool) -> Vec<Row> {
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let mut findings = Vec::new();
    for (promises, measure) in MEASUREMENTS {
        if !promises.iter().any(|name| is_wanted(name)) {
            continue;
        }
        eprintln!("measuring {}", promises.join(", "));
        match measure(&Plan::new(is_quick)) {
            Ok(found) => findings.extend(found),
            Err(error) => {
                let failed = promises.iter().map(|name| Finding::failed(name, &error));
                findings.extend(failed);
            }
        }
    }
    let wanted = PROMISES
        .into_iter()
        .filter(|promise| is_wanted(promise.name));
    wanted
        .map(|promise| {
            let found = findings
                .iter()
                .position(|finding| finding.promise == promise.name);
            let finding = match found {
                Some(found) => findings.swap_remove(found),
                None => Finding::not_measured(promise.name, "it needs Linux"),
            };
            let outcome = finding.outcome(promise.at_most, is_quick);
            (promise, finding, outcome)
        })
        .collect()
}

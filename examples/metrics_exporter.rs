//! What the scanner says of itself, by way of the `metrics` facade in the text format of Prometheus.
//!
//! The exporter is the agent's: any other for the facade does as well, and what the agent counts
//! itself goes the same way.
//!
//! `cargo run --features metrics --example metrics_exporter`

// An example shows what it does.
#![allow(clippy::print_stdout)]

use std::error::Error;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use process_scanner::{Config, ConsumerOptions, Scanner};

/// From a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 6] = [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0];

fn main() -> Result<(), Box<dyn Error>> {
    // Before the scanner is made, which describes its metrics when it is.
    let exporter = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .install_recorder()?;

    let mut config = Config::default();
    config.interval_ms = 200;
    let scanner = Scanner::builder().config(config).start()?;
    // Its name is a label of the metrics that are about it.
    let batches = scanner
        .consumers()
        .subscribe(ConsumerOptions::default().with_name("agent"));
    let seen = batches.iter().take(3).count();
    scanner.stop()?;

    // An agent does this whenever it is asked for its metrics, and `run_upkeep` in between.
    print!("{}", exporter.render());
    if seen < 3 {
        return Err(format!("the scanner ended after {seen} scans").into());
    }
    Ok(())
}

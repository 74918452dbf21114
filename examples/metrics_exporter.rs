//! Exports the scanner's metrics to Prometheus, through the `metrics` facade.
//!
//! The agent chooses the exporter: any other for the facade works too, and exports the agent's own
//! metrics with them.
//!
//! `cargo run --features metrics --example metrics_exporter`

// Examples print.
#![allow(clippy::print_stdout)]

use std::error::Error;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use process_scanner::{Config, ConsumerOptions, Scanner};

/// Buckets from a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 6] = [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0];

fn main() -> Result<(), Box<dyn Error>> {
    // Install it before the scanner is built, which describes its metrics then.
    let exporter = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .install_recorder()?;

    let mut config = Config::default();
    config.interval_ms = 200;
    let scanner = Scanner::builder().config(config).start()?;
    // The name becomes a label of the consumer's metrics.
    let batches = scanner
        .consumers()
        .subscribe(ConsumerOptions::default().with_name("agent"));
    let received = batches.iter().take(3).count();
    scanner.stop()?;

    // An agent renders when its metrics are requested, and calls `run_upkeep` in between.
    print!("{}", exporter.render());
    if received < 3 {
        return Err(format!("the scanner ended after {received} of 3 scans").into());
    }
    Ok(())
}

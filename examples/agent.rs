//! A Top-N agent: after each scan it prints the busiest processes, births, exits, failures and lost
//! batches, and at the end its own CPU time.
//!
//! `cargo run --example agent -- [SCANS]`

// Examples print.
#![allow(clippy::print_stderr, clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::process::exit;
use std::time::Duration;

use process_scanner::{
    Batch, Config, Consumer, ConsumerOptions, Event, ProcessInfo, Scanner, TopN, Usage, escape,
};

const USAGE: &str = "usage: agent [SCANS]
SCANS: number of scans, 3 by default";

fn main() -> Result<(), Box<dyn Error>> {
    let scans = match env::args().nth(1).as_deref() {
        None => 3,
        Some("-h" | "--help") => {
            println!("{USAGE}");
            return Ok(());
        }
        Some(scans) => scans.parse().unwrap_or_else(|error| {
            eprintln!("agent: SCANS is {scans:?}: {error}\n{USAGE}");
            exit(2)
        }),
    };
    let mut config = Config::default();
    config.interval_ms = 200;

    let scanner = Scanner::builder().config(config).start()?;
    // This agent receives its batches in its own loop. An agent without a loop registers both
    // rankings with `scanner.consumers().register(ConsumerOptions::default(), busiest.clone())` and
    // reads them when needed.
    let batches = scanner
        .consumers()
        .subscribe(ConsumerOptions::default().with_name("agent"));
    let mut busiest = TopN::busiest(3, Duration::from_secs(10));
    let mut largest = TopN::largest(3);
    let mut received = 0;
    for batch in batches.iter().take(scans) {
        busiest.on_batch(&batch);
        largest.on_batch(&batch);
        print_batch(&batch);
        for ranked in busiest.ranking() {
            println!("  {} {}", usage(ranked.usage), label(&ranked.process));
        }
        received += 1;
    }
    println!("largest in memory");
    for ranked in largest.ranking() {
        println!("  {} {}", usage(ranked.usage), label(&ranked.process));
    }
    let metrics = scanner.consumers().metrics();
    if let Some(cpu) = metrics.cpu_total {
        println!(
            "this agent's scanner used {:.1} ms of CPU time",
            cpu.scan_ms + cpu.dispatch_ms
        );
    }
    // Returns within a second, with an error that names threads that have not ended.
    scanner.stop()?;
    if received < scans {
        return Err(format!("the scanner ended after {received} of {scans} scans").into());
    }
    Ok(())
}

/// Formats the usage in columns.
fn usage(usage: Usage) -> String {
    match usage {
        Usage::CpuPercent(percent) => format!("{percent:>6.2} %  "),
        Usage::RssBytes(bytes) => format!("{:>6.1} MiB", bytes as f64 / f64::from(1 << 20)),
        // Later versions may rank by more.
        _ => "?".into(),
    }
}

fn print_batch(batch: &Batch) {
    if batch.lost_batches > 0 {
        // Nothing to do: this batch lists all processes.
        println!("{} batches lost before this one", batch.lost_batches);
    }
    if let Some(failure) = &batch.failure {
        // Known processes stay, and the next scan tries again.
        println!("failed ({}): {}", failure.class(), failure.full_message());
    }
    for transition in &batch.transitions {
        // The interval or the breaker changed, with the reason.
        println!("{transition}");
    }
    let count = batch.counts.processes;
    println!("scan {}: {count} processes; the busiest:", batch.seq);
    for event in &batch.events {
        match event {
            Event::Created(process) => println!("  created  {}", label(process)),
            Event::Exited { process, exit, .. } => {
                // Unknown where scans alone find exits.
                let exit = exit.map_or(String::new(), |exit| format!(", {exit}"));
                println!("  exited   {}{exit}", label(process));
            }
            _ => {}
        }
    }
}

/// Formats pid and name. A name can contain anything, so it is escaped for the terminal.
fn label(process: &ProcessInfo) -> String {
    let name = process.name.as_deref().unwrap_or("?");
    format!("{} {}", process.pid, escape(name))
}

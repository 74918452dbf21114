//! A Top-N agent: after each scan it tells the busiest processes, births and deaths, and what failed
//! or was lost; at the end what it cost itself.
//!
//! `cargo run --example agent -- [SCANS]`

// An example shows what it does.
#![allow(clippy::print_stderr, clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::process::exit;
use std::time::Duration;

use process_scanner::{
    Batch, Config, Consumer, ConsumerOptions, Event, ProcessInfo, Scanner, TopN, Usage,
};

const USAGE: &str = "usage: agent [SCANS]
SCANS: stop after so many, 3 if left out";

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
    // An agent with a loop of its own fetches its batches. One without registers the two below with
    // `scanner.consumers().register(ConsumerOptions::default(), busiest.clone())`, and asks them whenever it likes.
    let batches = scanner
        .consumers()
        .subscribe(ConsumerOptions::default().with_name("agent"));
    let mut busiest = TopN::busiest(3, Duration::from_secs(10));
    let mut largest = TopN::largest(3);
    let mut seen = 0;
    for batch in batches.iter().take(scans) {
        busiest.on_batch(&batch);
        largest.on_batch(&batch);
        tell(&batch);
        for ranked in busiest.ranking() {
            println!("  {} {}", usage(ranked.usage), label(&ranked.process));
        }
        seen += 1;
    }
    println!("the largest");
    for ranked in largest.ranking() {
        println!("  {} {}", usage(ranked.usage), label(&ranked.process));
    }
    let metrics = scanner.consumers().metrics();
    if let Some(cpu) = metrics.cpu_total {
        println!(
            "it cost {:.1} ms of CPU time",
            cpu.scan_ms + cpu.dispatch_ms
        );
    }
    // Within a second all threads have ended, or it says which have not.
    scanner.stop()?;
    if seen < scans {
        return Err(format!("the scanner ended after {seen} of {scans} scans").into());
    }
    Ok(())
}

/// How much, in columns.
fn usage(usage: Usage) -> String {
    match usage {
        Usage::CpuPercent(percent) => format!("{percent:>6.2} %  "),
        Usage::RssBytes(bytes) => format!("{:>6.1} MiB", bytes as f64 / f64::from(1 << 20)),
        // The library may learn to rank by more.
        _ => "?".into(),
    }
}

fn tell(batch: &Batch) {
    if batch.lost_batches > 0 {
        // Nothing to mend: this batch tells the whole table.
        println!("{} batches lost before this one", batch.lost_batches);
    }
    if let Some(failure) = &batch.failure {
        // What was known stands, and the next scan tries again.
        println!("failed ({}): {}", failure.class(), failure.full_message());
    }
    for transition in &batch.transitions {
        // Scans cost more than they may, or fail: they come less often, and this says why.
        println!("{transition}");
    }
    let count = batch.counts.processes;
    println!("scan {}: {count} processes, the busiest", batch.seq);
    for event in &batch.events {
        match event {
            Event::Created(process) => println!("  born     {}", label(process)),
            Event::Exited { process, .. } => println!("  gone     {}", label(process)),
            _ => {}
        }
    }
}

/// Escaped: a process may call itself anything, and a terminal would act on it.
fn label(process: &ProcessInfo) -> String {
    let name = process.name.as_deref().unwrap_or("?");
    format!("{} {}", process.pid, name.escape_debug())
}

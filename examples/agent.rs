//! An agent that embeds the scanner: it tells births and deaths, and what it missed.
//!
//! `cargo run --example agent -- [SCANS]`

// An example shows what it does.
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::sync::Arc;

use process_scanner::{Batch, Config, Event, Scanner};

fn main() -> Result<(), Box<dyn Error>> {
    let scans = match env::args().nth(1) {
        Some(scans) => scans.parse()?,
        None => 3,
    };
    let mut config = Config::default();
    config.interval_ms = 200;
    // Less is told this way: nothing below one percent of a core, or one MiB.
    config.cpu_threshold_percent = Some(1.0);
    config.rss_threshold_bytes = Some(1 << 20);

    let scanner = Scanner::builder().config(config).start()?;
    // A callback has a thread of its own, and holds up nobody but itself.
    scanner.on_batch(tell)?;
    // A subscription is for those who have a loop already. Here it counts the scans.
    let subscription = scanner.subscribe();
    let seen = subscription.iter().take(scans).count();
    println!(
        "{seen} scans, {} processes at the end",
        scanner.snapshot().len()
    );
    // Within a second all threads have ended, or it says which have not.
    scanner.stop()?;
    Ok(())
}

fn tell(batch: &Arc<Batch>) {
    if batch.lost_batches > 0 {
        // Nothing to mend: this batch tells the whole table.
        println!("scan {}: {} batches lost", batch.seq, batch.lost_batches);
    }
    if let Some(failure) = &batch.failure {
        // What was known stands, and the next scan tries again.
        println!(
            "scan {} failed ({}): {}",
            batch.seq,
            failure.class(),
            failure.full_message()
        );
    }
    if batch.full {
        println!("scan {}: {} processes", batch.seq, batch.events.len());
    }
    for event in &batch.events {
        match event {
            Event::Created(process) => {
                let name = process.name.as_deref().unwrap_or("?");
                println!("scan {}: {name} was born, pid {}", batch.seq, process.pid);
            }
            Event::Exited { process, .. } => {
                let name = process.name.as_deref().unwrap_or("?");
                println!("scan {}: {name} is gone, pid {}", batch.seq, process.pid);
            }
            _ => {}
        }
    }
}

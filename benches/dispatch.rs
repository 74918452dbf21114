//! How long a batch takes from the end of its scan into a consumer's hand.
//!
//! The scanner runs as it does in an agent, at its shortest interval, over a made-up world in which
//! every process changes with every scan.
//!
//! `cargo bench --bench dispatch -- [--quick]`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

use std::env;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use process_scanner::{
    Batch, Config, Consumer, Error, ErrorClass, ProcessRow, Result, Row, Scanner, ScannerHandle,
    Seen, Source, SourceInfo,
};

const PROCESSES: u32 = 1000;
const INTERVAL_MS: u64 = 50;
const SCANS: u64 = 200;

fn main() -> Result<()> {
    let is_quick = env::args().any(|arg| arg == "--quick" || arg == "--test");
    let scans = if is_quick { 5 } else { SCANS };
    println!("{PROCESSES} events a batch, {scans} batches\n");
    println!("| consumers | kind | median us | 99th percentile us | longest us |");
    println!("|---|---|---|---|---|");
    for consumers in [1, 10, 100] {
        for (kind, join) in [
            ("subscription", subscribe as Join),
            ("callback", call_back as Join),
        ] {
            let mut ages = measure(scans, consumers, join)?;
            ages.sort_unstable();
            let us = |share: f64| {
                let place = (ages.len() - 1) as f64 * share;
                ages[place.round() as usize].as_micros()
            };
            println!(
                "| {consumers} | {kind} | {} | {} | {} |",
                us(0.5),
                us(0.99),
                us(1.0)
            );
        }
    }
    Ok(())
}

type Join = fn(&ScannerHandle, Ages) -> Result<()>;

fn measure(scans: u64, consumers: usize, join: Join) -> Result<Vec<Duration>> {
    let mut config = Config::default();
    config.interval_ms = INTERVAL_MS;
    let world = World { scans, cpu_ns: 0 };
    let scanner = Scanner::builder().config(config).source(world).start()?;
    let (report, reports) = channel();
    for _ in 0..consumers {
        join(&scanner, Ages::new(report.clone()))?;
    }
    drop(report);
    // It ends when the world has, and with it every consumer.
    let ages = reports.iter().flatten().collect();
    scanner.stop()?;
    Ok(ages)
}

fn subscribe(scanner: &ScannerHandle, mut ages: Ages) -> Result<()> {
    let subscription = scanner.subscribe();
    thread::spawn(move || {
        for batch in subscription.iter() {
            ages.on_batch(&batch);
        }
    });
    Ok(())
}

fn call_back(scanner: &ScannerHandle, ages: Ages) -> Result<()> {
    scanner.on_batch(ages).map(drop)
}

/// A consumer that notes how old each batch is, and reports when it ends: a report for each batch
/// would wake another thread in the midst of the measurement.
struct Ages {
    ages: Vec<Duration>,
    report: Sender<Vec<Duration>>,
}

impl Ages {
    fn new(report: Sender<Vec<Duration>>) -> Self {
        Self {
            ages: Vec::new(),
            report,
        }
    }
}

impl Consumer for Ages {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        let age = batch.age();
        // A newcomer's first batch is made of a scan that may have been long ago.
        if !batch.full {
            self.ages.push(age);
        }
    }
}

impl Drop for Ages {
    fn drop(&mut self) {
        let _ = self.report.send(std::mem::take(&mut self.ages));
    }
}

struct World {
    scans: u64,
    cpu_ns: u64,
}

impl Source for World {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("in memory")
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        // The first batches may come before all consumers have joined.
        if self.cpu_ns / 1_000_000 > self.scans {
            return Err(Error::new(ErrorClass::Ended, "the world ended").into_final());
        }
        self.cpu_ns += 1_000_000;
        for pid in 1..=PROCESSES {
            hand_over(Row::Process(ProcessRow {
                start_time_ms: Some(u64::from(pid)),
                cpu_time_ns: Some(self.cpu_ns),
                ..ProcessRow::unknown(pid)
            }));
        }
        Ok(Seen::default())
    }
}

//! How long a batch takes from the end of its scan into a consumer's hand.
//!
//! The scanner runs as it does in an agent, at its shortest interval, over a made-up world in which
//! every process changes with every scan.
//!
//! `cargo bench --bench dispatch -- [--quick]`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

mod measure;

use std::env;

use process_scanner::{
    Error, ErrorClass, ProcessRow, Result, Row, Scanner, Seen, Source, SourceInfo,
};

use self::measure::ages::{Join, call_back, join_all, steady, subscribe};

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
            let [median, high, longest] = measure(scans, consumers, join)?;
            println!("| {consumers} | {kind} | {median:.0} | {high:.0} | {longest:.0} |");
        }
    }
    Ok(())
}

/// The median, the 99th percentile and the longest, in microseconds.
fn measure(scans: u64, consumers: usize, join: Join) -> Result<[f64; 3]> {
    let world = World { scans, cpu_ns: 0 };
    let scanner = Scanner::builder()
        .config(steady(INTERVAL_MS))
        .source(world)
        .start()?;
    let reports = join_all(&scanner, consumers, join)?;
    // It ends when the world has, and with it every consumer.
    let ages_us = reports.collect();
    scanner.stop()?;
    Ok(ages_us)
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
            return Err(Error::new(ErrorClass::Ended, "the world ended").mark_final());
        }
        self.cpu_ns += 1_000_000;
        for pid in 1..=PROCESSES {
            let mut row = ProcessRow::unknown(pid);
            row.start_time_ms = Some(u64::from(pid));
            row.cpu_time_ns = Some(self.cpu_ns);
            hand_over(Row::Process(row));
        }
        Ok(Seen::default())
    }
}

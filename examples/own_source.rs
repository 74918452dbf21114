//! A source of your own, and a scanner driven by hand. The "processes" are the jobs in a list,
//! which could also be a file, the API of a cluster or a test.
//!
//! `cargo run --example own_source`

// Examples print.
#![allow(clippy::print_stdout)]

use std::error::Error;

use process_scanner::{
    ProcessRow, Reading, Result, Row, ScanSummary, Scanner, Snapshot, Source, SourceInfo, escape,
};

/// The list for each scan: number, start in milliseconds, name, CPU time in milliseconds.
const LISTS: [&str; 3] = [
    "1 1000 backup 40\n2 2000 index 10",
    "1 1000 backup 90\n2 2000 index 10\n3 3000 report 5",
    // Job 2 has ended, and its number was reused.
    "1 1000 backup 90\n2 4000 mail 1\n3 3000 report 5",
];

struct Jobs {
    lists: std::vec::IntoIter<&'static str>,
}

impl Source for Jobs {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("jobs")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let mut seen = ScanSummary::default();
        for line in self.lists.next().unwrap_or_default().lines() {
            let mut words = line.split(' ');
            let Some(pid) = words.next().and_then(|pid| pid.parse().ok()) else {
                seen.unreadable_fields += 1;
                continue;
            };
            // Values that cannot be read are unknown, never 0 or empty.
            let mut row = ProcessRow::unknown(pid);
            row.start_time_ms = words.next().and_then(|start| start.parse().ok());
            row.name = words
                .next()
                .map_or(Reading::Unknown, |name| Reading::Known(name.as_bytes()));
            row.cpu_time_ns = words
                .next()
                .and_then(|ms| ms.parse().ok())
                .map(|ms: u64| ms * 1_000_000);
            emit(Row::Process(row));
        }
        Ok(seen)
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let jobs = Jobs {
        lists: Vec::from(LISTS).into_iter(),
    };
    let mut scanner = Scanner::builder().source(jobs).build()?;
    let mut snapshot = Snapshot::new();
    for _ in LISTS {
        let batch = scanner.scan_once().ok_or("this source never ends")?;
        println!("scan {}", batch.seq);
        for event in &batch.events {
            let process = event.process();
            let name = process.name.as_deref().unwrap_or("?");
            // Escaped, because a name can contain anything and a terminal would act on it.
            let name = escape(name);
            println!("  {:<8} {} {name}", event.kind(), process.pid);
        }
        // A snapshot that applies every batch is equal to the scanner's table.
        snapshot.apply(&batch);
    }
    println!("at the end");
    for process in snapshot.iter() {
        let name = process.name.as_deref().unwrap_or("?");
        println!("  {} {}", process.pid, escape(name));
    }
    // An empty list fails the scan: more likely the source is broken than all jobs have ended.
    let batch = scanner.scan_once().ok_or("this source never ends")?;
    let failure = batch
        .failure
        .as_ref()
        .ok_or("an empty scan is a failed one")?;
    println!("scan {} failed: {}", batch.seq, failure.full_message());
    Ok(())
}

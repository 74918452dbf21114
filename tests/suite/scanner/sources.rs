//! Sources that end, panic or break their contract.

use std::panic::{AssertUnwindSafe, catch_unwind};

use process_scanner::{
    Config, ConsumerOptions, Error, ErrorClass, Result, Row, ScanSummary, Scanner, Snapshot,
    Source, SourceInfo,
};

use super::scan;
use crate::support::{Made, World, assert_folded, briefs, show};

/// A source that breaks its contract: it emits the first list of pids as rows, the second as
/// unchanged.
struct ContractBreaker(Vec<u32>, Vec<u32>);

impl Source for ContractBreaker {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("contract breaker")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        for &pid in &self.0 {
            show(pid, &Made::new("p", 5), emit);
        }
        for &pid in &self.1 {
            emit(Row::unchanged(pid));
        }
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_source_that_breaks_its_contract_fails_the_scan() {
    for (source, expected) in [
        (ContractBreaker(vec![1, 2, 1], vec![]), "pid 1 twice"),
        (ContractBreaker(vec![1], vec![2]), "pid 2 as unchanged"),
    ] {
        let mut scanner = Scanner::builder().source(source).build().unwrap();
        let batch = scan(&mut scanner);
        let failure = batch.failure.as_ref().unwrap();
        assert_eq!(failure.class(), ErrorClass::BadData);
        assert!(failure.to_string().contains(expected), "{failure}");
        assert!(scanner.processes().count() > 0, "the valid rows are kept");
    }
}

/// Emits one process per scan and panics in the second scan.
struct Panicking(u32);

impl Source for Panicking {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("panicking")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.0 += 1;
        show(self.0, &Made::new("p", 5), emit);
        if self.0 == 2 {
            // Not `panic!`, whose hook would print into the test's output.
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_panic_in_the_source_ends_the_scanner_and_drops_the_scan() {
    let mut scanner = Scanner::builder().source(Panicking(0)).build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    scan(&mut scanner);
    let caught = catch_unwind(AssertUnwindSafe(|| scanner.scan_once()));
    assert!(caught.is_err());
    assert!(scanner.scan_once().is_none());
    assert!(scanner.scan_once().is_none());
    let consumers = scanner.consumers().clone();
    scanner.finish();
    let reported: Vec<_> = batches.iter().map(|batch| briefs(&batch.events)).collect();
    assert_eq!(reported, [["existing 1 p"]]);
    assert_eq!(consumers.snapshot().len(), 1);
}

#[test]
fn a_source_that_ends_also_ends_the_scanner_after_all_batches_are_sent() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let mut scanner = world.scanner();
    let subscription = scanner.consumers().subscribe(ConsumerOptions::default());
    assert!(scanner.scan_once().is_some());
    world.edit(|state| state.ended = true);
    assert!(scanner.scan_once().is_none());
    assert!(scanner.scan_once().is_none());
    scanner.finish();
    assert_eq!(subscription.iter().count(), 1);
}

/// Emits the next of these lists in each scan, and ends within the last scan.
struct EndsWithin(Vec<Vec<u32>>);

impl Source for EndsWithin {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("ends within")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        for pid in self.0.remove(0) {
            show(pid, &Made::new("p", 5), emit);
        }
        match self.0.is_empty() {
            true => Err(Error::new(ErrorClass::Ended, "that was all").mark_final()),
            false => Ok(ScanSummary::default()),
        }
    }
}

#[test]
fn rows_of_the_scan_that_ends_are_sent_in_a_last_batch() {
    let source = || EndsWithin(vec![vec![1, 2], vec![2, 3]]);
    let mut scanner = Scanner::builder().source(source()).build().unwrap();
    let mut snapshot = Snapshot::new();
    assert!(snapshot.apply(&scan(&mut scanner)));
    let last = scan(&mut scanner);
    assert!(last.failure.is_none(), "{last:?}");
    let unconfirmed = last.unconfirmed.iter().map(|key| key.pid);
    assert_eq!(
        unconfirmed.collect::<Vec<_>>(),
        [1],
        "an end causes no exits"
    );
    assert!(briefs(&last.events).contains(&"created 3 p".into()));
    assert!(snapshot.apply(&last));
    assert_folded(&snapshot, &scanner);
    assert!(scanner.scan_once().is_none());
    scanner.finish();
    // A started scanner ends at once, not after the next interval.
    let mut config = Config::default();
    config.interval_ms = 3_600_000;
    let builder = Scanner::builder().config(config).source(source());
    let scanner = builder.build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let handle = scanner.start().unwrap();
    batches.recv().unwrap();
    handle.control().scan_now();
    let last = batches.recv().unwrap();
    assert!(briefs(&last.events).contains(&"created 3 p".into()));
    handle.wait().unwrap();
    // A source that has broken its contract before its end fails.
    let broken = EndsWithin(vec![vec![1, 1]]);
    let mut scanner = Scanner::builder().source(broken).build().unwrap();
    let last = scan(&mut scanner);
    assert_eq!(last.failure.as_ref().unwrap().class(), ErrorClass::BadData);
    assert!(scanner.scan_once().is_none());
}

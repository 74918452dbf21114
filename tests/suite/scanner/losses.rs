//! Scans that fail or miss processes.

use process_scanner::{ConsumerOptions, ErrorClass};

use super::{events_of, scan, scanned};
use crate::support::{Made, briefs};

#[test]
fn a_large_loss_among_many_births_is_doubted_too() {
    let (world, mut scanner) = scanned(60);
    world.edit(|state| state.hidden = (1..=60).collect());
    for pid in 1000..1130 {
        world.add(pid, Made::new("q", 5));
    }
    let batch = scan(&mut scanner);
    assert_eq!(batch.unconfirmed.len(), 60);
    assert!(batch.events.iter().all(|event| event.kind() == "created"));
}

#[test]
fn a_failed_scan_reports_no_exits() {
    let (world, mut scanner) = scanned(50);
    world.edit(|state| {
        state.failure = Some(ErrorClass::ResourcesExhausted);
        state.hidden = (1..=50).collect();
    });
    let batch = scan(&mut scanner);
    let failure = batch.failure.as_ref().unwrap();
    assert_eq!(failure.class(), ErrorClass::ResourcesExhausted);
    assert_eq!(batch.events, []);
    assert_eq!(batch.unconfirmed.len(), 50);
    assert_eq!(batch.counts.processes, 50);
    // The failure is counted by class as soon as its batch is sent.
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    scan(&mut scanner);
    while batches.recv().unwrap().seq < 4 {}
    let metrics = scanner.consumers().metrics();
    assert_eq!(
        (metrics.scans_total.good, metrics.scans_total.failed),
        (2, 2)
    );
    assert_eq!(metrics.errors(ErrorClass::ResourcesExhausted), 2);
    // The first good scan after it is right.
    world.edit(|state| {
        state.failure = None;
        state.hidden.clear();
        state.processes.remove(&7);
    });
    let batch = scan(&mut scanner);
    assert!(batch.failure.is_none() && batch.unconfirmed.is_empty());
    assert_eq!(briefs(&batch.events), ["exited 7 p"]);
}

#[test]
fn a_scan_without_processes_or_without_the_own_pid_fails() {
    let (world, _) = scanned(5);
    world.edit(|state| state.own_pid = Some(3));
    let mut scanner = world.scanner();
    scan(&mut scanner);
    for hidden in [vec![1, 2, 3, 4, 5], vec![3]] {
        world.edit(|state| state.hidden = hidden);
        let batch = scan(&mut scanner);
        let failure = batch.failure.as_ref().unwrap();
        assert_eq!(failure.class(), ErrorClass::SourceGone);
        assert!(!batch.events.iter().any(|event| event.kind() == "exited"));
    }
}

#[test]
fn missing_processes_are_rechecked() {
    let (world, mut scanner) = scanned(5);
    world.edit(|state| {
        state.hidden = vec![2, 4];
        state.recheck = Some(vec![4]);
    });
    assert_eq!(events_of(&mut scanner), ["exited 2 p"]);
}

#[test]
fn a_large_loss_needs_a_second_scan_if_no_recheck_is_possible() {
    let (world, mut scanner) = scanned(90);
    world.edit(|state| state.hidden = (41..=90).collect());
    let batch = scan(&mut scanner);
    assert!(batch.failure.is_none());
    assert_eq!(batch.events, []);
    assert_eq!(batch.unconfirmed.len(), 50);
    assert_eq!(scan(&mut scanner).events.len(), 50);
    // Losses of different processes do not confirm each other.
    world.edit(|state| state.hidden = (21..=90).collect());
    assert_eq!(scan(&mut scanner).events.len(), 20);
    // A small loss is reported at once, and so is a large one after a recheck.
    world.edit(|state| state.hidden = (31..=90).collect());
    assert_eq!(scan(&mut scanner).events.len(), 10);
    world.edit(|state| {
        state.hidden = (5..=90).collect();
        state.recheck = Some(Vec::new());
    });
    assert_eq!(scan(&mut scanner).events.len(), 26);
}

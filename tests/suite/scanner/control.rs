//! A started scanner, and requests to it.

use std::sync::Arc;
use std::time::Duration;

use process_scanner::{Batch, Config, ConsumerOptions, ErrorClass, RecvError, Scanner};

use crate::support::{Made, World};

#[test]
fn an_invalid_setting_is_refused_before_anything_starts() {
    let mut config = Config::default();
    config.interval_ms = 10;
    let error = Scanner::builder().config(config).start().err().unwrap();
    assert_eq!(error.class(), ErrorClass::Config);
}

#[test]
fn a_callback_can_request_a_scan_and_a_stop() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let mut config = Config::default();
    config.interval_ms = 3_600_000;
    let builder = Scanner::builder().config(config).source(world);
    let handle = builder.start().unwrap();
    let control = handle.control().clone();
    let (sender, seqs) = std::sync::mpsc::channel();
    handle
        .consumers()
        .register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
            sender.send(batch.seq).unwrap();
            match batch.seq {
                3.. => control.request_stop(),
                _ => control.scan_now(),
            }
        })
        .unwrap();
    handle.wait().unwrap();
    assert_eq!(seqs.iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_requested_scan_runs_at_once() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let mut config = Config::default();
    config.interval_ms = 3_600_000;
    let handle = Scanner::builder()
        .config(config)
        .source(world.clone())
        .start()
        .unwrap();
    let subscription = handle.consumers().subscribe(ConsumerOptions::default());
    let first = subscription.recv().unwrap();
    for pid in 2..5 {
        world.add(pid, Made::new("q", 6));
        handle.control().scan_now();
        let batch = subscription.recv().unwrap();
        assert_eq!(batch.seq, first.seq + u64::from(pid) - 1);
        let born = batch
            .events
            .iter()
            .filter(|event| event.kind() == "created");
        assert!(born.map(|event| event.process().pid).eq([pid]));
    }
    handle.stop().unwrap();
}

#[test]
fn the_second_scan_can_come_before_the_interval_is_over() {
    for (interval_ms, second_ms) in [(3_600_000, 1), (50, 3_600_000)] {
        let world = World::new();
        world.add(1, Made::new("p", 5));
        let mut config = Config::default();
        config.interval_ms = interval_ms;
        let handle = Scanner::builder()
            .config(config)
            .source(world)
            .second_scan_after(Duration::from_millis(second_ms))
            .start()
            .unwrap();
        let subscription = handle.consumers().subscribe(ConsumerOptions::default());
        // An hour would be too long for both.
        let patience = Duration::from_secs(120);
        let first = subscription.recv_timeout(patience).unwrap();
        let second = subscription.recv_timeout(patience).unwrap();
        assert_eq!(second.seq, first.seq + 1);
        assert!(second.of_scan);
        if interval_ms > second_ms {
            assert!(subscription.try_recv().is_err());
        }
        handle.stop().unwrap();
    }
}

/// CPU use over less than 50 ms is imprecise, and over less than 10 ms it is unknown.
#[test]
fn requested_scans_are_at_least_50_ms_apart() {
    let mut config = Config::default();
    config.interval_ms = 3_600_000;
    let handle = Scanner::builder().config(config).start().unwrap();
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let mut last_ns = batches.recv().unwrap().monotonic_ns;
    for _ in 0..3 {
        handle.control().scan_now();
        // Others are of births and exits between scans.
        let batch = batches.iter().find(|batch| batch.of_scan).unwrap();
        assert!(batch.monotonic_ns >= last_ns + 50_000_000, "{batch:?}");
        last_ns = batch.monotonic_ns;
    }
    handle.stop().unwrap();
}

#[test]
fn a_started_scanner_scans_by_itself_until_stopped() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let mut config = Config::default();
    config.interval_ms = 50;
    let handle = Scanner::builder()
        .config(config)
        .source(world)
        .start()
        .unwrap();
    let subscription = handle.consumers().subscribe(ConsumerOptions::default());
    let seqs: Vec<u64> = subscription.iter().take(3).map(|batch| batch.seq).collect();
    assert!(seqs.is_sorted() && seqs[0] < seqs[2], "{seqs:?}");
    assert_eq!(handle.consumers().snapshot().len(), 1);
    handle.stop().unwrap();
    while subscription.try_recv().is_ok() {}
    assert_eq!(subscription.try_recv().err(), Some(RecvError::Closed));
}

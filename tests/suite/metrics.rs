//! The scanner's metrics.

use std::sync::Arc;
use std::sync::mpsc::channel;

use process_scanner::{
    Batch, ConsumerOptions, Metrics, Overflow, Result, Row, ScanSummary, Scanner, Source,
    SourceInfo,
};

use crate::support::{Made, World, show};

fn world() -> World {
    let world = World::new();
    for pid in 1..=3 {
        world.add(pid, Made::new("p", 5));
    }
    world
}

fn scan(scanner: &mut Scanner) -> Arc<Batch> {
    scanner.scan_once().unwrap()
}

#[test]
fn a_received_batch_is_already_counted() {
    let world = world();
    let mut scanner = world.scanner();
    let batches = scanner.consumers().subscribe(
        ConsumerOptions::default()
            .with_name("reader")
            .with_queue_len(4),
    );
    scan(&mut scanner);
    world.edit(|state| {
        state.processes.remove(&2);
        state.processes.insert(9, Made::new("q", 1_700_000_001_500));
    });
    scan(&mut scanner);
    batches.recv().unwrap();
    let second = batches.recv().unwrap();
    let metrics = scanner.consumers().metrics();
    assert_eq!(
        (metrics.scans_total.good, metrics.scans_total.failed),
        (2, 0)
    );
    assert_eq!(metrics.scan_time.count, 2);
    assert!(metrics.scan_time.p50_us <= metrics.scan_time.max_us);
    let events = metrics.events_total;
    // The two updates: the CPU use of the other processes became known.
    assert_eq!(
        (
            events.existing,
            events.created,
            events.updated,
            events.exited
        ),
        (3, 1, 2, 1)
    );
    assert_eq!(metrics.processes, 3);
    assert!(metrics.table_bytes > 0);
    assert_eq!(metrics.table_bytes, second.counts.table_bytes);
    // A scanner driven by hand does not change its interval.
    assert_eq!(
        (metrics.interval_asked_ms, metrics.interval_ms),
        (1000, 1000)
    );
    let [reader] = &metrics.consumers[..] else {
        panic!("{metrics:?}");
    };
    assert_eq!(reader.name.as_deref(), Some("reader"));
    assert_eq!((reader.delivered_total, reader.lost_total), (2, 0));
    assert_eq!((reader.queue_len, reader.latency.count), (4, 2));
    assert_eq!(metrics.batches_delivered_total, 2);
    // A consumer that left is not listed, but its batches stay counted.
    drop(batches);
    let metrics = scanner.consumers().metrics();
    assert!(metrics.consumers.is_empty());
    assert_eq!(metrics.batches_delivered_total, 2);
}

#[test]
fn waiting_and_lost_batches_are_counted_for_each_consumer() {
    let world = world();
    let mut scanner = world.scanner();
    let slow = scanner.consumers().subscribe(
        ConsumerOptions::default()
            .with_overflow(Overflow::Resync)
            .with_queue_len(2),
    );
    let quick = scanner.consumers().subscribe(ConsumerOptions::default());
    for _ in 0..5 {
        let batch = scan(&mut scanner);
        // The dispatcher has finished a batch when the last consumer has the next one.
        while quick.recv().unwrap().seq < batch.seq {}
    }
    scan(&mut scanner);
    quick.recv().unwrap();
    let metrics = scanner.consumers().metrics();
    let reported: Vec<_> = metrics
        .consumers
        .iter()
        .map(|consumer| (consumer.id, consumer.queue_depth, consumer.delivered_total))
        .collect();
    assert_eq!(reported, [(slow.id(), 2, 0), (quick.id(), 0, 6)]);
    assert!(metrics.dispatch_time.count >= 5);
    let consumers = scanner.consumers().clone();
    scanner.finish();
    // The last batch is counted now.
    let metrics = consumers.metrics();
    assert_eq!(metrics.consumers[0].lost_total, 4);
    assert_eq!(metrics.batches_lost_total, 4);
    let read: Vec<_> = slow.iter().collect();
    assert_eq!(read.last().unwrap().lost_batches, 4);
}

/// Emits one process per scan, and counts births.
struct Counting(u64);

impl Source for Counting {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("counting")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.0 += 10;
        show(1, &Made::new("p", 5), emit);
        let mut seen = ScanSummary::default();
        for field in ["open_files", "executable", "open_files"] {
            seen.count_unreadable(field);
        }
        seen.vanished = Some(2);
        seen.started_total = Some(self.0);
        Ok(seen)
    }
}

#[test]
fn counts_of_scans_are_added_up() {
    let mut scanner = Scanner::builder().source(Counting(0)).build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    for _ in 0..3 {
        scan(&mut scanner);
        batches.recv().unwrap();
    }
    let metrics = scanner.consumers().metrics();
    assert_eq!(metrics.unreadable_fields_total, 9);
    let unreadable: Vec<_> = metrics.unreadable_total.into_iter().collect();
    assert_eq!(unreadable, [("executable", 3), ("open_files", 6)]);
    assert_eq!(metrics.vanished_total, Some(6));
    // Between three scans there are two intervals.
    assert_eq!(metrics.unseen_births_at_most_total, Some(20));
}

#[test]
fn a_consumer_that_joins_late_receives_its_first_batch_at_once() {
    let mut scanner = world().scanner();
    scan(&mut scanner);
    let begun = std::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_millis(100) {
        std::hint::spin_loop();
    }
    let since = std::time::Instant::now();
    let late = scanner.consumers().subscribe(ConsumerOptions::default());
    let batch = late.recv().unwrap();
    assert!(
        batch.full && batch.age() <= since.elapsed(),
        "{:?}",
        batch.age()
    );
}

#[test]
fn a_callback_counts_as_a_consumer_with_its_own_cpu_time() {
    let world = world();
    let mut scanner = world.scanner();
    let (called, is_called) = channel();
    let consumers = scanner.consumers().clone();
    consumers
        .register(
            ConsumerOptions::default().with_name("busy"),
            move |_: &Arc<Batch>| {
                let begun = std::time::Instant::now();
                while begun.elapsed() < std::time::Duration::from_millis(50) {
                    std::hint::black_box(begun);
                }
                called.send(()).unwrap();
            },
        )
        .unwrap();
    scan(&mut scanner);
    is_called.recv().unwrap();
    scanner.finish();
    let metrics = consumers.metrics();
    let busy = &metrics.consumers[0];
    assert_eq!(
        (busy.name.as_deref(), busy.delivered_total),
        (Some("busy"), 1)
    );
    if cfg!(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd"
    )) {
        let cpu = metrics.cpu_total.unwrap();
        assert!(busy.callback_cpu_ms_total > Some(0.0) && cpu.callbacks_ms > 0.0);
        assert!(cpu.scan_ms > 0.0 && cpu.dispatch_ms > 0.0);
    }
}

#[test]
fn metrics_serialise_under_their_field_names() {
    let json = serde_json::to_value(Metrics::default()).unwrap();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    let totals = names.iter().filter(|name| name.ends_with("_total")).count();
    assert_eq!((names.len(), totals), (33, 20), "{names:?}");
    assert_eq!(json["breaker"], "closed");
    assert_eq!(json["scans_total"]["failed"], 0);
    assert!(json["unseen_births_at_most_total"].is_null());
    assert!(json["cpu_total"].is_null() && json["scan_time"]["p99_us"].is_null());
}

#[cfg(feature = "metrics")]
mod facade {
    use std::collections::BTreeMap;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    use process_scanner::ErrorClass;

    use super::*;

    /// Consumers that leave at any time, also while the dispatcher puts a batch into their queues.
    fn join_and_leave_while_scanning(mut scanner: Scanner) {
        let consumers = scanner.consumers().clone();
        let visitors: Vec<_> = (0..4)
            .map(|_| {
                let consumers = consumers.clone();
                std::thread::spawn(move || {
                    for _ in 0..200 {
                        let options = ConsumerOptions::default().with_name("visitor");
                        drop(consumers.subscribe(options));
                    }
                })
            })
            .collect();
        while visitors.iter().any(|visitor| !visitor.is_finished()) {
            scan(&mut scanner);
        }
        for visitor in visitors {
            visitor.join().unwrap();
        }
        scanner.finish();
    }

    /// Checks only metrics of its own consumers, because parallel tests use the same recorder.
    #[test]
    fn an_exporter_receives_all_metrics() {
        let recorder = DebuggingRecorder::new();
        let reported = recorder.snapshotter();
        recorder.install().unwrap();
        let world = world();
        join_and_leave_while_scanning(world.scanner());
        let mut scanner = world.scanner();
        let consumers = scanner.consumers().clone();
        let batches = consumers.subscribe(ConsumerOptions::default().with_name("exported"));
        scan(&mut scanner);
        world.edit(|state| state.failure = Some(ErrorClass::Permission));
        scan(&mut scanner);
        assert_eq!(batches.iter().take(2).count(), 2);
        scanner.finish();
        let mut counting = Scanner::builder().source(Counting(0)).build().unwrap();
        scan(&mut counting);
        counting.finish();
        let reported: BTreeMap<String, DebugValue> = reported
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, unit, help, value)| {
                let key = key.key();
                assert!(help.is_some() && unit.is_some(), "{key} is not described");
                let labels = key
                    .labels()
                    .map(|label| format!("{}={}", label.key(), label.value()));
                let labels = labels.collect::<Vec<_>>().join(",");
                (format!("{}{{{labels}}}", key.name()), value)
            })
            .collect();
        let counter = |name: &str| match reported.get(name) {
            Some(DebugValue::Counter(count)) => *count,
            other => panic!("{name}: {other:?} in {:?}", reported.keys()),
        };
        assert_eq!(
            counter("pscan_scan_batches_delivered_total{consumer=exported}"),
            2
        );
        for name in [
            "pscan_scan_total{result=good}",
            "pscan_scan_total{result=failed}",
            "pscan_scan_errors_total{class=permission}",
            "pscan_scan_cpu_microseconds_total{thread=scan}",
            "pscan_scan_unreadable_total{field=open_files}",
        ] {
            assert!(counter(name) > 0, "{name}");
        }
        assert!(counter("pscan_scan_events_total{kind=existing}") >= 3);
        let is_near_zero = |value: f64| value.abs() < 0.5;
        for consumer in ["exported", "visitor"] {
            match &reported[&format!("pscan_scan_queue_depth{{consumer={consumer}}}")] {
                DebugValue::Gauge(depth) => assert!(is_near_zero(**depth), "{consumer} {depth}"),
                other => panic!("{other:?}"),
            }
        }
        for name in [
            "pscan_scan_duration_seconds{}",
            "pscan_scan_dispatch_duration_seconds{}",
            "pscan_scan_latency_seconds{consumer=exported}",
        ] {
            let Some(DebugValue::Histogram(values)) = reported.get(name) else {
                panic!("{name} in {:?}", reported.keys());
            };
            assert!(values.iter().all(|seconds| **seconds < 60.0), "{name}");
        }
    }
}

//! What one process used: over the window, over a part of it, and through a filter.

use std::time::Duration;

use process_scanner::{Consumer, ConsumerOptions, Event, Filter, ProcessKey, TopN, Usage};
use proptest::prelude::*;

use crate::support::{Made, World};

/// Returns a world of these pids, each with an hour of CPU time.
fn world(pids: &[u32]) -> World {
    let world = World::new();
    for &pid in pids {
        let mut made = Made::new(&format!("p{pid}"), 1_600_000_000_000);
        made.cpu_time_ns = Some(3_600_000_000_000);
        world.add(pid, made);
    }
    world
}

fn key(pid: u32) -> ProcessKey {
    let start_time_ms = Some(1_600_000_000_000);
    ProcessKey { pid, start_time_ms }
}

/// A process uses so many percent of a core until the next scan, which takes place a second later.
fn uses(world: &World, pid: u32, percent: u64) {
    world.edit(|state| {
        let made = state.processes.get_mut(&pid).unwrap();
        made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + percent * 10_000_000);
    });
}

fn percent(usage: Option<Usage>) -> Option<f64> {
    match usage? {
        Usage::CpuPercent(percent) => Some((percent * 1000.0).round() / 1000.0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn use_over_the_window_is_unknown_until_the_process_is_known_for_that_time() {
    let world = world(&[1, 2]);
    let mut scanner = world.scanner();
    let mut top = TopN::busiest(0, Duration::from_secs(3));
    let mut seen = Vec::new();
    for used in [0, 100, 90, 80, 70, 0] {
        uses(&world, 1, used);
        top.on_batch(&scanner.scan_once().unwrap());
        let part = percent(top.usage_of(key(1)));
        seen.push((part, percent(top.usage_over_window(key(1)))));
    }
    let expected = [
        (None, None),
        (Some(100.0), None),
        (Some(95.0), None),
        (Some(90.0), Some(90.0)),
        (Some(80.0), Some(80.0)),
        (Some(50.0), Some(50.0)),
    ];
    assert_eq!(seen, expected);
    // An idle one is known to use nothing.
    assert_eq!(percent(top.usage_over_window(key(2))), Some(0.0));
    world.edit(|state| _ = state.processes.remove(&1));
    top.on_batch(&scanner.scan_once().unwrap());
    assert_eq!(top.usage_of(key(1)), None);
    assert_eq!(top.usage_over_window(key(1)), None);
}

#[test]
fn use_over_the_window_of_a_newborn_is_known_when_it_is_old_enough() {
    let world = world(&[1]);
    let mut scanner = world.scanner();
    let mut top = TopN::busiest(0, Duration::from_secs(2));
    top.on_batch(&scanner.scan_once().unwrap());
    let born_ms = world.edit(|state| state.wall_ms) + 500;
    let mut made = Made::new("new", born_ms);
    made.cpu_time_ns = Some(500_000_000);
    world.add(9, made);
    let key = ProcessKey {
        pid: 9,
        start_time_ms: Some(born_ms),
    };
    let mut seen = Vec::new();
    for _ in 0..3 {
        top.on_batch(&scanner.scan_once().unwrap());
        seen.push(percent(top.usage_over_window(key)).is_some());
        uses(&world, 9, 100);
    }
    assert_eq!(seen, [false, false, true]);
    assert_eq!(percent(top.usage_over_window(key)), Some(100.0));
}

#[test]
fn memory_has_no_window() {
    let world = world(&[1]);
    let mut scanner = world.scanner();
    let mut top = TopN::largest(0);
    top.on_batch(&scanner.scan_once().unwrap());
    let expected = Some(Usage::RssBytes(4096));
    assert_eq!(top.usage_of(key(1)), expected);
    assert_eq!(top.usage_over_window(key(1)), expected);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// With each batch that a consumer with a filter receives, it knows what one without knows.
    #[test]
    fn use_through_a_filter_is_that_without(
        used in proptest::collection::vec((0..3_u64, 0..100_u64), 1..60),
        fails in proptest::collection::vec(proptest::bool::weighted(0.1), 60),
    ) {
        let world = world(&[1, 2]);
        let mut scanner = world.scanner();
        let options = ConsumerOptions::default();
        let all = scanner.consumers().subscribe(options.clone());
        let options = options.with_filter(Filter::new().with_pid(1));
        let some = scanner.consumers().subscribe(options);
        let window = Duration::from_secs(5);
        let (mut of_some, mut of_all) = (TopN::busiest(1, window), TopN::busiest(1, window));
        let mut had_failed = false;
        for ((is_busy, percent), fails) in used.into_iter().zip(fails) {
            uses(&world, 1, if is_busy == 0 { percent } else { 0 });
            uses(&world, 2, percent);
            world.edit(|state| {
                state.failure = fails.then_some(process_scanner::ErrorClass::Permission);
                state.hidden = if fails { vec![1] } else { Vec::new() };
            });
            let scanned = scanner.scan_once().unwrap();
            of_all.on_batch(&all.recv().unwrap());
            let is_news = std::mem::replace(&mut had_failed, fails) || fails;
            let is_received = scanned.full || is_news || scanned.events.iter().any(is_of(1));
            if is_received {
                let part = some.recv().unwrap();
                prop_assert_eq!(part.seq, scanned.seq);
                of_some.on_batch(&part);
                let (one, other) = (of_some.usage_of(key(1)), of_all.usage_of(key(1)));
                prop_assert_eq!(one.is_some(), other.is_some());
                if let (Some(Usage::CpuPercent(one)), Some(Usage::CpuPercent(other))) = (one, other) {
                    prop_assert!((one - other).abs() < 0.01, "{} {}", one, other);
                }
            }
        }
    }
}

fn is_of(pid: u32) -> impl Fn(&Event) -> bool {
    move |event| event.process().pid == pid
}

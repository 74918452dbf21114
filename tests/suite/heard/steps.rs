//! How closely a source listens, and whether it hears what exited processes used.

use std::time::Instant;

use process_scanner::{Exit, ExitUsage, ListenStep, Metrics, Scanner};

use super::{hear, scanned};
use crate::support::{Happened, Made, PATIENCE, World};

#[test]
fn each_step_of_listening_is_reported_once_with_its_reason() {
    let (world, mut scanner) = scanned();
    let mut steps = |step, reason: Option<&str>| {
        world.edit(|state| {
            (state.step, state.step_reason) = (Some(step), reason.map(str::to_owned));
        });
        let batch = scanner.scan_once().unwrap();
        let transitions = batch.transitions.iter().map(ToString::to_string);
        transitions.collect::<Vec<_>>()
    };
    // A source that begins with the closest one has not changed.
    assert_eq!(steps(ListenStep::Prompt, None), [""; 0]);
    assert_eq!(
        steps(ListenStep::Gathered, Some("a storm")),
        ["listening prompt → gathered: a storm"]
    );
    assert_eq!(steps(ListenStep::Gathered, None), [""; 0]);
    let [down] = &steps(ListenStep::Deaf, None)[..] else {
        panic!("one change");
    };
    assert_eq!(
        down,
        "listening gathered → deaf: events cost more than they may"
    );
    assert_eq!(
        steps(ListenStep::Bare, Some("less")),
        ["listening deaf → bare: less"]
    );
    // Metrics are counted a moment later.
    let consumers = scanner.consumers();
    while consumers.metrics().listening != Some(ListenStep::Bare) {
        std::thread::yield_now();
    }
}

/// Scans once with this state of usage, and returns the changes.
fn usage(
    world: &World,
    scanner: &mut Scanner,
    state: Option<bool>,
    reason: Option<&str>,
) -> Vec<String> {
    world.edit(|of| (of.usage, of.usage_reason) = (state, reason.map(str::to_owned)));
    let batch = scanner.scan_once().unwrap();
    batch.transitions.iter().map(ToString::to_string).collect()
}

/// Returns the metrics once they are as expected: they are counted a moment after a scan.
fn metrics_when(scanner: &Scanner, is_it: &dyn Fn(&Metrics) -> bool) -> Metrics {
    let until = Instant::now() + PATIENCE;
    loop {
        let metrics = scanner.consumers().metrics();
        if is_it(&metrics) {
            return metrics;
        }
        assert!(Instant::now() < until, "{metrics:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_source_that_may_not_hear_usage_has_no_change_but_a_reason() {
    let (world, mut scanner) = scanned();
    assert_eq!(scanner.consumers().metrics().usage, None);
    let why = "CAP_NET_ADMIN is required";
    let none: [&str; 0] = [];
    assert_eq!(usage(&world, &mut scanner, Some(false), Some(why)), none);
    assert_eq!(usage(&world, &mut scanner, Some(false), None), none);
    let metrics = metrics_when(&scanner, &|metrics| metrics.usage == Some(false));
    assert_eq!(metrics.usage_reason.as_deref(), Some(why));
    assert_eq!(metrics.usage_lost_total, 0);
}

#[test]
fn each_change_of_usage_is_reported_once_with_its_reason() {
    let (world, mut scanner) = scanned();
    let none: [&str; 0] = [];
    assert_eq!(usage(&world, &mut scanner, Some(true), None), none);
    for (state, reason, expected) in [
        (
            Some(false),
            Some("no budget"),
            &["usage of exits not reported: no budget"][..],
        ),
        // It is still so, for another reason; unknown is no change.
        (Some(false), Some("no descriptors"), &none),
        (None, None, &none),
    ] {
        assert_eq!(usage(&world, &mut scanner, state, reason), expected);
    }
    let is_it = |metrics: &Metrics| metrics.usage_reason.as_deref() == Some("no descriptors");
    let metrics = metrics_when(&scanner, &is_it);
    assert_eq!((metrics.usage, metrics.usage_lost_total), (Some(false), 1));
    assert_eq!(
        usage(&world, &mut scanner, Some(true), None),
        ["usage of exits reported: the source hears it of all"]
    );
    let metrics = metrics_when(&scanner, &|metrics| metrics.usage == Some(true));
    assert_eq!(metrics.usage_reason, None);
    assert_eq!(
        usage(&world, &mut scanner, Some(false), None),
        ["usage of exits not reported: the source does not hear it of all"]
    );
}

#[test]
fn exits_without_usage_are_counted() {
    let (world, mut scanner) = scanned();
    let mut with_usage = Exit::default();
    let mut used = ExitUsage::default();
    used.peak_rss_bytes = Some(1 << 20);
    with_usage.usage = Some(used);
    world.edit(|state| state.processes.clear());
    world.add(3, Made::new("p", 1_600_000_000_000));
    let exited = |pid, exit| Happened::Exited(pid, Some(1_600_000_000_000), exit);
    hear(
        &world,
        &[exited(1, with_usage), exited(2, Exit::default())],
        &[],
    );
    scanner.scan_once().unwrap();
    let metrics = metrics_when(&scanner, &|metrics| metrics.events_total.exited == 2);
    assert_eq!(metrics.exits_without_usage_total, 1);
}

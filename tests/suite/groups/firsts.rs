//! What counts when a process is seen for the first time: nothing that it used before.

use process_scanner::{
    Changes, Consumer, Detail, Event, GroupBy, Groups, ProcessInfo, ProcessKey, Scanner,
};

use super::{BEGAN_MS, Feed, exited, old, process, sized, young};
use crate::support::{Made, World, live_sources};

const HOUR_MS: f64 = 3_600_000.0;

/// What pid 1 uses before the first batch.
fn init(cpu_ms: Option<f64>) -> ProcessInfo {
    old(1, "init", cpu_ms)
}

#[test]
fn a_process_that_was_there_counts_from_the_first_batch() {
    let mut feed = Feed::by_name();
    feed.send(vec![Event::Existing(init(Some(HOUR_MS)))]);
    assert_eq!(feed.cpu_ms("init"), Some(0.0));
    feed.send(vec![Event::updated(
        init(Some(HOUR_MS + 2.0)),
        Changes::CPU,
    )]);
    assert_eq!(feed.cpu_ms("init"), Some(2.0));
    assert_eq!(feed.counters("init").births, 0);
}

/// A scan that cannot read a process does not report it; the next one reports it as created.
#[test]
fn a_process_that_was_only_hidden_is_no_birth() {
    let mut feed = Feed::by_name();
    feed.send(Vec::new());
    feed.send(vec![Event::Created(init(Some(HOUR_MS)))]);
    feed.send(vec![Event::updated(
        init(Some(HOUR_MS + 2.0)),
        Changes::CPU,
    )]);
    assert_eq!(feed.cpu_ms("init"), Some(2.0));
    assert_eq!(feed.counters("init").births, 0);
}

#[test]
fn a_cpu_time_that_becomes_known_does_not_count() {
    let mut feed = Feed::by_name();
    feed.send(vec![Event::Existing(init(None))]);
    assert_eq!(feed.cpu_ms("init"), None);
    for (cpu_ms, expected) in [
        (Some(HOUR_MS), 0.0),
        (None, 0.0),
        (Some(HOUR_MS + 5.0), 5.0),
        // A count that starts again counts once it is larger than before.
        (Some(1.0), 5.0),
        (Some(HOUR_MS + 6.0), 6.0),
    ] {
        feed.send(vec![Event::updated(init(cpu_ms), Changes::CPU)]);
        assert_eq!(feed.cpu_ms("init"), Some(expected), "{cpu_ms:?}");
    }
    feed.send(vec![Event::Existing(old(2, "late", None))]);
    feed.send(vec![exited(old(2, "late", Some(HOUR_MS)), Some(0))]);
    assert_eq!(feed.cpu_ms("late"), Some(0.0), "known at its exit only");
}

#[test]
fn a_full_batch_counts_only_what_was_used_since() {
    let mut feed = Feed::by_name();
    feed.send(vec![
        Event::Existing(init(Some(HOUR_MS))),
        Event::Existing(old(2, "gone", Some(HOUR_MS))),
        Event::Existing(old(3, "reused", Some(HOUR_MS))),
    ]);
    feed.send_full(&[
        init(Some(HOUR_MS + 3.0)),
        process(3, "reused", BEGAN_MS + 2000, Some(4.0)),
        young(4, "born", Some(5.0)),
        old(5, "hidden", Some(HOUR_MS)),
    ]);
    for (name, cpu_ms, births, exits) in [
        ("init", 3.0, 0, 0),
        ("gone", 0.0, 0, 1),
        ("reused", 4.0, 1, 1),
        ("born", 5.0, 1, 0),
        ("hidden", 0.0, 0, 0),
    ] {
        assert_eq!(feed.cpu_ms(name), Some(cpu_ms), "{name}");
        let counters = feed.counters(name);
        assert_eq!(
            (counters.births, counters.exits.unknown),
            (births, exits),
            "{name}"
        );
    }
}

/// A source that cannot prove exits can miss a process, and report it again.
#[test]
fn a_process_that_comes_back_counts_once() {
    let mut feed = Feed::by_name();
    feed.send(vec![Event::Existing(init(Some(HOUR_MS)))]);
    feed.send(vec![Event::Created(young(7, "p", Some(50.0)))]);
    feed.send(vec![
        exited(init(Some(HOUR_MS)), None),
        exited(young(7, "p", Some(50.0)), None),
    ]);
    feed.send(vec![
        Event::Created(init(Some(HOUR_MS + 2.0))),
        Event::Created(young(7, "p", Some(53.0))),
    ]);
    assert_eq!(feed.cpu_ms("init"), Some(2.0));
    assert_eq!(feed.cpu_ms("p"), Some(53.0));
    // Both are counted as the scanner reported them.
    let counters = feed.counters("p");
    assert_eq!((counters.births, counters.exits.unknown), (2, 1));
}

/// A name can be looked up late, and then pid 1 moves with all that it has used.
#[test]
fn a_key_that_becomes_known_late_moves_no_cpu_time() {
    let mut feed = Feed::new(Groups::by(GroupBy::User));
    feed.send(vec![Event::Existing(init(Some(HOUR_MS)))]);
    let mut known = init(Some(HOUR_MS + 2.0));
    known.details.set(Detail::UserName, "root".into());
    feed.send(vec![Event::updated(known, Changes::USER | Changes::CPU)]);
    assert_eq!(feed.cpu_ms("root"), Some(2.0));
    assert_eq!(feed.sizes(), sized(&[("root", 1), ("unknown", 0)]));
}

#[test]
fn a_birth_counts_whole_whenever_its_cpu_time_becomes_known() {
    let mut feed = Feed::by_name();
    feed.send(Vec::new());
    feed.send(vec![
        Event::Created(young(7, "now", Some(3.0))),
        Event::Created(young(8, "later", None)),
    ]);
    feed.send(vec![Event::updated(
        young(8, "later", Some(4.0)),
        Changes::CPU,
    )]);
    assert_eq!(feed.cpu_ms("now"), Some(3.0));
    assert_eq!(feed.cpu_ms("later"), Some(4.0));
}

#[test]
fn without_a_start_time_only_a_birth_that_was_heard_counts_whole() {
    let unknown = |pid, cpu_ms| {
        let key = ProcessKey {
            pid,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        process.name = Some(format!("p{pid}").into());
        process.cpu_time_ms = cpu_ms;
        process
    };
    let mut feed = Feed::by_name();
    feed.send(Vec::new());
    feed.send(vec![Event::Created(unknown(7, Some(HOUR_MS)))]);
    feed.send_with(vec![Event::Created(unknown(8, None))], |batch| {
        batch.of_scan = false;
    });
    feed.send(vec![Event::updated(unknown(8, Some(9.0)), Changes::CPU)]);
    assert_eq!(
        (feed.cpu_ms("p7"), feed.counters("p7").births),
        (Some(0.0), 1)
    );
    assert_eq!(
        (feed.cpu_ms("p8"), feed.counters("p8").births),
        (Some(9.0), 1)
    );
}

/// Start times have a clock of their own.
#[test]
fn a_wall_clock_that_steps_does_not_change_what_is_a_birth() {
    for step_ms in [-3_600_000_i64, 3_600_000] {
        let world = World::new();
        world.add(1, Made::new("init", 1_600_000_000_000));
        let mut scanner = Scanner::builder().source(world.clone()).build().unwrap();
        scanner.scan_once().unwrap();
        world.edit(|state| {
            let start_ms = state.wall_ms;
            state.wall_ms = start_ms.checked_add_signed(step_ms).unwrap();
            let mut hidden = Made::new("hidden", start_ms);
            hidden.cpu_time_ns = Some(40_000_000);
            state.processes.insert(5, hidden);
            state.hidden = vec![5];
        });
        // The consumer joins after the step.
        let mut feed = Feed::by_name();
        let mut first = (*scanner.scan_once().unwrap()).clone();
        first.full = true;
        let start_ms = first.taken_at_ms.checked_add_signed(-step_ms).unwrap();
        feed.groups.on_batch(&first.into());
        world.edit(|state| {
            let mut born = Made::new("born", start_ms);
            born.cpu_time_ns = Some(30_000_000);
            state.processes.insert(6, born);
            state.hidden.clear();
        });
        let batch = scanner.scan_once().unwrap();
        feed.groups.on_batch(&batch);
        assert_eq!(feed.cpu_ms("hidden"), Some(0.0), "{step_ms}");
        assert_eq!(feed.cpu_ms("born"), Some(30.0), "{step_ms}");
    }
}

#[test]
fn the_first_scan_of_a_live_source_counts_nothing() {
    for live in live_sources() {
        let mut feed = Feed::by_name();
        let batch = live.scanner().scan_once().unwrap();
        feed.groups.on_batch(&batch);
        for group in feed.groups.report().groups {
            let counters = group.counters;
            assert!(
                counters.cpu_seconds.is_none_or(|seconds| seconds == 0.0),
                "{}",
                live.name
            );
            assert_eq!(
                (counters.births, counters.exits.total()),
                (0, 0),
                "{}",
                live.name
            );
        }
    }
}

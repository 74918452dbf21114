//! Tests of what [`Lives`] makes of readings at execs.

use super::event_clock::EventClock;
use super::exec_reading::ExecReading;
use super::kernel_event::{KernelEvent, What};
use super::life::{Fact, Step};
use super::lives::Lives;
use super::lives_tests::{FORK, MS, exit, reading};

const EXEC: What = What::Exec { pid: 7 };

/// Converts milliseconds after the birth of pid 7, at 5000 s, to the clock of events.
fn at(ms: u64) -> u64 {
    (5_000_000 + ms) * MS
}

/// Plays a round with these events, each with its milliseconds after the birth of pid 7.
fn round(
    lives: &mut Lives,
    reading: Option<ExecReading>,
    events: &[(u64, What)],
    fact: Fact,
) -> Vec<Step> {
    let clock = EventClock::without_suspends();
    lives.begin(&mut reading.into_iter().collect(), false, 0);
    for &(ms, what) in events {
        let event = KernelEvent {
            seq: 0,
            cpu: 0,
            at_ns: at(ms),
            what,
        };
        lives.hear(&event, &clock, &|_| None);
    }
    lives.settle(at(500), false, &|_| None, &mut |_| fact);
    lives.steps().to_vec()
}

/// Returns the reading that the birth was reported with.
fn used(reading: ExecReading, end_ms: Option<u64>) -> Option<(bool, bool, u64)> {
    let end = end_ms.map(|end_ms| (end_ms, exit(7, 0)));
    let events: Vec<_> = [(0, FORK), (2, EXEC)].into_iter().chain(end).collect();
    let steps = round(&mut Lives::default(), Some(reading), &events, Fact::Gone);
    let Step::Born { start, reading, .. } = &steps[0] else {
        panic!("{steps:?}");
    };
    let reading = reading.as_ref()?;
    Some((
        reading.command.is_some(),
        reading.stat.is_some(),
        start.ticks,
    ))
}

#[test]
fn a_reading_counts_if_it_is_of_this_process_and_from_before_its_end() {
    // It lives: the start time proves it, also one that the event was late for.
    assert_eq!(
        used(reading(500_000, at(3), at(4)), None),
        Some((true, true, 500_000))
    );
    assert_eq!(
        used(reading(499_999, at(3), at(4)), None),
        Some((true, true, 499_999))
    );
    assert_eq!(used(reading(500_001, at(3), at(4)), None), None);
    // It has ended: only what was read before that.
    assert_eq!(
        used(reading(500_000, at(3), at(4)), Some(5)),
        Some((true, true, 500_000))
    );
    assert_eq!(
        used(reading(500_001, at(3), at(6)), Some(5)),
        Some((true, false, 500_000))
    );
    assert_eq!(
        used(reading(500_000, at(6), at(7)), Some(5)),
        Some((false, false, 500_000))
    );
}

#[test]
fn a_reading_that_arrives_a_round_after_its_exec_counts_before_the_end() {
    let living = Fact::There {
        start_ticks: 500_000,
        leader_ended: false,
        threads: 1,
        stat: None,
        cpu_ns: None,
    };
    // It is read before its end or after it.
    for (read_ms, counts) in [(3, true), (6, false)] {
        let mut lives = Lives::default();
        round(&mut lives, None, &[(0, FORK), (2, EXEC)], living);
        let late = reading(500_000, at(read_ms), at(read_ms));
        let end = [(5, exit(7, 0))];
        let steps = round(&mut lives, Some(late), &end, Fact::Gone);
        let [Step::Execed { reading, .. }, Step::Exited { .. }] = &steps[..] else {
            panic!("{steps:?}");
        };
        assert_eq!(reading.command.is_some(), counts);
    }
}

#[test]
fn an_exec_that_was_not_read_before_the_end_leaves_nothing_of_the_program_before() {
    // Nothing was read, it was read after its end, and before.
    for (read_ms, is_unread) in [(None, true), (Some(6), true), (Some(3), false)] {
        let mut lives = Lives::default();
        round(&mut lives, None, &[(0, FORK)], Fact::Gone);
        let late = read_ms.map(|ms| reading(500_000, at(ms), at(ms)));
        let end = [(2, EXEC), (5, exit(7, 0))];
        let steps = round(&mut lives, late, &end, Fact::Gone);
        let Some(Step::Exited { unread_exec_ns, .. }) = steps.last() else {
            panic!("{steps:?}");
        };
        assert_eq!(unread_exec_ns.is_some(), is_unread);
    }
}

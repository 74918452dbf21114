//! Tests of [`Lives`] against a made-up kernel.

use proptest::prelude::*;

use super::event_clock::EventClock;
use super::exec_reading::ExecReading;
use super::kernel_event::{KernelEvent, What};
use super::life::{Fact, Scanned, Start, Step};
use super::lives::Lives;
use super::made_up_kernel::{OLDER, World};
use super::reception::Reception;

pub(super) const MS: u64 = 1_000_000;

/// Plays some operations, and reports everything at the end.
fn play(operations: &[(u8, u32, u8)], may_lose: bool, may_step: bool, may_be_late: bool) -> World {
    let mut world = World::new();
    // Older than the listener: one with two threads, one whose first thread has ended, a zombie.
    for pid in 1..=3 {
        world.fork(pid);
    }
    world.start_thread(1);
    world.start_thread(2);
    world.end_thread(2, true, 0);
    world.end_thread(3, true, 0);
    world.events.clear();
    world.may_lose = may_lose || may_step;
    world.scan(|_| {});
    for &(operation, pid, detail) in operations {
        let pid = pid % 5 + 1;
        match operation % 14 {
            0..=2 => world.fork(pid),
            3 => world.start_thread(pid),
            4 | 5 => world.end_thread(pid, true, u32::from(detail) << 8),
            6 => world.end_thread(pid, false, u32::from(detail) << 8),
            7 => world.exec(pid),
            12 => {
                let late = if may_be_late { detail } else { 0 };
                let status = [9, 3 << 8, 5 << 8, 0][usize::from(detail % 4)];
                world.end_all(pid, status, detail & 8 == 0, late);
            }
            13 => world.report_late(),
            8 | 9 => world.reap(pid),
            10 if may_step && detail % 4 == 1 => world.step(match detail / 4 % 3 {
                0 => Reception::All,
                1 => Reception::Exits,
                _ => Reception::Nothing,
            }),
            10 => {
                let loses = (may_lose && detail % 4 == 0).then_some(usize::from(detail));
                world.round(false, loses);
                world.now_ns += u64::from(detail) * MS / 4;
            }
            _ => {
                // What happens during a scan is heard just after it.
                world.scan(|world| match detail % 4 {
                    0 => world.end_thread(pid, true, 256),
                    1 => world.reap(pid),
                    _ => {}
                });
            }
        }
    }
    world.report_late();
    for pid in 1..=5 {
        while world.living(pid).is_some() {
            world.end_thread(pid, true, 7 << 8);
        }
        world.reap(pid);
    }
    for _ in 0..3 {
        world.scan(|_| {});
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_process_exits_once_with_its_status(
        operations in prop::collection::vec((0..14_u8, 0..5_u32, any::<u8>()), 0..120),
    ) {
        let world = play(&operations, false, false, false);
        for (index, process) in world.processes.iter().enumerate() {
            prop_assert!(world.reported.contains_key(&index), "{process:?} was not reported");
            // The first zombie was never heard.
            if index == 2 {
                continue;
            }
            let exit = world.exits.get(&index);
            // How many threads the first processes have is not known, so with these pids the ends of
            // one process cannot always be distinguished from those of the next one.
            let may_be_unknown = process.pid <= OLDER as u32;
            let is_unknown = may_be_unknown && exit == Some(&None);
            prop_assert!(is_unknown || exit == Some(&Some(process.status)), "{process:?}: {exit:?}");
        }
    }

    #[test]
    fn losses_lead_to_no_false_exit_and_no_wrong_status(
        operations in prop::collection::vec((0..14_u8, 0..5_u32, any::<u8>()), 0..120),
    ) {
        play(&operations, true, false, false);
    }

    #[test]
    fn late_reports_lead_to_no_false_exit_and_no_wrong_status(
        operations in prop::collection::vec((0..14_u8, 0..5_u32, any::<u8>()), 0..120),
    ) {
        play(&operations, false, false, true);
    }

    #[test]
    fn steps_lead_to_no_false_exit_and_no_wrong_status(
        operations in prop::collection::vec((0..14_u8, 0..5_u32, any::<u8>()), 0..120),
        may_lose: bool,
    ) {
        play(&operations, may_lose, true, false);
    }
}

/// A process with two threads that a scan has read while only exits are heard.
fn exits_only() -> World {
    let mut world = World::new();
    world.may_lose = true;
    world.fork(4);
    world.start_thread(4);
    world.scan(|_| {});
    world.step(Reception::Exits);
    world.scan(|_| {});
    world.scan(|_| {});
    world
}

#[test]
fn with_exits_alone_known_processes_have_their_status() {
    let mut world = exits_only();
    world.end_thread(4, false, 9);
    world.end_thread(4, true, 9);
    world.reap(4);
    // Neither its birth nor its exit is reported.
    world.fork(5);
    world.end_thread(5, true, 7 << 8);
    world.reap(5);
    world.round(false, None);
    assert_eq!(world.exits.get(&0), Some(&Some(9)));
    assert_eq!(world.exits.len(), 1);
}

#[test]
fn with_exits_alone_a_status_that_may_be_of_another_process_is_unknown() {
    let mut world = exits_only();
    world.end_thread(4, false, 0);
    world.end_thread(4, true, 3 << 8);
    world.reap(4);
    // The next process with the pid, of which the scan has seen nothing.
    world.fork(4);
    world.end_thread(4, true, 5 << 8);
    world.reap(4);
    world.round(false, None);
    assert_eq!(world.exits.get(&0), Some(&None));
    assert_eq!(world.exits.len(), 1);
}

#[test]
fn with_exits_alone_an_exec_by_another_thread_is_no_exit() {
    let mut world = exits_only();
    world.exec(4);
    world.round(false, None);
    world.now_ns += 200 * MS;
    world.scan(|_| {});
    assert_eq!(world.exits.len(), 0);
    world.end_thread(4, true, 5 << 8);
    world.reap(4);
    world.round(false, None);
    assert_eq!(world.exits.get(&0), Some(&Some(5 << 8)));
}

/// Plays events of pid 7 on an idle host, and returns the steps of each round.
fn steps(rounds: &[&[What]], fact: Fact) -> Vec<Vec<Step>> {
    let mut lives = Lives::default();
    let mut now_ns = 5_000_000 * MS;
    let clock = EventClock::without_suspends();
    let rounds = rounds.iter().map(|round| {
        lives.begin(&mut Vec::new(), false, now_ns);
        for &what in *round {
            now_ns += MS;
            let at_ns = now_ns;
            let event = KernelEvent {
                seq: 0,
                cpu: 0,
                at_ns,
                what,
            };
            lives.hear(&event, &clock, &|_| None);
        }
        now_ns += 25 * MS;
        lives.settle(now_ns, false, &|_| None, &mut |_| fact);
        let steps = lives.steps().iter().filter(|step| **step != Step::Void);
        steps.cloned().collect()
    });
    rounds.collect()
}

pub(super) const FORK: What = What::Fork {
    parent: 1,
    tid: 7,
    pid: 7,
};
const THREAD: What = What::Fork {
    parent: 7,
    tid: 8,
    pid: 7,
};

pub(super) fn exit(tid: u32, status: u32) -> What {
    What::Exit {
        tid,
        pid: 7,
        status,
        is_released: false,
    }
}

#[test]
fn a_first_thread_that_ends_first_is_no_exit() {
    let rounds = steps(
        &[&[FORK, THREAD, exit(7, 0)], &[exit(8, 3 << 8)]],
        Fact::Gone,
    );
    assert!(matches!(rounds[0][..], [Step::Born { .. }]), "{rounds:?}");
    let [Step::Exited { end: Some(end), .. }] = rounds[1][..] else {
        panic!("{rounds:?}");
    };
    assert_eq!(end.status, 3 << 8);
}

#[test]
fn an_exec_by_another_thread_is_no_exit() {
    let exec = What::Exec { pid: 7 };
    let rounds = steps(
        &[&[FORK, THREAD, exit(7, 0), exec], &[exit(7, 9)]],
        Fact::Gone,
    );
    assert!(matches!(rounds[0][..], [Step::Born { .. }]), "{rounds:?}");
    assert!(matches!(rounds[1][..], [Step::Exited { .. }]), "{rounds:?}");
}

#[test]
fn several_lives_of_a_pid_are_in_order_and_have_different_keys() {
    let rounds = steps(&[&[FORK, exit(7, 1), FORK, exit(7, 2)]], Fact::Gone);
    let mut starts = Vec::new();
    for (step, is_birth) in rounds[0].iter().zip([true, false, true, false]) {
        match (step, is_birth) {
            (Step::Born { start, .. }, true) => starts.push(*start),
            (Step::Exited { start, end, .. }, false) => {
                assert_eq!(starts.last(), Some(start));
                assert_eq!(end.map(|end| end.status), Some(starts.len() as u32));
            }
            _ => panic!("{rounds:?}"),
        }
    }
    // Both began in one tick.
    assert_eq!((starts[0].nth, starts[1].nth), (0, 1));
    assert_eq!(starts[0].ticks, starts[1].ticks);
}

#[test]
fn a_birth_whose_event_came_a_tick_late_has_another_key_than_the_life_before() {
    let (clock, at) = (EventClock::without_suspends(), |ms: u64| {
        (5_000_000 + ms) * MS
    });
    let exec = What::Exec { pid: 7 };
    let events = [(1, FORK), (5, exit(7, 1)), (10, FORK), (12, exec)];
    let late = ExecReading::made_up(7, at(12), b"app\0", at(13), 500_000, at(13));
    // The first life is of the same round or of the one before.
    for first in [0, 2] {
        let mut lives = Lives::default();
        let mut starts = Vec::new();
        for (part, reading) in [(&events[..first], None), (&events[first..], Some(&late))] {
            lives.begin(&mut reading.into_iter().cloned().collect(), false, 0);
            for &(ms, what) in part {
                let event = KernelEvent {
                    seq: 0,
                    cpu: 0,
                    at_ns: at(ms),
                    what,
                };
                lives.hear(&event, &clock, &|_| None);
            }
            lives.settle(at(50), false, &|_| None, &mut |_| Fact::Gone);
            starts.extend(lives.steps().iter().filter_map(|step| match step {
                Step::Born { start, .. } => Some((start.ticks, start.nth)),
                _ => None,
            }));
        }
        assert_eq!(starts, [(500_000, 0), (500_000, 1)]);
    }
}

#[test]
fn a_zombie_is_reported_once_and_exits_when_it_is_reaped() {
    let zombie = Fact::There {
        start_ticks: 500_000,
        leader_ended: true,
        threads: 1,
        stat: None,
        cpu_ns: None,
    };
    let rounds = steps(&[&[FORK, exit(7, 1)], &[], &[], &[]], zombie);
    assert!(
        matches!(rounds[0][..], [Step::Born { .. }, Step::Zombie { .. }]),
        "{rounds:?}"
    );
    assert!(rounds[1..].iter().all(Vec::is_empty), "{rounds:?}");
    // Another process has the pid: the zombie was reaped.
    let other = Fact::There {
        start_ticks: 500_100,
        leader_ended: false,
        threads: 1,
        stat: None,
        cpu_ns: None,
    };
    let rounds = steps(&[&[FORK, exit(7, 1)]], other);
    assert!(
        matches!(rounds[0][..], [Step::Born { .. }, Step::Exited { .. }]),
        "{rounds:?}"
    );
}

#[test]
fn an_unread_zombie_has_its_name_only_if_no_later_process_can_have_its_start_tick() {
    let stat = reading(500_000, 0, 0).stat.map(|(stat, _)| stat);
    let zombie = Fact::There {
        start_ticks: 500_000,
        leader_ended: true,
        threads: 1,
        stat,
        cpu_ns: None,
    };
    let is_read = |rounds: &[Vec<Step>]| {
        let born = |step: &Step| match step {
            Step::Born { reading, .. } => Some(reading.is_some()),
            _ => None,
        };
        rounds[0].iter().find_map(born)
    };
    let in_one_tick = steps(&[&[FORK, exit(7, 1)]], zombie);
    assert_eq!(is_read(&in_one_tick), Some(false));
    let tick = [What::Other; 10];
    let longer = [&[FORK][..], &tick, &[exit(7, 1)]].concat();
    assert_eq!(is_read(&steps(&[&longer], zombie)), Some(true));
    // Its birth was reported before.
    let rounds = steps(&[&[FORK], &[exit(7, 1)]], zombie);
    let is_named = |step: &Step| matches!(step, Step::Zombie { stat: Some(_), .. });
    assert!(rounds[1].iter().any(is_named), "{rounds:?}");
}

/// A reading at the exec of pid 7, which was born at 5000 s.
pub(super) fn reading(start_ticks: u64, command_ns: u64, stat_ns: u64) -> ExecReading {
    ExecReading::made_up(
        7,
        5_000_002 * MS,
        b"app\0",
        command_ns,
        start_ticks,
        stat_ns,
    )
}

/// The birth of pid 7 at 5000 s, just after the clocks were last measured before a suspend of 100 s.
fn born_at_suspend(scanned: Option<u64>, fact: Fact) -> Vec<Step> {
    let mut lives = Lives::default();
    let clock = EventClock::with_suspend(4_999_990 * MS, 100_000 * MS);
    let scanned = scanned.map(|read_at_ns| Scanned {
        start: Start {
            ticks: 500_000,
            nth: 0,
        },
        read_at_ns,
        is_leader_ended: false,
        has_run: true,
        is_kernel_thread: false,
        is_current: true,
    });
    lives.begin(&mut Vec::new(), false, 0);
    let event = KernelEvent {
        seq: 0,
        cpu: 0,
        at_ns: 5_000_000 * MS,
        what: FORK,
    };
    lives.hear(&event, &clock, &|_| scanned);
    lives.settle(5_000_020 * MS, true, &|_| scanned, &mut |_| fact);
    let steps = lives.steps().iter().filter(|step| **step != Step::Void);
    steps.cloned().collect()
}

#[test]
fn a_birth_around_a_suspend_has_the_start_time_of_stat() {
    let there = Fact::There {
        start_ticks: 500_000,
        leader_ended: false,
        threads: 1,
        stat: None,
        cpu_ns: None,
    };
    let [Step::Born { start, .. }] = born_at_suspend(None, there)[..] else {
        panic!("not a birth");
    };
    assert_eq!(start.ticks, 500_000);
    // Left to the next scan.
    assert_eq!(born_at_suspend(None, Fact::Unknown), []);
    // A scan has emitted it already, with that start time.
    assert_eq!(born_at_suspend(Some(5_000_001 * MS), there), []);
    // That scan read the process before.
    let steps = born_at_suspend(Some(4_999_999 * MS), there);
    assert!(
        matches!(steps[..], [Step::Exited { .. }, Step::Born { .. }]),
        "{steps:?}"
    );
}

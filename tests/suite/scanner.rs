//! Changes that the scanner confirms and reports, on made-up worlds driven by hand.

mod control;
mod losses;
mod sources;

use std::sync::Arc;

use process_scanner::{Batch, Config, Event, Scanner, Status};

use crate::support::{Made, World, briefs};

/// A world with the processes 1 to `last`, scanned once.
fn scanned(last: u32) -> (World, Scanner) {
    let world = World::new();
    for pid in 1..=last {
        world.add(pid, Made::new("p", 1_600_000_000_000));
    }
    let mut scanner = world.scanner();
    scan(&mut scanner);
    // CPU use is known from the second scan on, and becoming known is an update.
    scan(&mut scanner);
    (world, scanner)
}

fn scan(scanner: &mut Scanner) -> Arc<Batch> {
    scanner.scan_once().unwrap()
}

fn events_of(scanner: &mut Scanner) -> Vec<String> {
    briefs(&scan(scanner).events)
}

#[test]
fn the_first_batch_is_full_and_the_second_has_only_changes() {
    let world = World::new();
    world.add(7, Made::new("sh", 1_600_000_000_000));
    let mut scanner = world.scanner();
    let first = scan(&mut scanner);
    assert!(first.full && first.seq == 1 && first.interval_ms.is_none());
    assert_eq!(briefs(&first.events), ["existing 7 sh"]);
    world.add(9, Made::new("new", 1_700_000_001_500));
    let second = scan(&mut scanner);
    assert!(!second.full && second.seq == 2);
    assert_eq!(second.interval_ms, Some(1000.0));
    assert_eq!(briefs(&second.events), ["updated 7 [cpu]", "created 9 new"]);
    assert_eq!(scan(&mut scanner).events, []);
}

#[test]
fn cpu_use_of_a_new_process_is_measured_since_its_birth() {
    let (world, mut scanner) = scanned(1);
    // The next scan is one second later; the process was born half a second before it.
    let born_ms = world.edit(|state| state.wall_ms) + 500;
    let mut made = Made::new("new", born_ms);
    made.cpu_time_ns = Some(250_000_000);
    world.add(9, made);
    let batch = scan(&mut scanner);
    let Event::Created(process) = &batch.events[0] else {
        panic!("{:?}", batch.events);
    };
    assert_eq!(process.cpu_percent, Some(50.0));
    assert_eq!(process.cpu_time_ms, Some(250.0));
}

#[test]
fn an_old_process_has_no_cpu_use_in_its_first_scan() {
    let (world, mut scanner) = scanned(1);
    let mut made = Made::new("old", 1_600_000_000_000);
    made.cpu_time_ns = Some(9_000_000_000_000);
    world.add(9, made);
    let batch = scan(&mut scanner);
    assert_eq!(batch.events[0].process().cpu_percent, None);
}

#[test]
fn cpu_use_is_in_percent_of_one_core() {
    let (world, mut scanner) = scanned(1);
    world.edit(|state| state.processes.get_mut(&1).unwrap().cpu_time_ns = Some(2_500_000_000));
    assert_eq!(
        scan(&mut scanner).events[0].process().cpu_percent,
        Some(250.0)
    );
    // The drop to 0 is reported once.
    let batch = scan(&mut scanner);
    assert_eq!(batch.events[0].process().cpu_percent, Some(0.0));
    assert_eq!(scan(&mut scanner).events, []);
}

#[test]
fn cpu_use_over_too_short_or_too_long_an_interval_is_unknown() {
    let (world, mut scanner) = scanned(1);
    let mut share_after = |step_ms, used_ns| {
        world.edit(|state| {
            state.step_ms = step_ms;
            let made = state.processes.get_mut(&1).unwrap();
            made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + used_ns);
        });
        scan(&mut scanner).events[0].process().cpu_percent
    };
    assert_eq!(share_after(9, 9_000_000), None);
    assert_eq!(share_after(10, 10_000_000), Some(100.0));
    assert_eq!(share_after(3 * 3_600_000, 5_400_000_000_000), Some(50.0));
    assert_eq!(share_after(3 * 3_600_000 + 1, 1), None);
}

#[test]
fn a_wall_clock_step_changes_no_key_and_no_cpu_use() {
    let (world, mut scanner) = scanned(3);
    for step_ms in [-3_600_000_i64, 86_400_000, -86_400_000] {
        world.edit(|state| {
            state.wall_ms = state.wall_ms.saturating_add_signed(step_ms);
            let made = state.processes.get_mut(&2).unwrap();
            made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + 500_000_000);
        });
        let batch = scan(&mut scanner);
        assert_eq!(briefs(&batch.events), ["updated 2 [cpu]"]);
        assert_eq!(batch.events[0].process().cpu_percent, Some(50.0));
    }
}

#[test]
fn a_suspend_does_not_distort_cpu_use_and_lifetimes() {
    let (world, mut scanner) = scanned(1);
    // After an hour of sleep, the clock of start times has advanced and the monotonic clock has
    // not.
    let awake_ms = world.edit(|state| {
        state.wall_ms += 3_600_000;
        state.start_clock_ms = Some(state.wall_ms + 1000);
        state.wall_ms
    });
    let mut made = Made::new("new", awake_ms + 500);
    made.cpu_time_ns = Some(100_000_000);
    world.add(9, made);
    let batch = scan(&mut scanner);
    assert_eq!(briefs(&batch.events), ["created 9 new"]);
    assert_eq!(batch.events[0].process().cpu_percent, Some(20.0));
    world.edit(|state| {
        state.processes.remove(&9);
        state.start_clock_ms = state.start_clock_ms.map(|ms| ms + 1000);
    });
    let batch = scan(&mut scanner);
    let Event::Exited { lived_ms, .. } = batch.events[0] else {
        panic!("{:?}", batch.events);
    };
    assert_eq!(lived_ms, Some(1500));
}

#[test]
fn processes_born_during_a_scan_are_not_in_its_count() {
    let (world, mut scanner) = scanned(1);
    let mut scan_with = |started_total, born_ms| {
        world.add(100 + started_total as u32, Made::new("new", born_ms));
        world.edit(|state| state.started_total = Some(started_total));
        scan(&mut scanner).counts.unseen_at_most
    };
    let now_ms = world.edit(|state| state.wall_ms);
    assert_eq!(scan_with(10, now_ms + 500), None);
    // The count is of the scan's start, 5 ms before this process was born. One other process was
    // born and is unseen.
    assert_eq!(scan_with(11, now_ms + 2005), Some(1));
    assert_eq!(scan_with(12, now_ms + 2500), Some(0));
}

#[test]
fn unseen_processes_are_counted() {
    let (world, mut scanner) = scanned(1);
    let mut declared = |started_total, born: u32| {
        world.edit(|state| {
            state.started_total = started_total;
            let born_ms = state.wall_ms + 500;
            for pid in 0..born {
                let pid = 100 + state.processes.len() as u32 + pid;
                state.processes.insert(pid, Made::new("new", born_ms));
            }
        });
        scan(&mut scanner).counts.unseen_at_most
    };
    assert_eq!(declared(Some(1000), 0), None, "nothing to compare with");
    assert_eq!(declared(Some(1000), 0), Some(0));
    assert_eq!(declared(Some(1007), 2), Some(5));
    assert_eq!(declared(None, 0), None);
    assert_eq!(declared(Some(2000), 0), None);
    assert_eq!(declared(Some(1999), 0), None, "another system's count");
}

#[test]
fn a_pid_used_again_is_an_exit_before_a_birth() {
    let (world, mut scanner) = scanned(1);
    world.add(1, Made::new("other", 1_700_000_002_000));
    let batch = scan(&mut scanner);
    assert_eq!(briefs(&batch.events), ["exited 1 p", "created 1 other"]);
    let Event::Exited { lived_ms, .. } = batch.events[0] else {
        panic!("{:?}", batch.events);
    };
    assert_eq!(lived_ms, Some(100_000_003_000));
}

#[test]
fn a_change_between_running_and_sleeping_is_no_update_but_a_zombie_is() {
    let (world, mut scanner) = scanned(1);
    let set = |status| world.edit(|state| state.processes.get_mut(&1).unwrap().status = status);
    set(Status::Running);
    assert_eq!(events_of(&mut scanner), [""; 0]);
    set(Status::Zombie);
    assert_eq!(events_of(&mut scanner), ["updated 1 [status]"]);
    set(Status::Sleeping);
    assert_eq!(events_of(&mut scanner), ["updated 1 [status]"]);
}

#[test]
fn thresholds_hold_back_small_changes_until_they_add_up() {
    let world = World::new();
    world.add(1, Made::new("p", 1_600_000_000_000));
    let mut config = Config::default();
    config.cpu_threshold_percent = Some(10.0);
    config.rss_threshold_bytes = Some(1000);
    let mut scanner = Scanner::builder()
        .config(config)
        .source(world.clone())
        .build()
        .unwrap();
    scan(&mut scanner);
    scan(&mut scanner);
    let run = |percent: u64, bytes: u64| {
        world.edit(|state| {
            let made = state.processes.get_mut(&1).unwrap();
            made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + percent * 10_000_000);
            made.rss_bytes = made.rss_bytes.map(|rss| rss + bytes);
        });
    };
    run(9, 600);
    assert_eq!(events_of(&mut scanner), [""; 0]);
    run(9, 600);
    let batch = scan(&mut scanner);
    assert_eq!(briefs(&batch.events), ["updated 1 [rss]"]);
    // An update has all known values, also those held back before.
    assert_eq!(batch.events[0].process().cpu_percent, Some(9.0));
    run(30, 0);
    assert_eq!(events_of(&mut scanner), ["updated 1 [cpu]"]);
}

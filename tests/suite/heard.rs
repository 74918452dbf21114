//! What a source hears between scans, merged with what scans read.

use process_scanner::{
    ConsumerOptions, Event, Exit, ExitStatus, Hearing, Scanner, Status, Transition,
};

use crate::support::{Happened, Made, World, briefs};

mod steps;

/// A world with the processes 1 and 2, scanned twice, whose source hears everything.
fn scanned() -> (World, Scanner) {
    let world = World::new();
    world.edit(|state| state.hearing = Hearing::Complete);
    for pid in [1, 2] {
        world.add(pid, Made::new("p", 1_600_000_000_000));
    }
    let mut scanner = world.scanner();
    scanner.scan_once().unwrap();
    scanner.scan_once().unwrap();
    (world, scanner)
}

/// Lets the source hear this before the rows of the next scan, and that after them.
fn hear(world: &World, before: &[Happened], after: &[Happened]) {
    world.edit(|state| state.happened.extend([before.to_vec(), after.to_vec()]));
}

fn events_of(scanner: &mut Scanner) -> Vec<Event> {
    scanner.scan_once().unwrap().events.clone()
}

fn code(code: u8, ended_at_ms: u64) -> Exit {
    let mut exit = Exit::default();
    exit.status = Some(ExitStatus::from_wait_status(u32::from(code) << 8));
    exit.ended_at_ms = Some(ended_at_ms);
    exit
}

/// Returns how a process ended: lifetime, exit code, and time of its end.
fn end(event: &Event) -> (Option<u64>, Option<u8>, Option<u64>) {
    let Event::Exited {
        lived_ms,
        exit,
        ended_at_ms,
        ..
    } = event
    else {
        panic!("{event:?}");
    };
    (*lived_ms, exit.and_then(|exit| exit.code), *ended_at_ms)
}

const BORN_MS: u64 = 1_700_000_002_100;

#[test]
fn a_life_between_two_scans_is_reported_with_its_end() {
    let (world, mut scanner) = scanned();
    let made = Made::new("short", BORN_MS);
    let life = [
        Happened::Born(9, made),
        Happened::Exited(9, Some(BORN_MS), code(3, BORN_MS + 5)),
    ];
    hear(&world, &life, &[]);
    let events = events_of(&mut scanner);
    assert_eq!(briefs(&events), ["created 9 short", "exited 9 short"]);
    assert_eq!(end(&events[1]), (Some(5), Some(3), Some(BORN_MS + 5)));
    assert_eq!(events_of(&mut scanner), []);
}

#[test]
fn an_exit_at_an_unknown_time_has_an_upper_limit_of_its_lifetime() {
    let (world, mut scanner) = scanned();
    world.edit(|state| state.hearing = Hearing::Exits);
    let mut exit = code(4, 0);
    (exit.ended_at_ms, exit.ended_by_ms) = (None, Some(1_600_000_000_070));
    world.edit(|state| state.processes.remove(&2));
    hear(
        &world,
        &[Happened::Exited(2, Some(1_600_000_000_000), exit)],
        &[],
    );
    let events = events_of(&mut scanner);
    assert_eq!(end(&events[0]), (Some(70), Some(4), None));
}

#[test]
fn births_are_counted_as_unseen_where_exits_alone_are_heard() {
    let (world, mut scanner) = scanned();
    world.edit(|state| (state.hearing, state.missed_total) = (Hearing::Exits, None));
    world.edit(|state| state.started_total = Some(100));
    scanner.scan_once().unwrap();
    world.edit(|state| state.started_total = Some(107));
    let batch = scanner.scan_once().unwrap();
    assert_eq!(batch.hearing, Hearing::Exits);
    assert_eq!(batch.counts.unseen_at_most, Some(7));
}

#[test]
fn several_lives_of_one_pid_are_in_the_order_in_which_they_happened() {
    let (world, mut scanner) = scanned();
    let lives = [
        Happened::Exited(2, Some(1_600_000_000_000), code(0, BORN_MS)),
        Happened::Born(2, Made::new("a", BORN_MS)),
        Happened::Changed(2, Made::new("b", BORN_MS)),
        Happened::Exited(2, Some(BORN_MS), code(1, BORN_MS + 20)),
        Happened::Born(2, Made::new("c", BORN_MS + 30)),
    ];
    hear(&world, &lives, &[]);
    world.add(2, Made::new("c", BORN_MS + 30));
    let batch = scanner.scan_once().unwrap();
    let expected = ["exited 2 p", "created 2 b", "exited 2 b", "created 2 c"];
    assert_eq!(briefs(&batch.events), expected);
    assert_eq!(end(&batch.events[2]).1, Some(1));
}

#[test]
fn a_birth_that_the_table_knows_adds_nothing() {
    let (world, mut scanner) = scanned();
    world.add(9, Made::new("new", BORN_MS));
    // The scan reads it before the source hears of its birth.
    hear(&world, &[], &[Happened::Born(9, Made::new("new", BORN_MS))]);
    assert_eq!(briefs(&events_of(&mut scanner)), ["created 9 new"]);
    // And a birth heard first is confirmed by the rows.
    world.add(10, Made::new("new", BORN_MS + 2000));
    let born = Happened::Born(10, Made::new("new", BORN_MS + 2000));
    hear(&world, &[born], &[]);
    let events = events_of(&mut scanner);
    assert_eq!(briefs(&events), ["created 10 new"]);
    assert!(events[0].process().cpu_time_ms.is_some());
}

#[test]
fn an_exit_during_a_scan_has_its_status() {
    let (world, mut scanner) = scanned();
    world.edit(|state| state.processes.remove(&2));
    let exited = Happened::Exited(2, Some(1_600_000_000_000), code(7, BORN_MS));
    hear(&world, &[], &[exited]);
    let events = events_of(&mut scanner);
    assert_eq!(briefs(&events), ["exited 2 p"]);
    assert_eq!(end(&events[0]).1, Some(7));
    // Another process has its pid by the time that the scan reads it.
    world.add(1, Made::new("q", BORN_MS + 1500));
    let exited = Happened::Exited(1, Some(1_600_000_000_000), code(8, BORN_MS + 1400));
    let born = Happened::Born(1, Made::new("q", BORN_MS + 1500));
    hear(&world, &[], &[exited, born]);
    let events = events_of(&mut scanner);
    assert_eq!(briefs(&events), ["exited 1 p", "created 1 q"]);
    assert_eq!(end(&events[0]).1, Some(8));
}

#[test]
fn an_exec_is_an_update_unless_a_later_reading_is_known() {
    let (world, mut scanner) = scanned();
    let exec = Happened::Changed(2, Made::new("program", 1_600_000_000_000));
    world.add(2, Made::new("program", 1_600_000_000_000));
    hear(&world, &[exec], &[]);
    assert_eq!(
        briefs(&events_of(&mut scanner)),
        ["updated 2 [name command]"]
    );
    // Of another process, and of one that is not known.
    let foreign = Happened::Changed(2, Made::new("other", BORN_MS));
    let unknown = Happened::Changed(77, Made::new("other", BORN_MS));
    hear(&world, &[foreign, unknown], &[]);
    assert_eq!(events_of(&mut scanner), []);
}

#[test]
fn a_zombie_keeps_its_exit_until_it_is_reaped() {
    let (world, mut scanner) = scanned();
    let mut zombie = Made::new("p", 1_600_000_000_000);
    zombie.status = Status::Zombie;
    world.add(2, zombie.clone());
    hear(&world, &[Happened::Changed(2, zombie)], &[]);
    assert_eq!(briefs(&events_of(&mut scanner)), ["updated 2 [status]"]);
    world.edit(|state| state.processes.remove(&2));
    let exited = Happened::Exited(2, Some(1_600_000_000_000), code(0, BORN_MS));
    hear(&world, &[exited], &[]);
    let events = events_of(&mut scanner);
    assert_eq!(end(&events[0]).2, Some(BORN_MS));
}

#[test]
fn what_is_heard_before_the_first_scan_is_in_it() {
    let world = World::new();
    world.add(1, Made::new("p", 1_600_000_000_000));
    let exited = Happened::Exited(5, Some(BORN_MS), code(0, BORN_MS));
    hear(
        &world,
        &[Happened::Born(5, Made::new("x", BORN_MS)), exited.clone()],
        &[Happened::Born(6, Made::new("y", BORN_MS)), exited],
    );
    let mut scanner = world.scanner();
    let batch = scanner.scan_once().unwrap();
    assert!(batch.full);
    assert_eq!(briefs(&batch.events), ["existing 1 p", "existing 6 y"]);
}

#[test]
fn a_running_scanner_sends_what_it_hears_between_two_scans() {
    let world = World::new();
    world.add(1, Made::new("p", 1_600_000_000_000));
    let mut config = process_scanner::Config::default();
    config.interval_ms = 3_600_000;
    let scanner = Scanner::builder().config(config).source(world.clone());
    let scanner = scanner.start().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let first = batches.recv().unwrap();
    assert!(first.full && first.of_scan);
    let ring = |hearing, happened: &[Happened]| {
        world.edit(|state| {
            state.hearing = hearing;
            state.happened.clear();
            state.happened.push_back(happened.to_vec());
            assert!(state.ringer.as_ref().unwrap().ring());
        });
    };
    ring(
        Hearing::Complete,
        &[Happened::Born(9, Made::new("new", BORN_MS))],
    );
    let heard = batches.recv().unwrap();
    assert!(!heard.of_scan && !heard.full && heard.interval_ms.is_none());
    assert_eq!(heard.seq, first.seq + 1);
    assert_eq!(briefs(&heard.events), ["created 9 new"]);
    // A loss is followed by a scan at once, which finds that the process has exited meanwhile.
    ring(Hearing::Lossy, &[]);
    let lossy = batches.recv().unwrap();
    let to = |batch: &process_scanner::Batch| match &batch.transitions[..] {
        [Transition::Hearing { to, .. }] => *to,
        other => panic!("{other:?}"),
    };
    assert_eq!((to(&lossy), lossy.of_scan), (Hearing::Lossy, false));
    world.edit(|state| state.hearing = Hearing::Complete);
    let scan = batches.recv().unwrap();
    assert!(scan.of_scan);
    assert!(briefs(&scan.events).contains(&"exited 9 new".to_owned()));
    let metrics = scanner.consumers().metrics();
    assert_eq!(metrics.scans_total.good, 2);
    assert_eq!(metrics.hearing_lost_total, 1);
    scanner.stop().unwrap();
}

#[test]
fn starts_that_were_not_heard_are_counted_as_unseen() {
    let (world, mut scanner) = scanned();
    let mut unseen = |missed_total| {
        world.edit(|state| state.missed_total = missed_total);
        scanner.scan_once().unwrap().counts.unseen_at_most
    };
    assert_eq!(unseen(None), None);
    assert_eq!(unseen(Some(0)), Some(0));
    assert_eq!(unseen(Some(7)), Some(7));
    assert_eq!(unseen(Some(7)), Some(0));
}

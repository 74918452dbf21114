//! Changes that the scanner confirms and reports, on made-up worlds driven by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use process_scanner::{
    Batch, Config, ConsumerOptions, Error, ErrorClass, Event, Row, ScanSummary, Scanner, Snapshot,
    Source, SourceInfo, Status,
};

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

/// A source that breaks its contract: it emits the first list of pids as rows, the second as
/// unchanged.
struct ContractBreaker(Vec<u32>, Vec<u32>);

impl Source for ContractBreaker {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("liar")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> process_scanner::Result<ScanSummary> {
        for &pid in &self.0 {
            crate::support::show(pid, &Made::new("p", 5), emit);
        }
        for &pid in &self.1 {
            emit(Row::Unchanged { pid });
        }
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_source_that_breaks_its_contract_fails_the_scan() {
    for (source, expected) in [
        (ContractBreaker(vec![1, 2, 1], vec![]), "pid 1 twice"),
        (ContractBreaker(vec![1], vec![2]), "pid 2 as unchanged"),
    ] {
        let mut scanner = Scanner::builder().source(source).build().unwrap();
        let batch = scan(&mut scanner);
        let failure = batch.failure.as_ref().unwrap();
        assert_eq!(failure.class(), ErrorClass::BadData);
        assert!(failure.to_string().contains(expected), "{failure}");
        assert!(scanner.processes().count() > 0, "the valid rows are kept");
    }
}

/// Emits one process per scan and panics in the second scan.
struct Panicking(u32);

impl Source for Panicking {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("panicking")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> process_scanner::Result<ScanSummary> {
        self.0 += 1;
        crate::support::show(self.0, &Made::new("p", 5), emit);
        if self.0 == 2 {
            // Not `panic!`, whose hook would print into the test's output.
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_panic_in_the_source_ends_the_scanner_and_drops_the_scan() {
    let mut scanner = Scanner::builder().source(Panicking(0)).build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    scan(&mut scanner);
    let caught = catch_unwind(AssertUnwindSafe(|| scanner.scan_once()));
    assert!(caught.is_err());
    assert!(scanner.scan_once().is_none());
    assert!(scanner.scan_once().is_none());
    let consumers = scanner.consumers().clone();
    scanner.finish();
    let reported: Vec<_> = batches.iter().map(|batch| briefs(&batch.events)).collect();
    assert_eq!(reported, [["existing 1 p"]]);
    assert_eq!(consumers.snapshot().len(), 1);
}

#[test]
fn an_invalid_setting_is_refused_before_anything_starts() {
    let mut config = Config::default();
    config.interval_ms = 10;
    let error = Scanner::builder().config(config).start().err().unwrap();
    assert_eq!(error.class(), ErrorClass::Config);
}

#[test]
fn a_source_that_ends_also_ends_the_scanner_after_all_batches_are_sent() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let mut scanner = world.scanner();
    let subscription = scanner.consumers().subscribe(ConsumerOptions::default());
    assert!(scanner.scan_once().is_some());
    world.edit(|state| state.ended = true);
    assert!(scanner.scan_once().is_none());
    assert!(scanner.scan_once().is_none());
    scanner.finish();
    assert_eq!(subscription.iter().count(), 1);
}

/// Emits the next of these lists in each scan, and ends within the last scan.
struct EndsWithin(Vec<Vec<u32>>);

impl Source for EndsWithin {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("ends within")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> process_scanner::Result<ScanSummary> {
        for pid in self.0.remove(0) {
            crate::support::show(pid, &Made::new("p", 5), emit);
        }
        match self.0.is_empty() {
            true => Err(Error::new(ErrorClass::Ended, "that was all").mark_final()),
            false => Ok(ScanSummary::default()),
        }
    }
}

#[test]
fn rows_of_the_scan_that_ends_are_sent_in_a_last_batch() {
    let source = || EndsWithin(vec![vec![1, 2], vec![2, 3]]);
    let mut scanner = Scanner::builder().source(source()).build().unwrap();
    let mut snapshot = Snapshot::new();
    assert!(snapshot.apply(&scan(&mut scanner)));
    let last = scan(&mut scanner);
    assert!(last.failure.is_none(), "{last:?}");
    let unconfirmed = last.unconfirmed.iter().map(|key| key.pid);
    assert_eq!(
        unconfirmed.collect::<Vec<_>>(),
        [1],
        "an end causes no exits"
    );
    assert!(briefs(&last.events).contains(&"created 3 p".into()));
    assert!(snapshot.apply(&last));
    crate::support::assert_folded(&snapshot, &scanner);
    assert!(scanner.scan_once().is_none());
    scanner.finish();
    // A started scanner ends at once, not after the next interval.
    let mut config = Config::default();
    config.interval_ms = 3_600_000;
    let builder = Scanner::builder().config(config).source(source());
    let scanner = builder.build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let handle = scanner.start().unwrap();
    batches.recv().unwrap();
    handle.control().scan_now();
    let last = batches.recv().unwrap();
    assert!(briefs(&last.events).contains(&"created 3 p".into()));
    handle.wait().unwrap();
    // A source that has broken its contract before its end fails.
    let broken = EndsWithin(vec![vec![1, 1]]);
    let mut scanner = Scanner::builder().source(broken).build().unwrap();
    let last = scan(&mut scanner);
    assert_eq!(last.failure.as_ref().unwrap().class(), ErrorClass::BadData);
    assert!(scanner.scan_once().is_none());
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
        let batch = batches.recv().unwrap();
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
    assert_eq!(
        subscription.try_recv().err(),
        Some(process_scanner::RecvError::Closed)
    );
}

//! Rankings of the busiest and the largest processes.

use std::sync::Arc;
use std::time::Duration;

use process_scanner::{
    Batch, Config, Consumer, ConsumerOptions, Consumers, Error, ErrorClass, Event, ProcessInfo,
    ProcessKey, Scanner, TopN, Usage,
};

use crate::support::{Made, World};

fn pids(top: &TopN) -> Vec<u32> {
    let ranking = top.ranking();
    ranking.iter().map(|ranked| ranked.process.pid).collect()
}

fn values(top: &TopN) -> Vec<(u32, f64)> {
    let value = |usage| match usage {
        Usage::CpuPercent(percent) => (percent * 1000.0).round() / 1000.0,
        Usage::RssBytes(bytes) => bytes as f64,
        other => panic!("{other:?}"),
    };
    top.ranking()
        .iter()
        .map(|ranked| (ranked.process.pid, value(ranked.usage)))
        .collect()
}

/// Returns a world of these pids, each with a thousand hours of CPU time.
fn world(pids: &[u32]) -> World {
    let world = World::new();
    for &pid in pids {
        let mut made = Made::new("p", 1_600_000_000_000);
        made.cpu_time_ns = Some(3_600_000_000_000_000);
        made.rss_bytes = Some(u64::from(pid) * 1000);
        world.add(pid, made);
    }
    world
}

/// Scans after each process has used this percentage of a core, and feeds the batch to the
/// consumers.
fn scan(world: &World, scanner: &mut Scanner, used: &[(u32, u64)], fed: &mut [&mut TopN]) {
    world.edit(|state| {
        for &(pid, percent) in used {
            let made = state.processes.get_mut(&pid).unwrap();
            made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + percent * 10_000_000);
        }
    });
    let batch = scanner.scan_once().unwrap();
    for top in fed {
        top.on_batch(&batch);
    }
}

#[test]
fn the_busiest_processes_are_those_of_the_window() {
    let world = world(&[1, 2, 3]);
    let mut scanner = world.scanner();
    let mut top = TopN::busiest(2, Duration::from_secs(2));
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(
        pids(&top),
        [0; 0],
        "CPU time before the first scan does not count"
    );
    scan(
        &world,
        &mut scanner,
        &[(1, 100), (2, 50), (3, 10)],
        &mut [&mut top],
    );
    assert_eq!(values(&top), [(1, 100.0), (2, 50.0)]);
    scan(&world, &mut scanner, &[(3, 90)], &mut [&mut top]);
    // Over two seconds: 100 and 0, 10 and 90, 50 and 0. Equal processes are in the order of their
    // keys.
    assert_eq!(values(&top), [(1, 50.0), (3, 50.0)]);
    scan(&world, &mut scanner, &[(2, 40)], &mut [&mut top]);
    assert_eq!(values(&top), [(3, 45.0), (2, 20.0)]);
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(pids(&top), [0; 0], "idle by now");
}

#[test]
fn the_largest_processes_are_in_order_until_they_exit() {
    let world = world(&[1, 2, 3]);
    let mut scanner = world.scanner();
    let mut top = TopN::largest(2);
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(values(&top), [(3, 3000.0), (2, 2000.0)]);
    assert_eq!(top.ranking()[0].usage, Usage::RssBytes(3000));
    world.edit(|state| state.processes.remove(&3));
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(values(&top), [(2, 2000.0), (1, 1000.0)]);
    world.edit(|state| state.processes.get_mut(&1).unwrap().rss_bytes = None);
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(pids(&top), [2], "unknown is not ranked");
}

#[test]
fn a_new_process_counts_from_its_birth() {
    let world = world(&[1]);
    let mut scanner = world.scanner();
    let mut top = TopN::busiest(5, Duration::from_secs(10));
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    // The process is half a second old and ran all the time.
    let born_ms = world.edit(|state| state.wall_ms) + 500;
    let mut made = Made::new("new", born_ms);
    made.cpu_time_ns = Some(500_000_000);
    world.add(9, made);
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(values(&top), [(9, 100.0)]);
}

#[test]
fn steady_use_below_a_threshold_still_counts() {
    let world = world(&[1, 2]);
    let mut config = Config::default();
    config.cpu_threshold_percent = Some(20.0);
    let builder = Scanner::builder().config(config).source(world.clone());
    let mut scanner = builder.build().unwrap();
    let mut top = TopN::busiest(2, Duration::from_secs(3));
    assert_eq!(top.as_of(), None);
    for _ in 0..10 {
        scan(&world, &mut scanner, &[(1, 60), (2, 10)], &mut [&mut top]);
    }
    assert_eq!(values(&top)[0], (1, 60.0));
    assert_eq!(top.as_of().unwrap().seq, 10);
    world.edit(|state| state.failure = Some(ErrorClass::SourceGone));
    scan(&world, &mut scanner, &[], &mut [&mut top]);
    assert_eq!(top.as_of().unwrap().seq, 10);
    world.edit(|state| state.failure = None);
    // A rise and a fall are both above the threshold.
    scan(&world, &mut scanner, &[(1, 200)], &mut [&mut top]);
    for _ in 0..4 {
        scan(&world, &mut scanner, &[(1, 10)], &mut [&mut top]);
    }
    // The other process has become idle, a change below the threshold.
    assert_eq!(values(&top), [(1, 10.0), (2, 10.0)]);
    let json = serde_json::to_value(top.ranking()).unwrap();
    assert_eq!(json[0]["process"]["pid"], 1);
    assert_eq!(json[0]["usage"], serde_json::json!({"cpu_percent": 10.0}));
}

/// A failed scan can emit rows before it fails.
#[test]
fn rows_of_a_failed_scan_are_measured_over_their_own_time() {
    let event = |cpu_time_ms: f64, seq: u64, at_s: u64| {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 1,
            start_time_ms: Some(0),
        });
        process.cpu_time_ms = Some(cpu_time_ms);
        process.cpu_percent = Some(50.0);
        Batch::new(seq, at_s * 1000, vec![Event::Existing(process)])
    };
    for later_s in [2, 60] {
        let mut top = TopN::busiest(1, Duration::from_secs(3));
        for second in 0..4 {
            let batch = event(second as f64 * 500.0, second + 1, 100 + second);
            top.on_batch(&Arc::new(batch));
        }
        let mut failed = event(1500.0 + later_s as f64 * 500.0, 5, 103 + later_s);
        failed.failure = Some(Error::new(ErrorClass::BadData, "broken off"));
        top.on_batch(&Arc::new(failed));
        assert_eq!(values(&top), [(1, 50.0)], "after {later_s} s");
        assert_eq!(top.as_of().unwrap().seq, 4);
    }
}

/// Feeds what a new consumer receives, which is the same as after lost batches.
fn catch_up(consumers: &Consumers, top: &mut TopN, seq: u64) {
    let subscription = consumers.subscribe(ConsumerOptions::default());
    let mut batches = subscription.iter();
    let full = batches.next().unwrap();
    assert!(full.full);
    top.on_batch(&full);
    if full.seq < seq {
        for batch in batches {
            top.on_batch(&batch);
            if batch.seq == seq {
                break;
            }
        }
    }
}

#[test]
fn a_window_shorter_than_the_interval_counts_its_share() {
    let world = world(&[1]);
    let mut scanner = world.scanner();
    let mut short = TopN::busiest(1, Duration::from_millis(100));
    let mut long = TopN::busiest(1, Duration::from_secs(10));
    let fed = &mut [&mut short, &mut long];
    scan(&world, &mut scanner, &[], fed);
    scan(&world, &mut scanner, &[(1, 50)], fed);
    scan(&world, &mut scanner, &[(1, 50)], fed);
    assert_eq!(values(&short), [(1, 50.0)]);
    assert_eq!(values(&long), [(1, 50.0)]);
    // A hundred seconds without a batch, at half a core all the time.
    world.edit(|state| state.step_ms = 100_000);
    let fed = &mut [&mut short, &mut long];
    scan(&world, &mut scanner, &[(1, 5000)], fed);
    assert_eq!(values(&short), [(1, 50.0)]);
    assert_eq!(values(&long), [(1, 50.0)]);
}

#[test]
fn a_ranking_that_joins_late_counts_no_earlier_cpu_time() {
    let world = world(&[1, 2]);
    let mut scanner = world.scanner();
    let consumers = scanner.consumers().clone();
    let sent = consumers.subscribe(ConsumerOptions::default());
    let mut late = TopN::busiest(2, Duration::from_secs(60));
    scan(&world, &mut scanner, &[], &mut []);
    scan(&world, &mut scanner, &[(1, 90), (2, 10)], &mut []);
    assert!(sent.iter().any(|batch| batch.seq == 2));
    catch_up(&consumers, &mut late, 2);
    assert_eq!(pids(&late), [0; 0], "it has seen no interval yet");
    scan(&world, &mut scanner, &[(1, 50), (2, 10)], &mut [&mut late]);
    assert_eq!(values(&late), [(1, 50.0), (2, 10.0)]);
}

#[test]
fn a_ranking_that_joins_during_failed_scans_spreads_cpu_time_over_the_outage() {
    let world = world(&[1, 2]);
    let mut scanner = world.scanner();
    for _ in 0..3 {
        scan(&world, &mut scanner, &[(1, 100)], &mut []);
    }
    world.edit(|state| {
        state.failure = Some(ErrorClass::Permission);
        state.hidden = vec![1, 2];
    });
    for _ in 0..5 {
        scan(&world, &mut scanner, &[(1, 100)], &mut []);
    }
    let mut top = TopN::busiest(2, Duration::from_secs(10));
    catch_up(scanner.consumers(), &mut top, 8);
    world.edit(|state| {
        state.failure = None;
        state.hidden.clear();
    });
    for _ in 0..3 {
        scan(&world, &mut scanner, &[(1, 100)], &mut [&mut top]);
        assert!(values(&top).iter().all(|&(_, percent)| percent <= 100.0));
    }
    assert_eq!(values(&top), [(1, 100.0)]);
}

#[test]
fn a_ranking_is_right_after_lost_batches() {
    let world = world(&[1, 2, 3]);
    let mut scanner = world.scanner();
    let consumers = scanner.consumers().clone();
    let mut all = TopN::busiest(3, Duration::from_secs(60));
    let mut some = TopN::busiest(3, Duration::from_secs(60));
    for round in 0..10_u64 {
        let used = [(1, 10 * round), (2, 50), (3, 100 - 10 * round)];
        scan(&world, &mut scanner, &used, &mut [&mut all]);
        if round % 4 == 0 {
            catch_up(&consumers, &mut some, round + 1);
        }
    }
    catch_up(&consumers, &mut some, 10);
    assert_eq!(values(&some), values(&all));
}

#[test]
#[cfg(unix)]
fn busy_and_large_children_rank_first_in_order() {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;

    use process_scanner::{Batch, Event};

    struct Worker(Child);
    impl Drop for Worker {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
    const ROLE: &str = "PSCAN_TEST_WORK";
    const THIS: &str = "top::busy_and_large_children_rank_first_in_order";
    if let Ok(role) = std::env::var(ROLE) {
        let megabytes: usize = role.parse().unwrap();
        // Written, so that the memory is resident.
        let held = vec![1_u8; megabytes << 20];
        println!("ready");
        loop {
            std::hint::black_box(&held);
            if megabytes > 100 {
                std::thread::park();
            }
        }
    }
    let start = |megabytes: usize| {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", THIS, "--nocapture"])
            .env(ROLE, megabytes.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let worker = Worker(child);
        assert!(stdout.lines().any(|line| line.unwrap().contains("ready")));
        worker
    };
    let holding = [start(120), start(110)];
    let burning = [start(1)];
    let mut scanner = Scanner::builder().build().unwrap();
    let ours = |pid: &u32| {
        holding
            .iter()
            .chain(&burning)
            .any(|worker| worker.0.id() == *pid)
    };
    let mut largest = TopN::largest(1000);
    let mut busiest = TopN::busiest(1000, Duration::from_secs(600));
    // Until the busy child has used enough CPU time.
    let mut used_ms = 0.0;
    while used_ms < 200.0 {
        let batch: Arc<Batch> = scanner.scan_once().unwrap();
        largest.on_batch(&batch);
        busiest.on_batch(&batch);
        let burns = |event: &&Event| event.process().pid == burning[0].0.id();
        if let Some(event) = batch.events.iter().find(burns) {
            used_ms = event.process().cpu_time_ms.unwrap();
        }
    }
    let largest: Vec<u32> = pids(&largest).into_iter().filter(ours).collect();
    let expected = [holding[0].0.id(), holding[1].0.id(), burning[0].0.id()];
    assert_eq!(largest, expected);
    // The large children did their work before the first scan.
    let busiest: Vec<u32> = pids(&busiest).into_iter().filter(ours).collect();
    assert_eq!(busiest.first(), Some(&burning[0].0.id()));
}

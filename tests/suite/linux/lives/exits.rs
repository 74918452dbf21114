//! Exits that pidfds report where there is no process connector: in a network namespace of its own.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use process_scanner::{
    Batch, Collect, Config, ConsumerOptions, Event, ExitStatus, Hearing, LinuxSource, Listen,
    ListenOptions, Scanner, Source, Status, live_source,
};

use super::recorded_lives::record_a_storm;
use super::{Ears, PATIENCE, Told, code, ends, sh};
use crate::faults::own_next_pid;
use crate::linux::is_root;

/// Runs a test on a thread without the process connector.
pub(super) fn without_connector(test: impl FnOnce() + Send + 'static) {
    if !is_root() {
        eprintln!("SKIPPED: a network namespace needs root");
        return;
    }
    // Its threads and children are in the namespace too.
    let in_namespace = move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        test();
    };
    thread::spawn(in_namespace).join().unwrap();
}

/// Returns a source that hears exits; `None`, with a message, where that is not possible.
pub(super) fn source(options: ListenOptions) -> Option<LinuxSource> {
    let source = LinuxSource::new(Collect::default()).unwrap();
    let source = source.listening(options);
    let info = source.info();
    assert!(!info.hears_lives);
    assert!(info.not_listening.is_some());
    if !info.hears_exits {
        eprintln!("SKIPPED: this kernel does not report exits by pidfd");
        return None;
    }
    Some(source)
}

fn open() -> Option<Ears> {
    let pids = own_next_pid();
    Some(Ears::of(source(ListenOptions::default())?, pids))
}

impl Ears {
    /// Drains, without a scan, until a process has exited.
    pub(super) fn until_exits(&mut self, pid: u32, count: usize) {
        let until = Instant::now() + PATIENCE;
        while self.exits(pid).len() < count {
            assert!(Instant::now() < until, "{pid}: {:?}", self.about(pid));
            thread::park_timeout(Duration::from_millis(2));
            self.drain();
        }
    }
}

/// Ends a child that waits for a line, and returns its status.
pub(super) fn ended(child: &mut Child) -> Option<ExitStatus> {
    // It may not read it.
    let _ = writeln!(child.stdin.as_mut().unwrap());
    let raw = child.wait().unwrap().into_raw();
    Some(ExitStatus::from_wait_status(raw.cast_unsigned()))
}

#[test]
fn the_exits_of_known_processes_are_heard_with_their_status_between_scans() {
    without_connector(|| {
        let Some(mut ears) = open() else { return };
        let folder = tempfile::tempdir().unwrap();
        let dump = format!(
            "cd {}; ulimit -c unlimited; read x; kill -ABRT $$",
            folder.path().display()
        );
        let scripts = [
            "read x; exit 0",
            "read x; exit 3",
            "read x; exit 255",
            "read x; kill -KILL $$",
            "read x; kill -TERM $$",
            "read x; kill -SEGV $$",
            // With a core dump, if this host writes any.
            &dump,
        ];
        let mut children = scripts.map(|script| sh(script, "known"));
        ears.scan();
        ears.told.clear();
        for child in &mut children {
            let pid = child.id();
            let status = ended(child);
            ears.until_exits(pid, 1);
            assert_eq!(ears.exits(pid), [status]);
            let [
                Told::Exited {
                    start_time_ms,
                    ended_at_ms,
                    lived_ns,
                    ..
                },
            ] = ears.about(pid)
            else {
                panic!("{:?}", ears.about(pid));
            };
            assert_eq!(*start_time_ms, ears.scanned[&pid]);
            assert_eq!((*ended_at_ms, *lived_ns), (None, None));
        }
        let is_of_exits = |(hearing, _): &(Hearing, _)| *hearing == Hearing::Exits;
        assert!(ears.hearings.iter().all(is_of_exits));
        assert_eq!(ears.missed, None);
        // They are reported once.
        ears.scan();
        for child in children {
            assert_eq!(ears.exits(child.id()).len(), 1);
            assert!(!ears.scanned.contains_key(&child.id()));
        }
    });
}

#[test]
fn a_zombie_exits_when_it_is_reaped() {
    without_connector(|| {
        let Some(mut ears) = open() else { return };
        let mut child = sh("read x; exit 5", "zombie");
        let pid = child.id();
        ears.scan();
        drop(child.stdin.take());
        let stat = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        while !stat().contains(") Z ") {
            thread::yield_now();
        }
        for _ in 0..20 {
            ears.scan();
        }
        assert!(ears.exits(pid).is_empty());
        child.wait().unwrap();
        ears.until_exits(pid, 1);
        assert_eq!(ears.exits(pid), [code(5)]);
    });
}

#[test]
fn the_end_or_exec_of_a_thread_is_no_exit() {
    without_connector(|| {
        let Some(mut ears) = open() else { return };
        let folder = tempfile::tempdir().unwrap();
        let mut children = vec![(ends::start_exec_by_a_thread(), 7)];
        if cfg!(target_arch = "x86_64") {
            let path = ends::leader_first_in(folder.path());
            children.push((ends::start_leader_first(&path), 3));
        }
        ears.scan();
        for _ in 0..20 {
            ears.drain();
        }
        for (child, exit_code) in &mut children {
            let pid = child.id();
            assert!(ears.exits(pid).is_empty());
            drop(child.stdin.take());
            child.wait().unwrap();
            ears.until_exits(pid, 1);
            assert_eq!(ears.exits(pid), [code(*exit_code)]);
        }
    });
}

#[test]
fn each_life_of_a_reused_pid_has_its_own_status() {
    without_connector(|| {
        let Some(mut ears) = open() else { return };
        let mut until = Instant::now() + PATIENCE;
        let mut reused = 0;
        while reused < 10 {
            assert!(Instant::now() < until, "no pid is used again");
            ears.told.clear();
            let mut first = sh("read x; exit 1", "first");
            let pid = first.id();
            ears.scan();
            let first_start = ears.scanned[&pid];
            ended(&mut first);
            fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
            let mut second = sh("read x; exit 2", "second");
            let is_reused = second.id() == pid;
            let second_pid = second.id();
            ears.scan();
            let second_start = ears.scanned[&second_pid];
            // It is watched from this scan on, or the next one if the first life was drained late.
            ears.scan();
            ended(&mut second);
            ears.until_exits(second_pid, 1 + usize::from(is_reused));
            if !is_reused {
                continue;
            }
            reused += 1;
            until = Instant::now() + PATIENCE;
            let exits = ears.about(pid).iter().filter_map(|told| match told {
                Told::Exited {
                    start_time_ms,
                    status,
                    ..
                } => Some((*start_time_ms, *status)),
                _ => None,
            });
            assert_eq!(
                exits.collect::<Vec<_>>(),
                [(first_start, code(1)), (second_start, code(2))]
            );
        }
    });
}

#[test]
fn the_setting_turns_it_off() {
    without_connector(|| {
        let mut config = Config::default();
        config.listen = Listen::Off;
        let mut source = live_source(&config).unwrap();
        let info = source.info();
        assert!(!info.hears_exits && !info.hears_lives && info.not_listening.is_none());
        assert!(source.bell().is_none());
        config.listen = Listen::Auto;
        let mut source = live_source(&config).unwrap();
        assert_eq!(source.bell().is_some(), source.info().hears_exits);
    });
}

#[test]
fn a_running_scanner_reports_an_exit_long_before_the_next_scan() {
    without_connector(|| {
        let Some(source) = source(ListenOptions::default()) else {
            return;
        };
        let _pids = own_next_pid();
        let mut config = Config::default();
        config.interval_ms = 3_600_000;
        config.cpu_budget_percent = None;
        let mut child = sh("read x; exit 3", "running");
        let pid = child.id();
        let began = Instant::now();
        let scanner = Scanner::builder()
            .config(config)
            .source(source)
            .start()
            .unwrap();
        let batches = scanner.consumers().subscribe(ConsumerOptions::default());
        let first = batches.recv_timeout(PATIENCE).unwrap();
        assert!(
            first.of_scan && first.hearing == Hearing::Exits,
            "{:?}",
            first.hearing
        );
        ended(&mut child);
        let exit = |batch: &Batch| {
            let mut events = batch.events.iter();
            events.find(|event| event.process().pid == pid).cloned()
        };
        let heard = loop {
            let batch = batches.recv_timeout(PATIENCE).unwrap();
            assert!(!batch.of_scan && batch.transitions.is_empty());
            assert_eq!(batch.counts.unseen_at_most, None);
            if let Some(event) = exit(&batch) {
                break event;
            }
        };
        let took_ms = began.elapsed().as_millis() as u64;
        let Event::Exited {
            exit: status,
            lived_ms,
            ended_at_ms,
            ref process,
            ..
        } = heard
        else {
            panic!("{heard:?}");
        };
        assert_eq!((status, ended_at_ms), (code(3), None));
        assert_ne!(process.status, Some(Status::Zombie));
        let age_ms = first
            .taken_at_ms
            .saturating_sub(process.start_time_ms.unwrap());
        // Start times have a resolution of 10 ms.
        assert!(
            lived_ms.unwrap() <= age_ms + took_ms + 1000,
            "{lived_ms:?} {age_ms} {took_ms}"
        );
        assert!(lived_ms.unwrap() + 20 >= age_ms, "{lived_ms:?} {age_ms}");
        scanner.stop().unwrap();
    });
}

#[test]
fn a_recorded_storm_replays_to_the_same_batches() {
    without_connector(|| {
        let Some(source) = source(ListenOptions::default()) else {
            return;
        };
        let live = record_a_storm(source);
        let mut batches = live.iter();
        assert!(
            batches.all(|batch| batch.hearing == Hearing::Exits && batch.transitions.is_empty())
        );
    });
}

//! Processes that exit, and pids that are used again, during a scan.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Instant;

use process_scanner::{Event, ProcessInfo};

use super::{Cat, Watched, is_root, own_next_pid, skip, start_ticks};
use crate::support::{Live, PATIENCE, live_sources};

#[test]
fn processes_that_exit_while_read_do_not_fail_the_scan() {
    live_sources().for_each(processes_that_exit_while_read_do_not_fail_the_scan_with);
}

fn processes_that_exit_while_read_do_not_fail_the_scan_with(live: Live) {
    let mut watched = Watched::new(live);
    let stays = Cat::start();
    let (stop, stopped) = channel::<()>();
    let forking = thread::spawn(move || {
        // Until the sender is dropped.
        while stopped.try_recv() == Err(TryRecvError::Empty) {
            drop(Cat::start());
        }
    });
    for _ in 0..200 {
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        assert!(watched.knows(stays.pid()));
    }
    drop(stop);
    forking.join().unwrap();
    // The forks were counted, also those of unseen children.
    assert!(watched.scan().counts.unseen_at_most.is_some());
}

/// Chooses the pid of the next process or thread, if it is free.
fn choose_next_pid(pid: u32) -> io::Result<()> {
    fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string())
}

/// Starts a child with this pid, if no other process gets it first.
pub(super) fn start_with_pid(pid: u32, start: impl Fn() -> Cat) -> Option<Cat> {
    choose_next_pid(pid).ok()?;
    let cat = start();
    (cat.pid() == pid).then_some(cat)
}

#[test]
fn every_forced_reuse_of_a_pid_is_an_exit_and_a_birth() {
    live_sources().for_each(every_forced_reuse_of_a_pid_is_an_exit_and_a_birth_with);
}

fn every_forced_reuse_of_a_pid_is_an_exit_and_a_birth_with(live: Live) {
    const WANTED: u32 = 200;
    if !is_root() {
        return skip(
            "every_forced_reuse_of_a_pid_is_an_exit_and_a_birth",
            "needs root",
        );
    }
    let _pids = own_next_pid();
    let mut watched = Watched::new(live);
    let (mut done, mut within_a_second, mut within_a_tick) = (0, 0, 0);
    let mut until = Instant::now() + PATIENCE;
    while done < WANTED {
        // Other tests start processes too, and one of them may get the pid.
        assert!(Instant::now() < until, "only {done} pids were used again");
        let first = Cat::start();
        let pid = first.pid();
        watched.scan();
        let before = watched.snapshot.by_pid(pid).unwrap().key();
        let ticks_before = start_ticks(pid);
        drop(first);
        let Some(second) = start_with_pid(pid, Cat::start) else {
            continue;
        };
        let batch = watched.scan();
        let about: Vec<&Event> = batch
            .events
            .iter()
            .filter(|event| event.process().pid == pid)
            // A command line that was read at the `exec` can arrive late.
            .filter(|event| !live.listens() || event.kind() != "updated")
            .collect();
        if start_ticks(pid) == ticks_before {
            within_a_tick += 1;
        }
        let [Event::Exited { process: old, .. }, Event::Created(new)] = about[..] else {
            panic!("after {done}: {about:?}");
        };
        assert_eq!(old.key(), before);
        assert_ne!(new.key(), before);
        let second_of =
            |process: &ProcessInfo| process.start_time_ms.map(|start_ms| start_ms / 1000);
        within_a_second += u32::from(second_of(old) == second_of(new));
        done += 1;
        until = Instant::now() + PATIENCE;
        drop(second);
    }
    assert!(within_a_second > 0);
    eprintln!(
        "{}: {done} forced reuses reported, {within_a_second} of them within one second; \
         {within_a_tick} within one tick",
        live.name
    );
}

/// On a busy machine the thread that reads command lines gets little CPU time. It is not taken for
/// one that hangs.
#[test]
fn each_command_line_of_a_burst_comes_with_one_of_the_next_scans() {
    live_sources().for_each(each_command_line_of_a_burst_comes_with_one_of_the_next_scans_with);
}

fn each_command_line_of_a_burst_comes_with_one_of_the_next_scans_with(live: Live) {
    let mut watched = Watched::new(live);
    let is_over = AtomicBool::new(false);
    let cpus = thread::available_parallelism().map_or(2, |cpus| cpus.get());
    thread::scope(|scope| {
        for _ in 0..cpus * 4 {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let born: Vec<Cat> = (0..200).map(|_| Cat::start()).collect();
        let lacks_command = |watched: &Watched| {
            let born = born
                .iter()
                .filter_map(|cat| watched.snapshot.by_pid(cat.pid()));
            let known = born.filter(|process| process.command.is_some()).count();
            known < 200
        };
        let until = Instant::now() + PATIENCE;
        while lacks_command(&watched) && Instant::now() < until {
            watched.scan();
        }
        is_over.store(true, Relaxed);
        assert!(!lacks_command(&watched));
    });
}

/// Uses a pid again all the time, also during scans.
///
/// Every reported key must have existed, with its own command line.
#[test]
fn a_pid_is_used_again_during_a_scan() {
    live_sources().for_each(a_pid_is_used_again_during_a_scan_with);
}

fn a_pid_is_used_again_during_a_scan_with(live: Live) {
    const WANTED: usize = 400;
    if !is_root() {
        return skip("a_pid_is_used_again_during_a_scan", "needs root");
    }
    let _pids = own_next_pid();
    let mut watched = Watched::new(live);
    let own = std::process::id();
    let own_start_ms = watched.snapshot.by_pid(own).unwrap().start_time_ms.unwrap();
    let boot_ms = own_start_ms - start_ticks(own).unwrap() * 10;
    // No other process has such a name.
    let mark = format!("generation-{own}-");
    let scans = Arc::new(AtomicU64::new(0));
    let (stop, stopped) = channel::<()>();
    let reusing = thread::spawn({
        let (mark, scans) = (mark.clone(), Arc::clone(&scans));
        move || use_a_pid_again(&mark, &scans, &stopped)
    });
    let mut reported = Vec::new();
    for _ in 0..WANTED * 50 {
        if reported.len() >= WANTED || reusing.is_finished() {
            break;
        }
        let batch = watched.scan();
        scans.fetch_add(1, Relaxed);
        for event in &batch.events {
            let process = event.process();
            let command = process.command.as_ref();
            let name = command.and_then(|command| command.args().next());
            if let Some(name) = name.filter(|name| name.starts_with(&mark)) {
                let ticks = (process.start_time_ms.unwrap() - boot_ms) / 10;
                reported.push(((process.pid, ticks), name.to_owned()));
            }
        }
    }
    drop(stop);
    let (truth, reuses) = reusing.join().unwrap();
    // A birth is heard a moment after the kernel has stored its start time, and by that the start is reported.
    let late_ticks = if live.listens() { 100 } else { 0 };
    for ((pid, ticks), name) in &reported {
        let had_it = |ticks| {
            truth
                .get(&(*pid, ticks))
                .is_some_and(|names| names.contains(name))
        };
        assert!(
            (ticks - late_ticks..=*ticks).any(had_it),
            "{name} was reported as {pid} of tick {ticks}, which had {:?}",
            truth.get(&(*pid, *ticks))
        );
    }
    assert!(
        reported.len() >= WANTED,
        "only {} were reported",
        reported.len()
    );
    assert!(reuses > 0, "other processes got the pid each time");
    eprintln!(
        "{}: {} reports of children with one pid, which was used again {reuses} times",
        live.name,
        reported.len()
    );
}

/// The names started under each pid and start time in ticks.
type Truth = HashMap<(u32, u64), Vec<String>>;

/// Starts children with one pid, named by `mark` and a number, until stopped.
///
/// Returns how often the pid was used again. If another process or thread gets the pid, the pid of
/// the next child takes its place.
fn use_a_pid_again(mark: &str, scans: &AtomicU64, stopped: &Receiver<()>) -> (Truth, u64) {
    let is_stopped = || stopped.try_recv() != Err(TryRecvError::Empty);
    let (mut truth, mut reuses, mut pid) = (Truth::new(), 0, None);
    for generation in 0.. {
        if is_stopped() {
            break;
        }
        if let Some(pid) = pid {
            choose_next_pid(pid).unwrap();
        }
        let name = format!("{mark}{generation}");
        let child = Command::new("cat")
            .arg0(&name)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map(Cat)
            .unwrap();
        let ticks = start_ticks(child.pid()).unwrap();
        truth.entry((child.pid(), ticks)).or_default().push(name);
        reuses += u64::from(pid == Some(child.pid()));
        pid = Some(child.pid());
        // Each lives until the scan under way has ended, or the one after it, or ends at once.
        let until = scans.load(Relaxed) + generation % 3;
        while scans.load(Relaxed) < until && !is_stopped() {
            thread::yield_now();
        }
    }
    (truth, reuses)
}

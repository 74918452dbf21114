//! A hidden process exits, and another one gets its pid.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::time::Instant;

use process_scanner::ProcessKey;
use rustix::fs::{FsWord, fstatfs};
use rustix::mount::{MountFlags, mount, mount_remount};
use rustix::process::{PidfdFlags, getpid, pidfd_open};

use super::churn::start_with_pid;
use super::users::{NOBODY, await_word, program_for_all, start_as_other_user};
use super::{
    Cat, ROLE, Watched, assert_passed, cpu_ticks, is_root, own_next_pid, skip, with_own_mounts,
};
use crate::support::{Live, PATIENCE, live_sources};

/// Returns whether the inode of a pidfd identifies a process (pidfs, Linux 6.9).
fn has_pidfs() -> bool {
    const PIDFS: FsWord = 0x5049_4446;
    let pidfd = pidfd_open(getpid(), PidfdFlags::empty());
    let status = pidfd.and_then(fstatfs);
    status.is_ok_and(|status| status.f_type == PIDFS)
}

/// Kills a child, and starts another one with its pid.
fn replace(goes: Cat, start: impl Fn() -> Cat) -> Cat {
    let pid = goes.pid();
    drop(goes);
    let until = Instant::now() + PATIENCE;
    // Another process can get the pid first, and keep it for a while.
    while Instant::now() < until {
        if let Some(comes) = start_with_pid(pid, &start) {
            return comes;
        }
    }
    panic!("other processes keep pid {pid}");
}

/// What is done to a process that a watch of another user sees.
#[derive(Debug, Clone, Copy)]
struct Plan {
    hide: &'static str,
    /// It is hidden during the watch, not before it.
    is_late: bool,
    comes: Comes,
}

/// The process that gets the pid of the hidden one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// It is as hidden as the one before.
    Hidden,
    /// It is readable, and its CPU time is less: this proves that it is another one.
    WithLessCpuTime,
    /// It is readable, and its CPU time is more: only its identity proves that.
    WithMoreCpuTime,
}

fn hidden(hide: &'static str, is_late: bool) -> Plan {
    Plan {
        hide,
        is_late,
        comes: Comes::Hidden,
    }
}

/// Starts a watch as another user, hides root's processes before or during it, and replaces one.
fn replace_a_hidden_process(live: Live, this: &'static str, plan: Plan) {
    if !is_root() {
        return skip(this, "needs root");
    }
    if !has_pidfs() {
        return skip(this, "needs Linux 6.9");
    }
    with_own_mounts(move || {
        let _pids = own_next_pid();
        let mut goes = Cat::start();
        if plan.comes == Comes::WithLessCpuTime {
            goes.work_beyond(10);
        }
        // A second /proc: changing the options of the first would affect the whole host.
        mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
        let hide = || mount_remount("/proc", MountFlags::empty(), plan.hide).unwrap();
        if !plan.is_late {
            hide();
        }
        let (_folder, program) = program_for_all();
        let mut child = start_as_other_user(&program, this, live, goes.pid());
        await_word(&mut child, "watching");
        if plan.is_late {
            hide();
        }
        let stdin = child.stdin.as_mut().unwrap();
        stdin.write_all(b"\n").unwrap();
        await_word(&mut child, "hidden");
        let ticks = cpu_ticks(goes.pid());
        let mut comes = replace(goes, || match plan.comes {
            Comes::Hidden => Cat::start(),
            _ => Cat::start_with(|cat| {
                cat.uid(NOBODY).gid(NOBODY);
            }),
        });
        if plan.comes == Comes::WithMoreCpuTime {
            comes.work_beyond(ticks);
        }
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_passed(&output);
        drop(comes);
    });
}

/// Watches a process that is hidden and then replaced. Returns the watch and the key that exited.
fn watch_the_replaced(live: Live, pid: u32) -> (Watched, ProcessKey) {
    let mut watched = Watched::new(live);
    let key = watched.snapshot.by_pid(pid).unwrap().key();
    println!("watching");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    assert!(fs::read("/proc/1/stat").is_err(), "it is not hidden");
    // The identity of a hidden process is kept for any number of scans.
    for _ in 0..40 {
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        assert_eq!(watched.snapshot.by_pid(pid).unwrap().key(), key);
    }
    println!("hidden");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let batch = watched.scan();
    let exits: Vec<_> = batch
        .events
        .iter()
        .filter(|event| event.kind() == "exited" && event.process().pid == pid)
        .collect();
    assert_eq!(exits.len(), 1, "{exits:?}");
    assert_eq!(exits[0].process().key(), key);
    assert!(watched.knows(1) && watched.knows(std::process::id()));
    (watched, key)
}

#[test]
fn an_invisible_process_whose_pid_is_used_again_exits() {
    const THIS: &str = "hidepid::an_invisible_process_whose_pid_is_used_again_exits";
    live_sources().for_each(|live| match std::env::var(ROLE) {
        Ok(pid) => {
            let pid = pid.parse().unwrap();
            let (mut watched, _) = watch_the_replaced(live, pid);
            // The second one was never visible, but its birth may have been heard.
            watched.scan();
            assert!(!watched.knows(pid) || live.listens());
        }
        Err(_) => replace_a_hidden_process(live, THIS, hidden("hidepid=2", true)),
    });
}

#[test]
fn an_unreadable_process_whose_pid_is_used_again_exits() {
    const THIS: &str = "hidepid::an_unreadable_process_whose_pid_is_used_again_exits";
    live_sources().for_each(|live| match std::env::var(ROLE) {
        Ok(pid) => {
            let pid = pid.parse().unwrap();
            let (mut watched, _) = watch_the_replaced(live, pid);
            watched.scan();
            // sysinfo omits processes that it cannot read.
            let second = watched.snapshot.by_pid(pid);
            assert_eq!(second.is_some(), live.name != "sysinfo");
            let has_start = second.is_some_and(|second| second.start_time_ms.is_some());
            assert!(!has_start || live.listens());
        }
        Err(_) => replace_a_hidden_process(live, THIS, hidden("hidepid=1", true)),
    });
}

#[test]
fn a_process_that_was_never_readable_exits_when_its_pid_is_used_again() {
    const THIS: &str =
        "hidepid::a_process_that_was_never_readable_exits_when_its_pid_is_used_again";
    let linux = live_sources().filter(|live| live.name == "linux");
    linux.for_each(|live| match std::env::var(ROLE) {
        Ok(pid) => {
            let pid = pid.parse().unwrap();
            let (mut watched, key) = watch_the_replaced(live, pid);
            assert_eq!(key.start_time_ms, None);
            let batch = watched.scan();
            let is_birth = |event: &&process_scanner::Event| {
                event.kind() == "created" && event.process().pid == pid
            };
            assert_eq!(batch.events.iter().filter(is_birth).count(), 1);
        }
        Err(_) => replace_a_hidden_process(live, THIS, hidden("hidepid=1", false)),
    });
}

/// Watches a process that is hidden and then replaced by a readable one, and checks that each has
/// its own life.
fn watch_a_readable_one_follow(live: Live, pid: u32) {
    let mut watched = Watched::new(live);
    let before = watched.snapshot.by_pid(pid).map(|process| process.key());
    println!("watching");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    watched.scan();
    assert!(fs::read("/proc/1/stat").is_err(), "it is not hidden");
    println!("hidden");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let batches = [watched.scan(), watched.scan()];
    let about = batches.iter().flat_map(|batch| &batch.events);
    let lives: Vec<_> = about
        .filter(|event| event.process().pid == pid && event.kind() != "updated")
        .map(|event| (event.kind(), event.process().key()))
        .collect();
    let after = watched.snapshot.by_pid(pid).unwrap();
    assert!(after.start_time_ms.is_some());
    assert_eq!(lives.last(), Some(&("created", after.key())));
    // sysinfo omits processes that it cannot read.
    assert!(before.is_some() || live.name == "sysinfo");
    let first = before.map_or("created", |_| "exited");
    assert_eq!(lives[0].0, first, "{lives:?}");
    if let Some(before) = before {
        assert_eq!(lives[0].1, before);
    }
    // Another process of this host can have had the pid in between.
    let births = usize::from(before.is_some());
    for life in lives[births..lives.len() - 1].chunks(2) {
        assert_eq!((life[0].0, life[1].0), ("created", "exited"), "{lives:?}");
        assert_eq!(life[0].1, life[1].1, "{lives:?}");
        assert!(live.listens(), "{lives:?}");
    }
}

#[test]
fn a_readable_process_that_follows_one_that_was_never_readable_is_born() {
    const THIS: &str =
        "hidepid::a_readable_process_that_follows_one_that_was_never_readable_is_born";
    follow_with_a_readable_one(THIS, false);
}

#[test]
fn a_readable_process_that_follows_one_that_was_hidden_is_born() {
    const THIS: &str = "hidepid::a_readable_process_that_follows_one_that_was_hidden_is_born";
    follow_with_a_readable_one(THIS, true);
}

fn follow_with_a_readable_one(this: &'static str, is_late: bool) {
    live_sources().for_each(|live| match std::env::var(ROLE) {
        Ok(pid) => watch_a_readable_one_follow(live, pid.parse().unwrap()),
        Err(_) => {
            for comes in [Comes::WithLessCpuTime, Comes::WithMoreCpuTime] {
                let plan = Plan {
                    hide: "hidepid=1",
                    is_late,
                    comes,
                };
                replace_a_hidden_process(live, this, plan);
            }
        }
    });
}

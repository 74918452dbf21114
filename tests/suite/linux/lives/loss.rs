//! Lost events are declared, and no exit is reported that did not happen.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Hearing, ListenOptions};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, SendFlags, SocketType, bind, send, socket};
use rustix::process::{Pid, Signal, kill_process};

use super::{Ears, PATIENCE, Told, code, exits_in, sh};
use crate::linux::is_root;
use crate::support::await_some;

#[test]
fn a_small_buffer_that_overflows_is_declared_and_recovers() {
    let mut options = ListenOptions::default();
    // The kernel's smallest.
    options.buffer_bytes = 2048;
    let Some(mut ears) = Ears::open(options) else {
        return;
    };
    let mut stays = sh("read x; exit 8", "stays");
    ears.scan();
    let is_lossy = |ears: &Ears| {
        ears.hearings
            .iter()
            .any(|(hearing, _)| *hearing == Hearing::Lossy)
    };
    await_some("a loss", || {
        for _ in 0..50 {
            sh("exit 0", "storm").wait().unwrap();
        }
        ears.drain();
        is_lossy(&ears).then_some(())
    });
    let reason = ears.hearings.iter().find_map(|(_, reason)| reason.clone());
    assert!(reason.is_some_and(|reason| !reason.is_empty()));
    ears.scan();
    assert!(ears.exits(stays.id()).is_empty());
    drop(stays.stdin.take());
    stays.wait().unwrap();
    ears.until("its exit", |ears| !ears.exits(stays.id()).is_empty());
    assert!(
        matches!(ears.exits(stays.id())[..], [status] if status.is_none() || status == code(8))
    );
    // It hears everything again when it is quiet.
    ears.until("recovery", |ears| {
        matches!(ears.hearings.last(), Some((Hearing::Complete, _)))
    });
}

#[test]
fn every_life_of_a_reused_pid_is_heard_with_its_own_values() {
    const WANTED: u32 = 100;
    if !is_root() {
        eprintln!("SKIPPED: choosing a pid needs root");
        return;
    }
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    // The exit codes of the lives that this test gave each pid.
    let mut lives: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    let mut chosen = sh("exit 0", "first");
    let mut pid = chosen.id();
    chosen.wait().unwrap();
    let mut until = Instant::now() + PATIENCE;
    let (mut turn, mut reused) = (0_u32, 0);
    while reused < WANTED {
        assert!(Instant::now() < until, "only {reused} pids were used again");
        let number = (turn % 250) as u8;
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let mut child = sh(&format!("exit {number}"), &format!("life{number}"));
        lives.entry(child.id()).or_default().push(number);
        if child.id() == pid {
            reused += 1;
            until = Instant::now() + PATIENCE;
        }
        // If another process has the pid, it may keep it: go on with the one of this child.
        pid = child.id();
        if turn % 7 == 0 {
            ears.scan();
        }
        child.wait().unwrap();
        if turn % 5 == 0 {
            ears.drain();
        }
        turn += 1;
    }
    for _ in 0..3 {
        ears.scan();
    }
    ears.until("the last exit", |ears| {
        lives
            .iter()
            .all(|(pid, numbers)| exits_in(ears.about_all(*pid)).len() >= numbers.len())
    });
    assert!(ears.is_complete(), "{:?}", ears.hearings);
    for (pid, numbers) in &lives {
        assert_own_values(ears.about_all(*pid), numbers);
    }
}

/// Checks that these lives were told in their order, each with its own status and start.
fn assert_own_values(about: &[Told], numbers: &[u8]) {
    // The first life may have been heard too, and lives of other tests.
    let mut codes = about.iter().filter_map(|told| match told {
        Told::Exited { status, .. } => status.and_then(|status| status.code),
        _ => None,
    });
    for number in numbers {
        assert!(
            codes.any(|code| code == *number),
            "{number} of {numbers:?} in {about:?}"
        );
    }
    let (mut number, mut starts) = (None, Vec::new());
    for told in about {
        match told {
            Told::Born(read) | Told::Changed(read) => {
                if matches!(told, Told::Born(_)) {
                    starts.push(read.start_time_ms.unwrap());
                    number = None;
                }
                let life = read.command.as_deref().and_then(|command| {
                    command.split('\0').find_map(|arg| arg.strip_prefix("life"))
                });
                number = life.map(|life| life.parse::<u8>().unwrap()).or(number);
            }
            Told::Exited { status, .. } => {
                if let (Some(number), Some(status)) = (number, status) {
                    assert_eq!(status.code, Some(number), "{about:?}");
                }
            }
        }
    }
    // The first ten lives of a tick have keys of their own.
    let mut lives_by_tick: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for start_ms in starts {
        lives_by_tick
            .entry(start_ms / 10)
            .or_default()
            .push(start_ms);
    }
    for mut lives in lives_by_tick.into_values() {
        let count = lives.len();
        lives.dedup();
        assert_eq!(lives.len(), count.min(10), "two lives had one key");
    }
}

/// Another program asks the kernel to report (1) or to stop that (2), on a socket of its own.
fn ask_as_another(requests: &[u32]) {
    let other = socket(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        Some(netlink::CONNECTOR),
    );
    let other = other.unwrap();
    bind(&other, &SocketAddrNetlink::new(0, 1)).unwrap();
    for request in requests {
        // struct nlmsghdr, struct cn_msg, and the request.
        let mut message = Vec::new();
        message.extend(40_u32.to_ne_bytes());
        message.extend(3_u16.to_ne_bytes());
        message.extend([0; 10]);
        for number in [1_u32, 1, 0, 0] {
            message.extend(number.to_ne_bytes());
        }
        message.extend(4_u16.to_ne_bytes());
        message.extend([0; 2]);
        message.extend(request.to_ne_bytes());
        send(&other, &message, SendFlags::empty()).unwrap();
    }
}

#[test]
fn another_program_that_stops_listening_leads_at_most_to_a_declared_loss() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    // Before Linux 6.6 the kernel then stops for all.
    ask_as_another(&[1, 2, 2, 2]);
    ask_as_another(&[2, 2]);
    let mut started = Vec::new();
    let until = Instant::now() + PATIENCE;
    while started.last().is_none_or(|&pid| ears.exits(pid).is_empty()) {
        assert!(Instant::now() < until, "{:?}", ears.hearings.last());
        let mut child = sh("exit 0", "after");
        child.wait().unwrap();
        started.push(child.id());
        ears.scan();
    }
    ears.scan();
    ears.scan();
    let is_unheard = |pid: &&u32| ears.exits(**pid).is_empty();
    let unheard = started.iter().filter(is_unheard).count() as u64;
    assert!(ears.missed.is_some_and(|missed| missed >= unheard));
    ears.until("recovery", |ears| {
        matches!(ears.hearings.last(), Some((Hearing::Complete, _)))
    });
}

/// Set for a child that listens, and is stopped: the file that ends it, and a pid that stays.
const STOPPED: &str = "PSCAN_TEST_STOPPED";

const STOPPED_NAME: &str =
    "linux::lives::loss::a_listener_that_was_stopped_declares_what_it_missed_and_recovers";

#[test]
fn a_listener_that_was_stopped_declares_what_it_missed_and_recovers() {
    const LIVES: u64 = 400;
    if let Ok(role) = std::env::var(STOPPED) {
        let (file, stays) = role.split_once(',').unwrap();
        return listen_and_report(Path::new(file), stays.parse().unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let end = folder.path().join("end");
    let mut stays = sh("read x", "stays");
    let mut listener = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", STOPPED_NAME, "--nocapture", "--test-threads=1"])
        .env(STOPPED, format!("{},{}", end.display(), stays.id()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(listener.stdout.take().unwrap()).lines();
    let mut report = move || {
        let line = lines.find_map(|line| Some(line.unwrap().split_once("REPORT ")?.1.to_owned()));
        let numbers = line?
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect();
        Some::<Vec<u64>>(numbers)
    };
    if report().is_some() {
        let pid = Pid::from_raw(listener.id().cast_signed()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        for _ in 0..LIVES {
            sh("exit 0", "unheard").wait().unwrap();
        }
        kill_process(pid, Signal::CONT).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let report = report().unwrap();
            let [births, missed, has_loss, is_complete, has_false_exit] = report[..] else {
                panic!("{report:?}");
            };
            assert_eq!(has_false_exit, 0);
            if has_loss == 1 && is_complete == 1 && births + missed >= LIVES {
                break;
            }
            assert!(Instant::now() < until, "{report:?}");
        }
        fs::write(&end, "").unwrap();
    }
    while report().is_some() {}
    assert!(listener.wait().unwrap().success());
    drop(stays.stdin.take());
    stays.wait().unwrap();
}

/// Listens with a small buffer, and prints what it has heard of its parent's children.
fn listen_and_report(end: &Path, stays: u32) {
    let mut options = ListenOptions::default();
    options.buffer_bytes = 64 << 10;
    let Some(mut ears) = Ears::open(options) else {
        return;
    };
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
    let until = Instant::now() + PATIENCE * 2;
    while !end.exists() && Instant::now() < until {
        ears.scan();
        let is_birth = |told: &&Told| matches!(told, Told::Born(read) if read.parent == parent);
        let births = ears.told.values().flatten().filter(is_birth).count();
        let has_loss = !ears.is_complete();
        let is_complete = matches!(ears.hearings.last(), Some((Hearing::Complete, _)));
        let has_false_exit = !ears.exits(stays).is_empty();
        println!(
            "REPORT {births} {} {} {} {}",
            ears.missed.unwrap_or(0),
            u8::from(has_loss),
            u8::from(is_complete),
            u8::from(has_false_exit)
        );
        thread::park_timeout(Duration::from_millis(20));
    }
}

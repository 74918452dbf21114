//! Lost events are declared, and no exit is reported that did not happen.

use std::collections::BTreeMap;
use std::fs;

use process_scanner::{Hearing, ListenOptions};

use super::{Ears, Told, code, sh};
use crate::linux::is_root;

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
    let mut started = 0;
    while !is_lossy(&ears) {
        for _ in 0..50 {
            sh("exit 0", "storm").wait().unwrap();
            started += 1;
        }
        ears.drain();
        assert!(started < 20_000, "no event was lost");
    }
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
    const WANTED: u8 = 100;
    if !is_root() {
        eprintln!("SKIPPED: choosing a pid needs root");
        return;
    }
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut expected: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    let mut last = sh("exit 0", "first");
    let pid = last.id();
    last.wait().unwrap();
    let mut reused = 0;
    for turn in 0..2000_u32 {
        let number = (turn % 250) as u8;
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let mut child = sh(&format!("exit {number}"), &format!("life{number}"));
        expected.entry(child.id()).or_default().push(number);
        reused += u8::from(child.id() == pid);
        if turn % 7 == 0 {
            ears.scan();
        }
        child.wait().unwrap();
        if turn % 5 == 0 {
            ears.drain();
        }
        if reused == WANTED {
            break;
        }
    }
    assert_eq!(reused, WANTED, "other processes got the pid too often");
    for _ in 0..3 {
        ears.scan();
    }
    ears.until("the last exit", |ears| {
        ears.exits(pid).len() >= expected[&pid].len()
    });
    assert!(ears.is_complete(), "{:?}", ears.hearings);
    let about = ears.about(pid);
    // The first life may have been heard too, and lives of other tests.
    let ours: Vec<u8> = about
        .iter()
        .filter_map(|told| match told {
            Told::Exited { status, .. } => status.and_then(|status| status.code),
            _ => None,
        })
        .collect();
    let mut rest = ours.iter();
    for number in &expected[&pid] {
        assert!(rest.any(|ours| ours == number), "{number} in {ours:?}");
    }
    let (mut number, mut starts) = (None, Vec::new());
    for told in about {
        match told {
            Told::Born(read) | Told::Changed(read) => {
                if matches!(told, Told::Born(_)) {
                    starts.push(read.start_time_ms);
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
    let count = starts.len();
    starts.sort_unstable();
    starts.dedup();
    assert_eq!(starts.len(), count, "two lives had one key");
}

//! No or too few free file descriptors.

use std::fs::File;
use std::process::Command;

use process_scanner::{ErrorClass, Event};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Cat, ROLE, Watched, assert_passed, exits, own_next_pid, start_ticks};
use crate::support::{Live, ONLY_LIVE, live_sources};

#[test]
fn descriptors_run_out() {
    live_sources().for_each(descriptors_run_out_with);
}

fn descriptors_run_out_with(live: Live) {
    if std::env::var_os(ROLE).is_some() {
        return run_out_of_descriptors(live);
    }
    let _pids = own_next_pid();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "faults::descriptors::descriptors_run_out",
            "--nocapture",
        ])
        .env(ROLE, "1")
        .env(ONLY_LIVE, live.name)
        .output()
        .unwrap();
    assert_passed(&output);
}

fn run_out_of_descriptors(live: Live) {
    let mut stays = Cat::start();
    let mut watched = Watched::new(live);
    let start_time_ms = watched.snapshot.by_pid(stays.pid()).unwrap().start_time_ms;
    let boot_ms = start_time_ms.unwrap() - start_ticks(stays.pid()).unwrap() * 10;
    let limit = getrlimit(Resource::Nofile);
    let low = Rlimit {
        current: Some(64),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, low).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    // Without descriptors no scanner can be built.
    let refused = live.build().err().unwrap();
    assert_eq!(
        refused.class(),
        ErrorClass::ResourcesExhausted,
        "{refused:?}"
    );
    // The test needs one descriptor to read /proc.
    let mut spare = taken.pop();
    // Each scan has one more free descriptor, and fails at another place.
    let mut failures = 0;
    for _ in 0..8 {
        let batch = watched.scan();
        if let Some(failure) = &batch.failure {
            assert_eq!(
                failure.class(),
                ErrorClass::ResourcesExhausted,
                "{failure:?}"
            );
            failures += 1;
        }
        drop(spare.take());
        for event in &batch.events {
            if let Event::Exited { process, .. } = event {
                // The process of another test may have the pid by now.
                let lives = start_ticks(process.pid)
                    .is_some_and(|ticks| process.start_time_ms == Some(boot_ms + ticks * 10));
                assert!(!lives, "{process:?} lives");
            }
        }
        assert!(watched.knows(stays.pid()));
        spare = Some(File::open("/dev/null").unwrap());
        taken.pop();
    }
    // One that hears all births and exits may have nothing to open.
    assert!(
        failures > 0 || live.listens(),
        "with no descriptor left a scan fails"
    );
    drop(taken);
    setrlimit(Resource::Nofile, limit).unwrap();
    let pid = stays.pid();
    let batch = watched.scan();
    assert!(
        batch.failure.is_none() && batch.unconfirmed.is_empty(),
        "{batch:?}"
    );
    assert!(stays.0.try_wait().unwrap().is_none());
    drop(stays);
    assert!(exits(&watched.scan()).contains(&pid));
}

//! No or too few free file descriptors.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use process_scanner::{ErrorClass, Event};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Cat, ROLE, Watched, assert_passed, cpu_ticks, exits, own_next_pid, start_ticks};
use crate::support::{Live, ONLY_LIVE, await_some, live_sources};

#[test]
fn descriptors_run_out() {
    live_sources().for_each(descriptors_run_out_with);
}

fn descriptors_run_out_with(live: Live) {
    if std::env::var_os(ROLE).is_some() {
        return run_out_of_descriptors(live);
    }
    run_again("faults::descriptors::descriptors_run_out", live);
}

/// Runs a test in a program of its own, with one live source.
fn run_again(test: &str, live: Live) {
    let _pids = own_next_pid();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, "1")
        .env(ONLY_LIVE, live.name)
        .output()
        .unwrap();
    assert_passed(&output);
}

/// Takes all descriptors below the limit.
fn take_all_descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

fn run_out_of_descriptors(live: Live) {
    let mut stays = Cat::start();
    let mut watched = Watched::new(live);
    let start_time_ms = watched.snapshot.by_pid(stays.pid()).unwrap().start_time_ms;
    let boot_ms = start_time_ms.unwrap() - start_ticks(stays.pid()).unwrap() * 10;
    let limit = limit_descriptors(64);
    let mut taken = take_all_descriptors();
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

#[test]
fn files_that_a_scanner_keeps_open_are_closed_if_the_program_lacks_descriptors() {
    let live = live_sources().find(|live| live.name == "linux");
    let live = live.expect("it is tested alone only by its own program");
    if std::env::var_os(ROLE).is_some() {
        return lack_kept_descriptors(live);
    }
    let test = "faults::descriptors::files_that_a_scanner_keeps_open_are_closed_if_the_program_lacks_descriptors";
    run_again(test, live);
}

/// Enough to keep the files of all processes of a usual host that run.
const ENOUGH: u64 = 4096;

/// Sets the soft limit of descriptors, as far as the hard limit allows. Returns the limit before.
fn limit_descriptors(most: u64) -> Rlimit {
    let limit = getrlimit(Resource::Nofile);
    let low = Rlimit {
        current: Some(limit.maximum.map_or(most, |maximum| most.min(maximum))),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, low).unwrap();
    limit
}

/// Returns the files that are open here of those that are read of each process that runs.
fn kept_files() -> Vec<PathBuf> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    let is_kept = |link: &PathBuf| link.ends_with("stat") || link.ends_with("statm");
    links.filter(is_kept).collect()
}

fn kept_files_of(pid: u32) -> usize {
    let folder = format!("/proc/{pid}");
    let files = kept_files().into_iter();
    files.filter(|file| file.starts_with(&folder)).count()
}

#[test]
fn files_that_a_scanner_keeps_open_are_closed_if_fewer_are_allowed() {
    let live = live_sources().find(|live| live.name == "linux");
    let live = live.expect("it is tested alone only by its own program");
    if std::env::var_os(ROLE).is_none() {
        let test =
            "faults::descriptors::files_that_a_scanner_keeps_open_are_closed_if_fewer_are_allowed";
        return run_again(test, live);
    }
    let limit = limit_descriptors(ENOUGH);
    let mut work = [(); 6].map(|()| Cat::start());
    let mut watched = Watched::new(live);
    let mut scan = || {
        for works in &mut work {
            works.work_beyond(cpu_ticks(works.pid()));
        }
        assert!(watched.scan().failure.is_none());
        kept_files().len()
    };
    assert!(scan() >= 12);
    limit_descriptors(80);
    for _ in 0..3 {
        assert!(scan() <= 10);
    }
    setrlimit(Resource::Nofile, limit).unwrap();
}

fn lack_kept_descriptors(live: Live) {
    let limit = limit_descriptors(ENOUGH);
    // With one, `/proc` can be opened, but no file in it.
    for free in [0, 1] {
        let mut work = [(); 6].map(|()| Cat::start());
        let pid = work[0].pid();
        let mut watched = Watched::new(live);
        let mut scan = |has_few: bool| {
            for works in &mut work {
                works.work_beyond(cpu_ticks(works.pid()));
            }
            let mut taken = Vec::new();
            if has_few {
                taken = take_all_descriptors();
                taken.truncate(taken.len() - free);
            }
            // It is repeated with the descriptors of the files.
            assert!(watched.scan().failure.is_none());
            drop(taken);
            kept_files_of(pid)
        };
        assert_eq!(scan(false), 2);
        assert_eq!(scan(false), 2);
        // The thread that reads command lines may have had some that are free again.
        await_some("closed files", || (scan(true) == 0).then_some(()));
        assert_eq!(scan(false), 0);
    }
    setrlimit(Resource::Nofile, limit).unwrap();
}

//! Tests of a profile with made batches.

use process_scanner::{
    Batch, Changes, Event, Exit, ExitStatus, ExitUsage, ProcessInfo, ProcessKey,
};

use super::*;

const OWN: u32 = 10;

fn process(pid: u32, parent_pid: u32, name: &str) -> ProcessInfo {
    let start_time_ms = Some(1000 + u64::from(pid));
    let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
    process.parent_pid = Some(parent_pid);
    process.name = (!name.is_empty()).then(|| name.into());
    process
}

fn with_rss(mut process: ProcessInfo, rss_bytes: u64) -> ProcessInfo {
    process.resources.rss_bytes = Some(rss_bytes);
    process
}

/// An exit that the kernel reported, after so many milliseconds.
fn exited(mut process: ProcessInfo, lived_ms: u64, status: u32, cpu_ms: f64) -> Event {
    process.cpu_time_ms = Some(cpu_ms);
    let mut exit = Exit::default();
    exit.status = Some(ExitStatus::from_wait_status(status));
    exit.lived_ns = Some(lived_ms * 1_000_000);
    exit.ended_at_ms = process.start_time_ms.map(|start| start + lived_ms);
    let mut usage = ExitUsage::default();
    usage.peak_rss_bytes = Some(7000);
    exit.usage = Some(usage);
    Event::exited(process, Some(lived_ms)).with_exit(exit)
}

/// Returns the profile of a command with pid 20, after these batches.
fn profile_of(batches: &[&[Event]]) -> Profile {
    let there = [
        process(1, 0, "init"),
        process(OWN, 1, "pscan"),
        process(11, OWN, "job"),
    ];
    let mut profile = Profile::new(OWN);
    let there = there.into_iter().map(Event::Existing).collect();
    profile.take(&Batch::new(1, 1000, there));
    profile.begin(Some(20));
    for (seq, events) in (2..).zip(batches) {
        let mut batch = Batch::new(seq, seq * 1000, events.to_vec());
        batch.counts.unseen_at_most = Some(0);
        profile.take(&batch);
    }
    profile
}

fn report_of(batches: &[&[Event]]) -> Report {
    report(profile_of(batches))
}

fn report(profile: Profile) -> Report {
    let ending = Ending {
        exit: Some(ExitStatus::from_wait_status(0)),
        wall_ms: 500.0,
        waited_cpu_ms: Some(100.0),
        own_cpu_ms: None,
    };
    let listening = Listening {
        sampled_every_ms: None,
        not_listening: None,
    };
    profile.report(&ending, listening)
}

fn born(pid: u32, parent_pid: u32, name: &str) -> Event {
    Event::Created(process(pid, parent_pid, name))
}

#[test]
fn lives_are_summed_by_the_program_that_they_ran_last() {
    let report = report_of(&[
        &[born(20, OWN, "make"), born(21, 20, "make")],
        &[Event::updated(process(21, 20, "cc"), Changes::NAME)],
        &[exited(process(21, 20, "cc"), 30, 0x100, 20.0)],
        // Its whole life.
        &[
            born(22, 20, "cc"),
            exited(process(22, 20, "cc"), 10, 0, 5.0),
        ],
        &[exited(process(20, OWN, "make"), 400, 0, 10.0)],
    ]);
    let sums: Vec<_> = report
        .programs
        .iter()
        .map(|sum| {
            let name = sum.name.as_deref().unwrap_or_default();
            (name, sum.started, sum.failed, sum.cpu_ms, sum.mean_life_ms)
        })
        .collect();
    assert_eq!(
        sums,
        [
            ("cc", 2, Some(1), Some(25.0), Some(20.0)),
            ("make", 1, Some(0), Some(10.0), Some(400.0)),
        ]
    );
    assert_eq!(
        (report.started, report.most_at_a_time, report.failed),
        (3, 3, Some(1))
    );
    assert_eq!(report.cpu_ms, Some(100.0));
    assert_eq!(report.not_attributed_cpu_ms, Some(65.0));
    assert_eq!(report.unseen_at_most, Some(0));
    let pids = |lives: &[OneLife]| lives.iter().map(|life| life.pid).collect::<Vec<_>>();
    assert_eq!(
        (pids(&report.slowest), pids(&report.failures)),
        (vec![21, 22], vec![21])
    );
    assert_eq!(report.remaining, []);
}

#[test]
fn only_descendants_of_the_command_count() {
    let report = report_of(&[
        &[
            born(20, OWN, "sh"),
            born(30, 1, "other"),
            born(31, 11, "of the job"),
        ],
        &[born(32, 31, "of the job"), born(21, 20, "daemon")],
        // The parent ends, and pscan adopts the child.
        &[
            exited(process(20, OWN, "sh"), 50, 0, 1.0),
            Event::updated(process(21, OWN, "daemon"), Changes::PARENT),
        ],
        &[born(22, 21, "")],
    ]);
    let names: Vec<_> = report
        .programs
        .iter()
        .map(|sum| (sum.name.as_deref(), sum.kind))
        .collect();
    let (named, unknown) = (Kind::Named, Kind::Unknown);
    assert_eq!(
        names,
        [
            (Some("sh"), named),
            (Some("daemon"), named),
            (None, unknown)
        ]
    );
    let remaining: Vec<_> = report.remaining.iter().map(|life| life.pid).collect();
    assert_eq!(remaining, [21, 22]);
}

#[test]
fn the_next_process_with_the_pid_of_a_parent_leaves_older_children_to_the_command() {
    let started = |pid, parent_pid, start_ms| {
        let mut process = process(pid, parent_pid, "sh");
        process.start_time_ms = Some(start_ms);
        process
    };
    let child = started(22, 21, 1300);
    let born = [started(20, OWN, 1100), started(21, 20, 1200), child.clone()];
    let mut profile = profile_of(&[&born.map(Event::Created)]);
    // The exit of the parent is lost, and a child of the job has its pid.
    let job = process(11, OWN, "job");
    let now = [
        process(OWN, 1, "pscan"),
        job,
        started(21, 11, 1500),
        child.clone(),
    ];
    let mut full = Batch::new(3, 3000, now.map(Event::Existing).into());
    full.full = true;
    profile.take(&full);
    profile.take(&Batch::new(4, 4000, vec![exited(child, 30, 0x100, 5.0)]));
    let failures: Vec<_> = report(profile)
        .failures
        .iter()
        .map(|life| life.pid)
        .collect();
    assert_eq!(failures, [22]);
}

#[test]
fn memory_is_the_most_of_all_together() {
    let rss = |pid, rss| Event::updated(with_rss(process(pid, OWN, "a"), rss), Changes::RSS);
    let report = report_of(&[
        &[
            Event::Created(with_rss(process(20, OWN, "a"), 3000)),
            born(21, 20, "a"),
        ],
        &[rss(21, 5000)],
        &[rss(20, 1000), rss(21, 6000)],
        &[exited(process(21, 20, "a"), 10, 0, 1.0)],
    ]);
    assert_eq!(report.peak_rss_bytes, Some(8000));
    assert_eq!(report.programs[0].peak_rss_bytes, Some(7000));
}

#[test]
fn unknown_values_stay_unknown() {
    let mut profile = profile_of(&[
        &[born(20, OWN, "a"), born(21, 20, "b")],
        &[
            Event::exited(process(21, 20, "b"), Some(80)),
            Event::exited(process(20, OWN, "a"), Some(90)),
        ],
    ]);
    profile.miss();
    let ending = Ending {
        exit: Some(ExitStatus::from_wait_status(0x200)),
        wall_ms: 70.0,
        waited_cpu_ms: None,
        own_cpu_ms: None,
    };
    let listening = Listening {
        sampled_every_ms: Some(50),
        not_listening: Some("a reason".into()),
    };
    let report = profile.report(&ending, listening);
    assert_eq!((report.cpu_ms, report.not_attributed_cpu_ms), (None, None));
    assert_eq!((report.unseen_at_most, report.peak_rss_bytes), (None, None));
    // That of the command is known in any case.
    assert_eq!((report.failed, report.exits_unknown), (Some(1), 1));
    let of = |name: &str| {
        report
            .programs
            .iter()
            .find(|sum| sum.name.as_deref() == Some(name))
    };
    assert_eq!(
        of("b").map(|sum| (sum.failed, sum.longest_life_ms)),
        Some((None, Some(80.0)))
    );
    assert_eq!(
        of("a").map(|sum| (sum.failed, sum.longest_life_ms)),
        Some((Some(1), Some(70.0)))
    );
    assert!(report.slowest[0].life_is_at_most);
}

//! Groups of processes: what counts for which group.

mod children;
mod firsts;
mod host;
mod rules;
mod worlds;

use std::sync::Arc;
use std::time::Duration;

use process_scanner::{
    Batch, Changes, Config, Consumer, ConsumerOptions, Detail, Event, Exit, ExitStatus, ExitUsage,
    Group, GroupBy, GroupCounters, GroupId, Groups, ProcessInfo, ProcessKey, Scanner,
};

use crate::support::{Made, World};

/// When the first batch is taken.
pub const BEGAN_MS: u64 = 1_700_000_000_000;

/// Returns a process that was there long before.
pub fn old(pid: u32, name: &str, cpu_ms: Option<f64>) -> ProcessInfo {
    process(pid, name, BEGAN_MS - 1_000_000, cpu_ms)
}

/// Returns a process that was born with the first batch.
pub fn young(pid: u32, name: &str, cpu_ms: Option<f64>) -> ProcessInfo {
    process(pid, name, BEGAN_MS, cpu_ms)
}

pub fn process(pid: u32, name: &str, start_time_ms: u64, cpu_ms: Option<f64>) -> ProcessInfo {
    let start_time_ms = Some(start_time_ms);
    let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
    process.name = Some(name.into());
    process.cpu_time_ms = cpu_ms;
    process
}

/// Feeds batches, one a second.
pub struct Feed {
    pub groups: Groups,
    seq: u64,
}

impl Feed {
    pub fn new(groups: Groups) -> Self {
        Self { groups, seq: 0 }
    }

    pub fn by_name() -> Self {
        Self::new(Groups::by(GroupBy::Name))
    }

    pub fn send(&mut self, events: Vec<Event>) {
        self.send_with(events, |_| ());
    }

    /// Sends a batch after lost ones.
    pub fn send_full(&mut self, processes: &[ProcessInfo]) {
        self.seq += 3;
        let events = processes.iter().cloned().map(Event::Existing).collect();
        self.send_with(events, |batch| batch.full = true);
    }

    pub fn send_with(&mut self, events: Vec<Event>, edit: impl FnOnce(&mut Batch)) {
        self.seq += 1;
        let mut batch = Batch::new(self.seq, BEGAN_MS + (self.seq - 1) * 1000, events);
        edit(&mut batch);
        self.groups.on_batch(&Arc::new(batch));
    }

    pub fn group(&self, name: &str) -> Group {
        let groups = self.groups.report().groups;
        let found = groups.iter().find(|group| group.id.name() == name);
        let found = found.unwrap_or_else(|| panic!("no group {name}: {groups:?}"));
        found.clone()
    }

    pub fn counters(&self, name: &str) -> GroupCounters {
        self.group(name).counters
    }

    pub fn cpu_ms(&self, name: &str) -> Option<f64> {
        let seconds = self.counters(name).cpu_seconds;
        seconds.map(|seconds| (seconds * 1e6).round() / 1e3)
    }

    /// Returns the names of all groups, in order, with their numbers of processes.
    pub fn sizes(&self) -> Vec<(String, u64)> {
        let groups = self.groups.report().groups.into_iter();
        groups
            .map(|group| (group.id.to_string(), group.processes))
            .collect()
    }
}

pub fn sized(sizes: &[(&str, u64)]) -> Vec<(String, u64)> {
    let sizes = sizes.iter();
    sizes.map(|(name, size)| ((*name).into(), *size)).collect()
}

fn exited(process: ProcessInfo, wait_status: Option<u32>) -> Event {
    let mut exit = Exit::default();
    exit.status = wait_status.map(ExitStatus::from_wait_status);
    Event::exited(process, None).with_exit(exit)
}

#[test]
fn a_group_adds_up_its_processes_and_says_what_is_unknown() {
    let mut feed = Feed::by_name();
    let mut first = old(1, "web", Some(500.0));
    first.resources.rss_bytes = Some(4096);
    first.details.set(Detail::Threads, 3_u64.into());
    let mut second = old(2, "web", None);
    second.start_time_ms = Some(BEGAN_MS - 2_000_000);
    let third = old(3, "db", None);
    feed.send([first, second, third].map(Event::Existing).into());
    let web = feed.group("web");
    assert_eq!((web.processes, web.cpu_unknown), (2, 1));
    assert_eq!(web.counters.cpu_seconds, Some(0.0));
    assert_eq!(
        (web.rss_bytes.known, web.rss_bytes.unknown),
        (Some(4096), 1)
    );
    assert_eq!((web.threads.known, web.threads.unknown), (Some(3), 1));
    assert_eq!(web.oldest_start_ms, Some(BEGAN_MS - 2_000_000));
    let db = feed.group("db");
    assert_eq!((db.counters.cpu_seconds, db.rss_bytes.known), (None, None));
    let json = serde_json::to_value(feed.groups.report()).unwrap();
    assert_eq!(json["as_of"]["seq"], 1);
    assert_eq!(json["groups"][0]["group"], "db");
    assert_eq!(json["groups"][0]["cpu_seconds"], serde_json::Value::Null);
    assert_eq!(json["groups"][1]["exits"]["failed"], 0);
}

#[test]
fn exits_count_by_outcome_and_their_last_use_counts_too() {
    let mut feed = Feed::by_name();
    feed.send(vec![Event::Existing(old(1, "job", Some(1000.0)))]);
    feed.send(vec![
        exited(old(1, "job", Some(1030.0)), Some(0)),
        Event::Created(young(2, "job", Some(5.0))),
        exited(young(2, "job", Some(6.0)), Some(0x100)),
        Event::Created(young(3, "job", None)),
        exited(young(3, "job", None), Some(9)),
        Event::Created(young(4, "job", Some(1.0))),
    ]);
    let mut usage = ExitUsage::default();
    usage.cpu_time_ns = Some(12_500_000);
    let mut exit = Exit::default();
    exit.usage = Some(usage);
    let last = Event::exited(young(4, "job", Some(1.0)), None).with_exit(exit);
    feed.send(vec![last]);
    let job = feed.group("job");
    assert_eq!(job.counters.births, 3);
    let exits = job.counters.exits.by_outcome().map(|(_, count)| count);
    assert_eq!((job.processes, exits), (0, [1, 1, 1, 1]));
    assert_eq!(job.counters.exits_unmeasured, 1);
    assert_eq!(feed.cpu_ms("job"), Some(30.0 + 6.0 + 12.5));
}

#[test]
fn a_process_that_moves_leaves_its_use_behind() {
    let mut feed = Feed::by_name();
    feed.send(vec![Event::Existing(old(1, "sh", Some(700.0)))]);
    feed.send(vec![Event::updated(
        old(1, "sh", Some(710.0)),
        Changes::CPU,
    )]);
    feed.send(vec![Event::updated(
        old(1, "make", Some(712.0)),
        Changes::NAME | Changes::CPU,
    )]);
    feed.send(vec![exited(old(1, "make", Some(713.0)), Some(0))]);
    assert_eq!(feed.cpu_ms("sh"), Some(10.0));
    assert_eq!(feed.cpu_ms("make"), Some(3.0));
    assert_eq!(feed.sizes(), sized(&[("make", 0), ("sh", 0)]));
    assert_eq!(feed.counters("sh").exits.total(), 0);
    assert_eq!(feed.counters("make").exits.ok, 1);
    assert_eq!(feed.counters("make").births, 0);
}

#[test]
fn a_limit_makes_other_of_the_rest_and_moves_no_group() {
    let mut feed = Feed::new(Groups::by(GroupBy::Name).with_limit(2));
    feed.send(vec![
        Event::Existing(old(1, "a", Some(100.0))),
        // Not the group of the rest.
        Event::Existing(old(2, "other", Some(100.0))),
        Event::Existing(old(3, "c", Some(100.0))),
    ]);
    feed.send(vec![
        exited(old(1, "a", Some(101.0)), None),
        Event::updated(old(3, "c", Some(105.0)), Changes::CPU),
        Event::Created(young(4, "d", Some(7.0))),
    ]);
    // An empty group keeps its place until it leaves.
    feed.send(vec![Event::Created(young(5, "a", Some(1.0)))]);
    let ids: Vec<GroupId> = feed
        .groups
        .report()
        .groups
        .into_iter()
        .map(|g| g.id)
        .collect();
    let named = |name: &str| GroupId::Named(name.into());
    assert_eq!(ids, [named("a"), named("other"), GroupId::Other]);
    let rest = &feed.groups.report().groups[2];
    assert_eq!((rest.processes, rest.counters.births), (2, 1));
    assert_eq!(rest.counters.cpu_seconds, Some(0.012));
}

#[test]
fn an_empty_group_leaves_and_the_sum_stays() {
    let groups = Groups::by(GroupBy::Name).with_empty_for(Duration::from_secs(2));
    let mut feed = Feed::new(groups);
    feed.send(vec![Event::Existing(old(1, "a", Some(100.0)))]);
    feed.send(vec![exited(old(1, "a", Some(140.0)), None)]);
    feed.send(Vec::new());
    assert_eq!(feed.sizes(), sized(&[("a", 0)]));
    feed.send(Vec::new());
    let report = feed.groups.report();
    assert_eq!(report.groups, []);
    assert_eq!(report.left.cpu_seconds, Some(0.04));
    assert_eq!(report.left.exits.unknown, 1);
    feed.send(vec![Event::Created(young(2, "a", Some(2.0)))]);
    assert_eq!(feed.cpu_ms("a"), Some(2.0));
}

#[test]
fn a_registered_clone_receives_what_the_other_reports() {
    let world = World::new();
    world.add(1, Made::new("p", 1_600_000_000_000));
    let mut scanner = Scanner::builder()
        .config(Config::default())
        .source(world.clone())
        .build()
        .unwrap();
    let groups = Groups::by(GroupBy::Name);
    let consumers = scanner.consumers();
    consumers
        .register(ConsumerOptions::default(), groups.clone())
        .unwrap();
    for _ in 0..3 {
        scanner.scan_once().unwrap();
        world.edit(|state| {
            let made = state.processes.get_mut(&1).unwrap();
            made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + 250_000_000);
        });
    }
    scanner.finish();
    let report = groups.report();
    assert_eq!(report.groups[0].counters.cpu_seconds, Some(0.5));
    assert_eq!(report.as_of.unwrap().seq, 3);
    let printed = format!("{groups:?}");
    assert!(
        printed.starts_with("Groups {") && !printed.contains("Named"),
        "{printed}"
    );
}

//! Groups of random worlds: no counter falls, and their sum is that of the host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use process_scanner::{
    Batch, Config, Consumer, Event, Exit, ExitStatus, ExitUsage, Filter, Group, GroupBy,
    GroupCounters, GroupId, Groups, GroupsReport, Hearing, ProcessInfo, Rule, Scanner, Snapshot,
};
use proptest::prelude::*;

use super::host::Host;
use crate::fold::{Change, change};
use crate::support::{Happened, Made, World};

/// What a process has used before the first scan.
const HOURS_NS: u64 = 3_600_000_000_000_000;

/// What happens in the world and on the way to the consumer.
#[derive(Debug, Clone)]
enum Step {
    Change(Change),
    /// A birth that the source hears, with the name of this number.
    HearBirth(u32, u8),
    /// An exit that the source hears, after this use and with this status.
    HearExit(u32, u64, u32),
    /// Batches are lost from now on, or no longer.
    Lose(bool),
    /// With the next batch processes are grouped by rules, or by name.
    Regroup(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let pid = 1_u32..30;
    let status = prop_oneof![Just(0), Just(0x100), Just(9)];
    prop_oneof![
        20 => change().prop_map(Step::Change),
        // A process that scans miss for a while.
        2 => pid.clone().prop_map(|pid| Step::Change(Change::Hide(pid))),
        2 => Just(Step::Change(Change::Show)),
        2 => (pid.clone(), 0_u64..2_000_000_000)
            .prop_map(|(pid, ns)| Step::Change(Change::Run(pid, ns))),
        2 => (pid.clone(), 0_u8..6).prop_map(|(pid, name)| Step::HearBirth(pid, name)),
        2 => (pid, 0_u64..1_000_000_000, status)
            .prop_map(|(pid, ns, status)| Step::HearExit(pid, ns, status)),
        1 => any::<bool>().prop_map(Step::Lose),
        1 => any::<bool>().prop_map(Step::Regroup),
    ]
}

/// The world, and the CPU time that its processes have used.
struct Truth {
    world: World,
    used_ns: u64,
}

impl Truth {
    fn happen(&mut self, step: Step) {
        match step {
            Step::Change(change) => {
                if let Change::Run(pid, ns) = change {
                    let lives = self.world.edit(|state| state.processes.contains_key(&pid));
                    self.used_ns += if lives { ns } else { 0 };
                }
                self.world.happen(change);
            }
            Step::HearBirth(pid, name) => self.world.edit(|state| {
                if !state.processes.contains_key(&pid) {
                    let made = Made::new(&format!("heard-{name}"), state.wall_ms);
                    state.processes.insert(pid, made.clone());
                    let happened = Happened::Born(pid, made);
                    state.happened.extend(std::iter::once(vec![happened]));
                }
            }),
            Step::HearExit(pid, ns, status) => {
                let used_ns = self.world.edit(|state| {
                    let made = state.processes.remove(&pid)?;
                    let mut usage = ExitUsage::default();
                    usage.cpu_time_ns = made.cpu_time_ns.map(|before_ns| before_ns + ns);
                    let mut exit = Exit::default();
                    exit.status = Some(ExitStatus::from_wait_status(status));
                    exit.usage = Some(usage);
                    let happened = Happened::Exited(pid, made.start_time_ms, exit);
                    state.happened.extend(std::iter::once(vec![happened]));
                    Some(ns)
                });
                self.used_ns += used_ns.unwrap_or(0);
            }
            Step::Lose(_) | Step::Regroup(_) => {}
        }
        // All that happened between two scans is one drain.
        self.world.edit(|state| {
            let all: Vec<Happened> = state.happened.drain(..).flatten().collect();
            state.happened.extend((!all.is_empty()).then_some(all));
        });
    }
}

fn all_counters(report: &GroupsReport) -> impl Iterator<Item = &GroupCounters> {
    let groups = report.groups.iter().map(|group| &group.counters);
    groups.chain([&report.left])
}

fn assert_not_fallen(before: &GroupCounters, after: &GroupCounters) {
    assert!(after.cpu_seconds >= before.cpu_seconds);
    assert!(after.births >= before.births);
    assert!(after.exits_unmeasured >= before.exits_unmeasured);
    for (before, after) in before
        .exits
        .by_outcome()
        .iter()
        .zip(after.exits.by_outcome())
    {
        assert!(after.1 >= before.1, "{before:?} {after:?}");
    }
}

fn assert_no_group_falls(before: &GroupsReport, after: &GroupsReport) {
    let by_id: BTreeMap<&GroupId, &Group> = after
        .groups
        .iter()
        .map(|group| (&group.id, group))
        .collect();
    for group in &before.groups {
        // What one that left had counted is part of the sum.
        if let Some(now) = by_id.get(&group.id) {
            assert_not_fallen(&group.counters, &now.counters);
        }
    }
    assert_not_fallen(&before.left, &after.left);
}

fn assert_is_sum(report: &GroupsReport, host: &Host, snapshot: &Snapshot) {
    let seconds: f64 = all_counters(report).filter_map(|c| c.cpu_seconds).sum();
    assert_eq!((seconds * 1e9).round() as u64, host.used_ns());
    assert_eq!(
        all_counters(report).map(|c| c.births).sum::<u64>(),
        host.births
    );
    assert_eq!(
        all_counters(report).map(|c| c.exits.total()).sum::<u64>(),
        host.exits
    );
    let groups = &report.groups;
    let processes: u64 = groups.iter().map(|group| group.processes).sum();
    assert_eq!(processes, snapshot.len() as u64);
    let rss = |process: &ProcessInfo| process.resources.rss_bytes;
    let known: u64 = groups
        .iter()
        .filter_map(|group| group.rss_bytes.known)
        .sum();
    assert_eq!(known, snapshot.iter().filter_map(rss).sum::<u64>());
    let unknown: u64 = groups.iter().map(|group| group.rss_bytes.unknown).sum();
    let without_rss = snapshot.iter().filter(|process| rss(process).is_none());
    assert_eq!(unknown, without_rss.count() as u64);
}

/// Returns the full batch that a consumer receives after lost ones.
fn full(batch: &Batch, snapshot: &Snapshot) -> Batch {
    let events = snapshot.iter().cloned().map(Event::Existing).collect();
    let mut full = Batch::new(batch.seq, batch.taken_at_ms, events);
    full.full = true;
    full.monotonic_ns = batch.monotonic_ns;
    full
}

fn groups(by_rules: bool) -> Groups {
    if !by_rules {
        return Groups::by(GroupBy::Name);
    }
    let rule = |name: &str, template: &str| {
        Rule::new(Filter::new().with_name(name).unwrap(), template).unwrap()
    };
    Groups::by_rules(vec![
        rule(r"^born\+?$", "born").with_children(),
        rule("^heard-(?<number>[0-3])$", "number {number}").with_children(),
        rule("^reborn", "{name}"),
    ])
}

proptest! {
    #[test]
    fn no_counter_falls_and_the_sum_is_the_hosts(
        steps in proptest::collection::vec(step(), 1..200),
        by_rules: bool,
        limit in 0_usize..8,
        empty_s in prop_oneof![Just(0_u64), 1_u64..5, Just(300)],
        coarse: bool,
        begins_lost: bool,
    ) {
        let world = World::new();
        world.edit(|state| {
            state.resolution_ms = if coarse { 1000 } else { 10 };
            state.hearing = Hearing::Complete;
        });
        for pid in 1..10 {
            let mut old = Made::new("old", 1_600_000_000_000);
            old.cpu_time_ns = Some(HOURS_NS);
            world.add(pid, old);
        }
        let mut config = Config::default();
        config.doubt_min_processes = 3;
        let builder = Scanner::builder().config(config).source(world.clone());
        let mut scanner = builder.build().unwrap();
        let mut truth = Truth { world, used_ns: 0 };
        let made = |by_rules| {
            let groups = groups(by_rules).with_limit(limit);
            groups.with_empty_for(Duration::from_secs(empty_s))
        };
        let mut groups = made(by_rules);
        let mut regroup = None;
        let (mut host, mut snapshot) = (Host::default(), Snapshot::new());
        let mut before = groups.report();
        let mut used_before_ns = None;
        let (mut is_losing, mut has_lost) = (begins_lost, begins_lost);
        let mut joins_late = false;
        for step in steps {
            let scans = matches!(step, Step::Change(Change::Scan));
            match step {
                Step::Lose(loses) => is_losing = loses,
                Step::Regroup(by_rules) => regroup = Some(made(by_rules)),
                _ => {}
            }
            truth.happen(step);
            if !scans {
                continue;
            }
            let batch = scanner.scan_once().unwrap();
            snapshot.apply(&batch);
            has_lost |= is_losing;
            if is_losing {
                joins_late |= used_before_ns.is_none();
                continue;
            }
            let sent = match std::mem::take(&mut has_lost) {
                true => Arc::new(full(&batch, &snapshot)),
                false => batch,
            };
            groups.on_batch(&sent);
            if let Some(like) = regroup.take() {
                // A group that left with the batch can come back at once, and then begins at 0.
                let report = groups.report();
                assert_no_group_falls(&before, &report);
                before = report;
                groups.regroup(&like, &snapshot);
            }
            host.apply(&sent);
            // One that joins late counts from the last reading, which can be older.
            let before_ns = *used_before_ns.get_or_insert(truth.used_ns);
            let before_ns = if joins_late { 0 } else { before_ns };
            let report = groups.report();
            assert_no_group_falls(&before, &report);
            assert_is_sum(&report, &host, &snapshot);
            prop_assert!(host.used_ns() <= truth.used_ns - before_ns);
            let is_named = |group: &&Group| matches!(group.id, GroupId::Named(_));
            prop_assert!(report.groups.iter().filter(is_named).count() <= limit);
            before = report;
        }
    }
}

//! Applying all batches to a snapshot gives the scanner's table, for any changes of the world.

use process_scanner::{Config, ErrorClass, Event, Scanner, Snapshot, Status};
use proptest::prelude::*;

use crate::support::{Made, World, assert_folded};

/// A change of the world between two scans.
#[derive(Debug, Clone)]
pub enum Change {
    Birth(u32),
    Exit(u32),
    /// An exit, and a birth with the same pid.
    Reuse(u32),
    Exec(u32),
    Run(u32, u64),
    Grow(u32, u64),
    Status(u32, Status),
    Orphan(u32),
    LoseStartTime(u32),
    LoseNumbers(u32),
    Hide(u32),
    Show,
    Fail(bool),
    Scan,
}

pub fn change() -> impl Strategy<Value = Change> {
    let pid = 1_u32..40;
    prop_oneof![
        4 => pid.clone().prop_map(Change::Birth),
        2 => pid.clone().prop_map(Change::Exit),
        1 => pid.clone().prop_map(Change::Reuse),
        1 => pid.clone().prop_map(Change::Exec),
        2 => (pid.clone(), 0_u64..2_000_000_000).prop_map(|(pid, ns)| Change::Run(pid, ns)),
        2 => (pid.clone(), 0_u64..100_000).prop_map(|(pid, bytes)| Change::Grow(pid, bytes)),
        1 => (pid.clone(), prop_oneof![
            Just(Status::Running), Just(Status::Sleeping), Just(Status::Zombie)
        ]).prop_map(|(pid, status)| Change::Status(pid, status)),
        1 => pid.clone().prop_map(Change::Orphan),
        1 => pid.clone().prop_map(Change::LoseStartTime),
        1 => pid.clone().prop_map(Change::LoseNumbers),
        1 => pid.prop_map(Change::Hide),
        1 => Just(Change::Show),
        1 => any::<bool>().prop_map(Change::Fail),
        6 => Just(Change::Scan),
    ]
}

impl World {
    pub fn happen(&self, change: Change) {
        self.edit(|state| {
            let now_ms = state.wall_ms;
            let made = |pid: u32, name: &str, start_time_ms| {
                let mut made = Made::new(name, start_time_ms);
                made.parent_pid = Some(pid / 2).filter(|parent| *parent > 0);
                made
            };
            let with = |state: &mut crate::support::State, pid, change: &dyn Fn(&mut Made)| {
                if let Some(made) = state.processes.get_mut(&pid) {
                    change(made);
                }
            };
            match change {
                Change::Birth(pid) => {
                    let born = made(pid, "born", now_ms);
                    state.processes.entry(pid).or_insert(born);
                }
                Change::Exit(pid) => {
                    state.processes.remove(&pid);
                }
                Change::Reuse(pid) => {
                    state
                        .processes
                        .insert(pid, made(pid, "reborn", now_ms + 10));
                }
                Change::Exec(pid) => with(state, pid, &|made| {
                    made.name.push(b'+');
                    made.args.push(b"exec\xff".into());
                }),
                Change::Run(pid, ns) => with(state, pid, &|made| {
                    made.cpu_time_ns = Some(made.cpu_time_ns.unwrap_or(0) + ns);
                }),
                Change::Grow(pid, bytes) => with(state, pid, &|made| {
                    made.rss_bytes = Some(made.rss_bytes.unwrap_or(0) + bytes);
                }),
                Change::Status(pid, status) => with(state, pid, &|made| made.status = status),
                Change::Orphan(pid) => with(state, pid, &|made| made.parent_pid = None),
                Change::LoseStartTime(pid) => {
                    with(state, pid, &|made| made.start_time_ms = None);
                }
                Change::LoseNumbers(pid) => with(state, pid, &|made| {
                    (made.cpu_time_ns, made.rss_bytes) = (None, None);
                }),
                Change::Hide(pid) => state.hidden.push(pid),
                Change::Show => state.hidden.clear(),
                Change::Fail(fails) => {
                    state.failure = fails.then_some(ErrorClass::ResourcesExhausted);
                }
                Change::Scan => {}
            }
        });
    }
}

fn config(with_thresholds: bool) -> Config {
    let mut config = Config::default();
    if with_thresholds {
        config.cpu_threshold_percent = Some(25.0);
        config.rss_threshold_bytes = Some(50_000);
    }
    config.doubt_min_processes = 3;
    config
}

proptest! {
    #[test]
    fn applying_all_batches_gives_the_scanners_table(
        changes in proptest::collection::vec(change(), 1..200),
        with_thresholds: bool,
        coarse: bool,
        has_read_times: bool,
    ) {
        let world = World::new();
        world.edit(|state| {
            state.resolution_ms = if coarse { 1000 } else { 10 };
            state.has_read_times = has_read_times;
        });
        let mut scanner = Scanner::builder()
            .config(config(with_thresholds))
            .source(world.clone())
            .build()
            .unwrap();
        let mut snapshot = Snapshot::new();
        for change in changes {
            let scans = matches!(change, Change::Scan);
            world.happen(change);
            if !scans {
                continue;
            }
            let before = snapshot.clone();
            let values: Vec<_> = before.iter().map(|process| (**process).clone()).collect();
            let batch = scanner.scan_once().unwrap();
            snapshot.apply(&batch);
            assert_folded(&snapshot, &scanner);
            // What a consumer holds never changes.
            prop_assert!(before.iter().map(|process| &**process).eq(&values));

            prop_assert!(
                batch.events.is_sorted_by_key(|event| event.process().pid),
                "events out of order"
            );
            for event in &batch.events {
                let known = before.by_pid(event.process().pid);
                match event {
                    Event::Updated { process, changed, .. } => {
                        prop_assert!(!changed.is_empty());
                        prop_assert_eq!(known.map(|known| known.key()), Some(process.key()));
                    }
                    Event::Exited { process, .. } => {
                        prop_assert_eq!(known.map(|known| known.key()), Some(process.key()));
                    }
                    _ => {}
                }
            }
            if batch.failure.is_some() {
                // A failed scan can report that a pid was used again, but no other exits.
                prop_assert!(snapshot.len() >= before.len());
            }
        }
    }
}

//! A replay gives the recorded batches, and the same bytes when recorded again.

use std::collections::BTreeMap;
use std::sync::Arc;

use process_scanner::{
    Batch, Collect, Detail, DetailReading, DetailValue, Error, ErrorClass, Event, ProcessRow,
    Reading, Recheck, ReplaySource, Result, Row, ScanSummary, Source, SourceInfo, Status,
    Timestamp,
};
use proptest::prelude::*;

use super::replay;
use crate::fixtures::STORIES;
use crate::fixtures::story::{record, record_in_parts};
use crate::fixtures::text;
use crate::support::{Made, World};

pub(crate) fn assert_same_batches(played: &[Arc<Batch>], live: &[Arc<Batch>]) {
    assert_eq!(played.len(), live.len());
    for (played, live) in played.iter().zip(live) {
        assert_eq!(text::whole(played), text::whole(live));
        assert_eq!(played.monotonic_ns, live.monotonic_ns);
        assert_eq!(played.hearing, live.hearing);
        // The text rounds numbers.
        assert_eq!(played.events, live.events);
    }
}

/// Replays a recording of `live`, records the replay and compares both.
pub(super) fn assert_round_trip(recording: &[u8], live: &[Arc<Batch>]) {
    let source = ReplaySource::new(std::io::Cursor::new(recording.to_vec())).unwrap();
    let (again, played) = record(source);
    assert_same_batches(&played, live);
    assert_eq!(
        String::from_utf8_lossy(&again),
        String::from_utf8_lossy(recording)
    );
    assert_same_batches(&replay(recording), live);
}

#[test]
fn every_story_replays_the_same_batches() {
    for (name, story) in STORIES {
        eprintln!("{name}");
        let (recording, live) = story().record();
        assert_round_trip(&recording, &live);
    }
}

/// A change of the world before a scan.
#[derive(Debug, Clone)]
enum Change {
    Birth {
        pid: u32,
        start: Option<u64>,
        name: u8,
    },
    Exit {
        pid: u32,
    },
    Work {
        pid: u32,
        ms: u64,
    },
    Exec {
        pid: u32,
        name: u8,
    },
    Adoption {
        pid: u32,
        parent: u32,
    },
    Becomes {
        pid: u32,
        status: Status,
    },
    Unreadable {
        pid: u32,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let pid = 1_u32..12;
    let status = proptest::sample::select(vec![
        Status::Running,
        Status::Sleeping,
        Status::Stopped,
        Status::Zombie,
    ]);
    prop_oneof![
        // Frequent, so that pids are used again, sometimes with the same name and start time.
        3 => (pid.clone(), proptest::option::weighted(0.8, 0_u64..3), 0_u8..3)
            .prop_map(|(pid, start, name)| Change::Birth { pid, start, name }),
        1 => pid.clone().prop_map(|pid| Change::Exit { pid }),
        2 => (pid.clone(), 0_u64..900).prop_map(|(pid, ms)| Change::Work { pid, ms }),
        1 => (pid.clone(), 0_u8..3).prop_map(|(pid, name)| Change::Exec { pid, name }),
        1 => (pid.clone(), 1_u32..3).prop_map(|(pid, parent)| Change::Adoption { pid, parent }),
        1 => (pid.clone(), status).prop_map(|(pid, status)| Change::Becomes { pid, status }),
        1 => pid.prop_map(|pid| Change::Unreadable { pid }),
    ]
}

impl Change {
    fn happen(&self, processes: &mut BTreeMap<u32, Made>) {
        let names = ["sh", "a b)", "\u{1b}[0m"];
        let living = |pid: u32, processes: &mut BTreeMap<u32, Made>, edit: &dyn Fn(&mut Made)| {
            if let Some(made) = processes.get_mut(&pid) {
                edit(made);
            }
        };
        match *self {
            Self::Birth { pid, start, name } => {
                let mut made = Made::new(names[usize::from(name)], 0);
                made.start_time_ms = start.map(|start| 1_700_000_000_000 + start * 1000);
                processes.insert(pid, made);
            }
            Self::Exit { pid } => _ = processes.remove(&pid),
            Self::Work { pid, ms } => living(pid, processes, &|made| {
                made.cpu_time_ns = Some(made.cpu_time_ns.unwrap_or(0) + ms * 1_000_000);
            }),
            Self::Exec { pid, name } => living(pid, processes, &|made| {
                made.name = names[usize::from(name)].into();
                made.args = vec![b"exec\xff".to_vec(), Vec::new(), vec![name + 1]];
            }),
            Self::Adoption { pid, parent } => living(pid, processes, &|made| {
                made.parent_pid = Some(parent);
            }),
            Self::Becomes { pid, status } => {
                living(pid, processes, &|made| made.status = status);
            }
            Self::Unreadable { pid } => living(pid, processes, &|made| {
                made.start_time_ms = None;
                made.cpu_time_ns = None;
                made.rss_bytes = None;
            }),
        }
    }
}

/// One scan of a made-up world.
#[derive(Debug, Clone)]
struct Turn {
    changes: Vec<Change>,
    hidden: Vec<u32>,
    failure: Option<ErrorClass>,
}

fn turn() -> impl Strategy<Value = Turn> {
    (
        proptest::collection::vec(change(), 0..5),
        proptest::collection::vec(1_u32..12, 0..3),
        proptest::option::weighted(0.1, Just(ErrorClass::Stuck)),
    )
        .prop_map(|(changes, hidden, failure)| Turn {
            changes,
            hidden,
            failure,
        })
}

/// A source that applies a turn before each scan.
struct Turns {
    world: World,
    turns: std::vec::IntoIter<Turn>,
    is_able: bool,
    has_details: bool,
    /// The rows of the last scan; half of the unchanged ones are emitted as unchanged.
    shown: BTreeMap<u32, Made>,
}

/// Returns optional fields that change with the others; some are left out, as not read.
fn details_of(made: &Made) -> Vec<DetailReading<'_>> {
    let cpu_ms = made.cpu_time_ns.map(|ns| ns / 1_000_000);
    let number = |number: Option<u64>| number.map_or(DetailValue::Unknown, DetailValue::Number);
    let all = [
        (
            Detail::UserId,
            number(made.start_time_ms.map(|ms| ms / 1000 % 3)),
        ),
        (
            Detail::Nice,
            number(cpu_ms.map(|_| (-5_i64).cast_unsigned())),
        ),
        (Detail::MinorFaults, number(cpu_ms)),
        (Detail::Cgroup, DetailValue::Text(&made.name)),
        (Detail::Executable, DetailValue::Text(b"/bin/\xff\x1b")),
        (Detail::Tty, DetailValue::Unknown),
    ];
    let is_read = |nth: usize| made.parent_pid != Some(2) || nth.is_multiple_of(2);
    let all = all.into_iter().enumerate();
    all.filter(|(nth, _)| is_read(*nth))
        .map(|(_, (detail, value))| DetailReading { detail, value })
        .collect()
}

fn with_details<'a>(row: Row<'a>, details: &'a [DetailReading<'a>]) -> Row<'a> {
    match row {
        Row::Process(mut row) => {
            row.details = details;
            Row::Process(row)
        }
        row => row,
    }
}

impl Source for Turns {
    fn info(&self) -> SourceInfo {
        let mut info = self.world.info();
        if self.has_details {
            info.collects = Collect::ALL.without(Collect::IO);
        }
        info
    }

    fn now(&mut self) -> Timestamp {
        let turn = self.turns.next();
        self.world.edit(|state| match turn {
            Some(turn) => {
                for change in &turn.changes {
                    change.happen(&mut state.processes);
                }
                state.recheck = self
                    .is_able
                    .then(|| state.processes.keys().copied().collect());
                state.hidden = turn.hidden;
                state.failure = turn.failure;
            }
            None => state.ended = true,
        });
        self.world.now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let before = std::mem::take(&mut self.shown);
        let living = self.world.edit(|state| state.processes.clone());
        let shown = &mut self.shown;
        let has_details = self.has_details;
        self.world.scan(&mut |row| {
            let pid = row.pid();
            let made = living.get(&pid).filter(|_| has_details);
            let details = made.map(details_of);
            let row = with_details(row, details.as_deref().unwrap_or_default());
            let is_same = before.get(&pid) == living.get(&pid);
            shown.extend(living.get(&pid).map(|made| (pid, made.clone())));
            match row {
                Row::Process(row) if is_same && pid % 3 == 0 => emit(Row::Unchanged {
                    pid,
                    read_at_ns: row.read_at_ns,
                }),
                Row::Process(mut row) if is_same && pid % 3 == 1 => {
                    (row.name, row.command) = (Reading::Unchanged, Reading::Unchanged);
                    emit(Row::Process(row));
                }
                // Too far from its scan to be recorded.
                Row::Process(mut row) if pid == 7 && row.read_at_ns.is_some() => {
                    row.read_at_ns = Some(u64::MAX);
                    emit(Row::Process(row));
                }
                Row::Process(_) if pid == 11 => emit(Row::Unreadable { pid }),
                row => emit(row),
            }
        })
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.world.recheck(pids, emit)
    }
}

/// Emits rows that break the contract of sources.
type BadRows = fn(&mut dyn FnMut(Row<'_>));

/// A source that breaks its contract; such rows are rejected live and in a replay.
#[derive(Debug)]
struct ContractBreaker {
    scans: u64,
    bad_rows: BadRows,
}

impl Source for ContractBreaker {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("liar")
    }

    fn now(&mut self) -> Timestamp {
        self.scans += 1;
        Timestamp::new(self.scans * 1000, self.scans * 1_000_000_000)
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        if self.scans == 4 {
            return Err(Error::new(ErrorClass::Ended, "no more").mark_final());
        }
        emit(Row::Process(ProcessRow::unknown(1)));
        emit(Row::Process(ProcessRow::unknown(2)));
        if self.scans == 2 {
            (self.bad_rows)(emit);
        }
        emit(Row::Process(ProcessRow::unknown(3)));
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_source_that_breaks_its_contract_replays_the_same_batches() {
    let cases: [BadRows; 4] = [
        |emit| emit(Row::Process(ProcessRow::unknown(2))),
        |emit| emit(Row::unchanged(2)),
        |emit| emit(Row::Unreadable { pid: 1 }),
        |emit| emit(Row::unchanged(9)),
    ];
    for bad_rows in cases {
        let (recording, live) = record(ContractBreaker { scans: 0, bad_rows });
        let failed: Vec<_> = live
            .iter()
            .map(|batch| batch.failure.as_ref().map(Error::class))
            .collect();
        assert_eq!(failed, [None, Some(ErrorClass::BadData), None]);
        assert_round_trip(&recording, &live);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_random_world_replays_the_same_batches(
        turns in proptest::collection::vec(turn(), 1..12),
        is_able: bool,
        resolution_ms in proptest::sample::select(vec![10_u64, 1000]),
        own_pid in proptest::option::weighted(0.2, Just(1_u32)),
        has_read_times: bool,
        has_details: bool,
    ) {
        let world = World::new();
        world.edit(|state| {
            state.resolution_ms = resolution_ms;
            state.own_pid = own_pid;
            state.has_read_times = has_read_times;
        });
        world.add(1, Made::new("init", 1_600_000_000_000));
        let (recording, live) = record(Turns {
            world,
            turns: turns.into_iter(),
            is_able,
            has_details,
            shown: BTreeMap::new(),
        });
        assert_round_trip(&recording, &live);
    }

    #[test]
    fn a_random_world_in_parts_replays_the_same_batches(
        turns in proptest::collection::vec(turn(), 1..12),
        is_able: bool,
        own_pid in proptest::option::weighted(0.2, Just(1_u32)),
        has_details: bool,
        scans in 1_u64..4,
    ) {
        let source = || {
            let world = World::new();
            world.edit(|state| {
                state.own_pid = own_pid;
                state.has_read_times = true;
            });
            world.add(1, Made::new("init", 1_600_000_000_000));
            Turns {
                world,
                turns: turns.clone().into_iter(),
                is_able,
                has_details,
                shown: BTreeMap::new(),
            }
        };
        let (_, live) = record(source());
        let (parts, live_in_parts) = record_in_parts(source(), scans);
        assert_same_batches(&live_in_parts, &live);
        assert_same_batches(&replay(&parts.concat()), &live);
        // Each can be replayed alone, and none begins with a failure.
        for part in &parts[1..] {
            let batches = replay(part);
            assert!(batches[0].full && batches[0].failure.is_none());
        }
    }
}

/// A process whose CPU time is unknown in one scan and smaller in the next.
#[derive(Debug)]
struct Restarted {
    world: World,
    cpu_times_ns: std::vec::IntoIter<Option<u64>>,
}

impl Source for Restarted {
    fn info(&self) -> SourceInfo {
        self.world.info()
    }

    fn now(&mut self) -> Timestamp {
        match self.cpu_times_ns.next() {
            Some(cpu_time_ns) => {
                let mut made = Made::new("sh", 5);
                (made.start_time_ms, made.cpu_time_ns) = (None, cpu_time_ns);
                self.world.add(6, made);
            }
            None => self.world.edit(|state| state.ended = true),
        }
        self.world.now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.world.scan(emit)
    }
}

#[test]
fn a_new_process_after_an_unreadable_scan_replays_the_same_batches() {
    let (recording, live) = record(Restarted {
        world: World::new(),
        cpu_times_ns: vec![Some(360), None, Some(0)].into_iter(),
    });
    let kinds: Vec<Vec<_>> = live
        .iter()
        .map(|batch| batch.events.iter().map(Event::kind).collect())
        .collect();
    // CPU time that becomes unknown is a change too.
    assert_eq!(
        kinds,
        [vec!["existing"], vec!["updated"], vec!["exited", "created"]]
    );
    assert_round_trip(&recording, &live);
}

/// A process that changes its name while its command line cannot be read.
struct Renamed(usize);

impl Source for Renamed {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("renamed")
    }

    fn now(&mut self) -> Timestamp {
        let at = 1000 * (self.0 as u64 + 1);
        Timestamp::new(at, at * 1_000_000)
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.0 += 1;
        let (name, command) = match self.0 {
            1 => (&b"sh"[..], Reading::Known(&b"sh\0-c\0x\0"[..])),
            2 => (&b"sh"[..], Reading::Unknown),
            3 => (&b"cat"[..], Reading::Unknown),
            4 => {
                return Err(Error::new(
                    ErrorClass::Permission,
                    "curl --password hunter2",
                ));
            }
            _ => return Err(Error::new(ErrorClass::Ended, "no more scans").mark_final()),
        };
        let mut row = ProcessRow::unknown(7);
        row.start_time_ms = Some(5);
        row.name = Reading::Known(name);
        row.command = command;
        emit(Row::Process(row));
        Ok(ScanSummary::default())
    }
}

#[test]
fn an_unreadable_command_line_under_a_new_name_replays_the_same_batches() {
    let (recording, live) = record(Renamed(0));
    assert_same_batches(&replay(&recording)[..3], &live[..3]);
}

#[test]
fn secrets_in_the_message_of_a_failure_are_not_recorded() {
    let (recording, _) = record(Renamed(0));
    let recording = String::from_utf8(recording).unwrap();
    assert!(recording.contains("--password"), "{recording}");
    assert!(!recording.contains("hunter2"), "{recording}");
}

//! What a source heard between scans is recorded, and replays the same batches.

use std::collections::VecDeque;
use std::sync::Arc;

use process_scanner::{
    Batch, Bell, Exit, ExitStatus, Happening, Heard, Hearing, ListenStep, Recheck, Result, Ringer,
    Row, ScanSummary, Source, SourceInfo, Status, Timestamp,
};
use proptest::prelude::*;

use super::round_trip::assert_round_trip;
use crate::fixtures::story::record;
use crate::support::{Happened, Made, World};

/// What happens until the next scan has been made.
#[derive(Debug, Clone)]
struct Turn {
    between: Vec<Vec<Happened>>,
    before: Vec<Happened>,
    after: Vec<Happened>,
    living: Vec<(u32, Made)>,
    hearing: Hearing,
    missed_total: Option<u64>,
    step: Option<ListenStep>,
    step_reason: Option<String>,
    usage: Option<bool>,
    usage_reason: Option<String>,
}

/// Names, start times and statuses of few processes, so that lives meet each other.
fn made() -> impl Strategy<Value = Made> {
    (0..3_u64, 0..4_usize, any::<bool>()).prop_map(|(born, name, is_zombie)| {
        let name = ["a", "b", "c", ""][name];
        let mut made = Made::new(name, 1_700_000_000_000 + born * 10);
        if is_zombie {
            made.status = Status::Zombie;
        }
        made
    })
}

fn happened() -> impl Strategy<Value = Happened> {
    let pid = 1..4_u32;
    let exit = (0..256_u32, 0..100_u64, any::<Option<bool>>()).prop_map(|(status, ms, oom)| {
        let mut exit = Exit::default();
        exit.status = Some(ExitStatus::from_wait_status(status));
        match ms % 2 {
            0 => exit.ended_at_ms = Some(1_700_000_000_000 + ms),
            _ => exit.ended_by_ms = Some(1_700_000_000_000 + ms),
        }
        exit.likely_oom = oom;
        exit
    });
    let start = proptest::option::of((0..3_u64).prop_map(|born| 1_700_000_000_000 + born * 10));
    prop_oneof![
        (pid.clone(), made()).prop_map(|(pid, made)| Happened::Born(pid, made)),
        (pid.clone(), made()).prop_map(|(pid, made)| Happened::Changed(pid, made)),
        (pid, start, exit).prop_map(|(pid, start, exit)| Happened::Exited(pid, start, exit)),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    let some = || proptest::collection::vec(happened(), 0..4);
    let hearing = prop_oneof![
        4 => Just(Hearing::Complete),
        1 => Just(Hearing::Exits),
        1 => Just(Hearing::Lossy),
        1 => Just(Hearing::Deaf),
        1 => Just(Hearing::Off),
    ];
    (
        proptest::collection::vec(some(), 0..3),
        some(),
        some(),
        proptest::collection::vec((1..4_u32, made()), 0..4),
        hearing,
        proptest::option::of(0..10_u64),
        proptest::option::of(proptest::sample::select(&ListenStep::ALL[..])),
        proptest::option::of(Just("a storm".to_owned())),
        (
            any::<Option<bool>>(),
            proptest::option::of(Just("full".to_owned())),
        ),
    )
        .prop_map(
            |(between, before, after, living, hearing, missed_total, step, step_reason, usage)| {
                Turn {
                    between,
                    before,
                    after,
                    living,
                    hearing,
                    missed_total,
                    step,
                    step_reason,
                    usage: usage.0,
                    usage_reason: usage.1,
                }
            },
        )
}

/// A world whose source hears what the turns say.
struct Hearer {
    world: World,
    turns: VecDeque<Turn>,
    ringer: Option<Ringer>,
    is_scanned: bool,
}

impl Hearer {
    /// Lets the next drains return what happens between the scans of this turn and the last one.
    fn begin_turn(&mut self) {
        let Some(turn) = self.turns.front() else {
            return;
        };
        let between = turn.between.clone();
        self.world.edit(|state| {
            state.hearing = turn.hearing;
            state.missed_total = turn.missed_total;
            (state.step, state.step_reason) = (turn.step, turn.step_reason.clone());
            (state.usage, state.usage_reason) = (turn.usage, turn.usage_reason.clone());
            state.happened.clear();
            state.happened.extend(between);
        });
        self.ring();
    }

    fn ring(&self) {
        let waits = self.world.edit(|state| !state.happened.is_empty());
        if let Some(ringer) = self.ringer.as_ref().filter(|_| waits && self.is_scanned) {
            ringer.ring();
        }
    }
}

impl Source for Hearer {
    fn info(&self) -> SourceInfo {
        self.world.info()
    }

    fn now(&mut self) -> Timestamp {
        let turn = self.turns.pop_front();
        self.is_scanned = false;
        self.world.edit(|state| match turn {
            Some(turn) => {
                state.happened.clear();
                state.happened.extend([turn.before, turn.after]);
                state.processes = turn.living.into_iter().collect();
                state.processes.insert(99, Made::new("stays", 5));
                state.recheck = Some(state.processes.keys().copied().collect());
            }
            None => state.ended = true,
        });
        self.world.now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.world.scan(emit)
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.world.recheck(pids, emit)
    }

    fn bell(&mut self) -> Option<Bell> {
        let (ringer, bell) = Bell::new();
        self.ringer = Some(ringer);
        Some(bell)
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let is_after = !self.is_scanned && self.world.edit(|state| state.happened.len() == 1);
        let mut heard = self.world.drain(emit);
        if is_after {
            self.is_scanned = true;
            self.begin_turn();
        } else if self.is_scanned {
            heard.at = Some(self.world.edit(|state| {
                state.monotonic_ns += 1_000_000;
                state.wall_ms += 1;
                Timestamp::new(state.wall_ms, state.monotonic_ns)
            }));
            self.ring();
        }
        heard
    }
}

/// Returns recordings of what is heard, with the batches that they replay.
pub(crate) fn recordings() -> impl Strategy<Value = (Vec<u8>, Vec<Arc<Batch>>)> {
    proptest::collection::vec(turn(), 1..8).prop_map(|turns| {
        record(Hearer {
            world: World::new(),
            turns: turns.into(),
            ringer: None,
            is_scanned: false,
        })
    })
}

proptest! {
    #[test]
    fn what_is_heard_replays_the_same_batches((recording, live) in recordings()) {
        assert_round_trip(&recording, &live);
    }
}

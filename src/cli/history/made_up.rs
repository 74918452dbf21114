//! Random batches, for tests.

use std::collections::BTreeMap;

use process_scanner::{Batch, Changes, Event, Exit, ExitStatus, ProcessInfo, ProcessKey};
use proptest::prelude::*;

/// Names of programs, some of them hostile.
const NAMES: [&str; 6] = [
    "sh",
    "make",
    "=cmd|'/C calc'!A0",
    "a\n\"b\",\u{1b}[2J",
    "</script>",
    "",
];

/// Something that happens to a process, or the end of a batch.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Birth(u32, usize),
    Exit(u32, Option<u32>, bool),
    Exec(u32, usize),
    Read(u32, u16, u32),
    /// The pid is that of another process, without an exit.
    Replaced(u32),
    /// A scan or a drain after these milliseconds.
    Batch(u64, bool),
    /// A full batch, without the processes with this pid and above.
    Lost(u32),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pid = 1_u32..12;
    let name = 0..NAMES.len();
    let status = prop_oneof![
        Just(None),
        Just(Some(0)),
        Just(Some(0x0300)),
        Just(Some(9)),
        Just(Some(11 | 0x80))
    ];
    let step = prop_oneof![
        4 => (pid.clone(), name.clone()).prop_map(|(pid, name)| Step::Birth(pid, name)),
        3 => (pid.clone(), status, any::<bool>())
            .prop_map(|(pid, status, is_exact)| Step::Exit(pid, status, is_exact)),
        2 => (pid.clone(), name).prop_map(|(pid, name)| Step::Exec(pid, name)),
        3 => (pid.clone(), any::<u16>(), any::<u32>())
            .prop_map(|(pid, cpu, rss)| Step::Read(pid, cpu, rss)),
        1 => pid.clone().prop_map(Step::Replaced),
        3 => (0_u64..1500, any::<bool>()).prop_map(|(ms, of_scan)| Step::Batch(ms, of_scan)),
        1 => pid.prop_map(Step::Lost),
    ];
    proptest::collection::vec(step, 1..120)
}

/// The world of the processes, and the batches about it.
struct World {
    now_ms: u64,
    living: BTreeMap<u32, ProcessInfo>,
    events: Vec<Event>,
    batches: Vec<Batch>,
}

/// Returns the batches of these steps. The first one is full.
pub(crate) fn batches(steps: &[Step]) -> Vec<Batch> {
    let mut world = World {
        now_ms: 1_700_000_000_000,
        living: BTreeMap::new(),
        events: Vec::new(),
        batches: Vec::new(),
    };
    // There before the recording.
    world.born(1, 0, 3_600_000);
    world.born(2, 1, 3_600_000);
    let first = std::mem::take(&mut world.events);
    let first = first
        .into_iter()
        .map(|event| Event::Existing(event.process().clone()));
    world.batch(first.collect(), true);
    for step in steps {
        world.take(step);
    }
    world.take(&Step::Batch(500, true));
    world.batches
}

impl World {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Birth(pid, name) if !self.living.contains_key(&pid) => self.born(pid, name, 3),
            Step::Exit(pid, status, is_exact) => self.exit(pid, status, is_exact),
            Step::Exec(pid, name) => self.update(pid, Changes::NAME, |process| {
                process.name = Some(NAMES[name].into());
                process.command = Some([NAMES[name], "-x"].iter().collect());
            }),
            Step::Read(pid, cpu, rss) => {
                self.update(pid, Changes::CPU | Changes::RSS, |process| {
                    process.cpu_percent = Some(f32::from(cpu) / 100.0);
                    let ms = process.cpu_time_ms.unwrap_or(0.0);
                    process.cpu_time_ms = Some(ms + f64::from(cpu) / 10.0);
                    process.resources.rss_bytes = Some(rss.into());
                });
            }
            Step::Replaced(pid) if self.living.remove(&pid).is_some() => self.born(pid, 0, 1),
            Step::Birth(..) | Step::Replaced(_) => {}
            Step::Batch(ms, of_scan) => {
                self.now_ms += ms;
                let mut events = std::mem::take(&mut self.events);
                events.sort_by_key(|event| event.process().pid);
                self.batch(events, of_scan);
            }
            Step::Lost(from) => {
                self.now_ms += 1;
                self.events.clear();
                self.living.retain(|pid, _| *pid < from);
                let living = self.living.values().cloned();
                let all = living.map(Event::Existing).collect();
                self.batch(all, true);
                let last = self.batches.last_mut().expect("one was added");
                (last.full, last.lost_batches) = (true, 1);
            }
        }
    }

    fn born(&mut self, pid: u32, name: usize, ago_ms: u64) {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: Some(self.now_ms - ago_ms),
        });
        process.parent_pid = Some(pid / 2).filter(|parent| *parent > 0);
        process.name = Some(NAMES[name].into());
        process.command = Some([NAMES[name]].iter().collect());
        self.living.insert(pid, process.clone());
        self.events.push(Event::Created(process));
        // No two processes of a pid start at the same time.
        self.now_ms += ago_ms + 1;
    }

    fn update(&mut self, pid: u32, changed: Changes, change: impl Fn(&mut ProcessInfo)) {
        if let Some(process) = self.living.get_mut(&pid) {
            change(process);
            self.events.push(Event::updated(process.clone(), changed));
        }
    }

    fn exit(&mut self, pid: u32, status: Option<u32>, is_exact: bool) {
        let Some(process) = self.living.remove(&pid) else {
            return;
        };
        let lived_ms = process.start_time_ms.map(|start_ms| self.now_ms - start_ms);
        let mut exit = Exit::default();
        exit.status = status.map(ExitStatus::from_wait_status);
        if is_exact {
            exit.ended_at_ms = Some(self.now_ms);
            exit.lived_ns = lived_ms.map(|ms| ms * 1_000_000 + 123);
        }
        let event = Event::exited(process, lived_ms).with_exit(exit);
        self.events.push(event);
    }

    fn batch(&mut self, events: Vec<Event>, of_scan: bool) {
        let seq = self.batches.len() as u64 + 1;
        let mut batch = Batch::new(seq, self.now_ms, events);
        batch.of_scan = of_scan;
        self.batches.push(batch);
    }
}

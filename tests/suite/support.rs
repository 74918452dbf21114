//! A made-up world as a source, and helpers of several tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use process_scanner::{
    Bell, Collect, Error, ErrorClass, Event, Exit, Happening, Heard, Hearing, ListenStep,
    ProcessInfo, ProcessRow, Reading, Resources, Result, Ringer, Row, ScanSummary, Scanner,
    Snapshot, Source, SourceInfo, Status, SysinfoSource, Timestamp,
};

/// A live source of this system.
///
/// What is promised of live sources is tested with each of them.
#[derive(Clone, Copy)]
pub struct Live {
    pub name: &'static str,
    /// The source `linux` reads idle processes so often.
    make: fn(Duration) -> Result<Box<dyn Source>>,
}

const MINUTE: Duration = Duration::from_secs(60);

/// How long a test waits for what must happen, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

const LIVE: &[Live] = &[
    Live {
        name: "sysinfo",
        make: |_| Ok(Box::new(SysinfoSource::new(Collect::default())?)),
    },
    #[cfg(target_os = "linux")]
    Live {
        name: "linux",
        make: |period| {
            let source = process_scanner::LinuxSource::new(Collect::default())?;
            let source = source.with_idle_reads_every(period);
            Ok(Box::new(source))
        },
    },
    // The same, where the kernel reports births and exits.
    #[cfg(target_os = "linux")]
    Live {
        name: "linux, listening",
        make: |period| {
            let source = process_scanner::LinuxSource::new(Collect::default())?;
            let source = source.with_idle_reads_every(period);
            Ok(Box::new(
                source.listening(process_scanner::ListenOptions::default()),
            ))
        },
    },
];

/// The environment variable with the only live source that a child tests.
pub const ONLY_LIVE: &str = "PSCAN_TEST_ONLY_LIVE";

pub fn live_sources() -> impl Iterator<Item = Live> {
    let only = std::env::var(ONLY_LIVE).ok();
    let is_wanted = move |live: &Live| only.as_deref().is_none_or(|only| only == live.name);
    LIVE.iter().copied().filter(is_wanted)
}

impl Live {
    /// Returns whether it may also report what it hears between scans.
    pub fn listens(self) -> bool {
        self.name.ends_with("listening")
    }

    pub fn source(self) -> Box<dyn Source> {
        (self.make)(MINUTE).unwrap()
    }

    pub fn build(self) -> Result<Scanner> {
        Scanner::builder().source((self.make)(MINUTE)?).build()
    }

    pub fn scanner(self) -> Scanner {
        self.build().unwrap()
    }

    /// A scanner that reads everything of each process within 60 scans, even if it is idle.
    pub fn eager_scanner(self) -> Scanner {
        let source = (self.make)(Duration::ZERO).unwrap();
        Scanner::builder().source(source).build().unwrap()
    }
}

/// A process of a made-up world.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    pub start_time_ms: Option<u64>,
    pub parent_pid: Option<u32>,
    pub name: Vec<u8>,
    pub args: Vec<Vec<u8>>,
    pub status: Status,
    pub cpu_time_ns: Option<u64>,
    pub rss_bytes: Option<u64>,
}

impl Made {
    pub fn new(name: &str, start_time_ms: u64) -> Self {
        Self {
            start_time_ms: Some(start_time_ms),
            parent_pid: Some(1),
            name: name.into(),
            args: vec![format!("/bin/{name}").into_bytes()],
            status: Status::Sleeping,
            cpu_time_ns: Some(0),
            rss_bytes: Some(4096),
        }
    }
}

/// The processes of a made-up world, and the behaviour of its next scans.
///
/// Clones share one world.
#[derive(Debug, Clone, Default)]
pub struct World(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub struct State {
    pub processes: BTreeMap<u32, Made>,
    pub wall_ms: u64,
    pub monotonic_ns: u64,
    /// Every scan fails with this class until it is reset.
    pub failure: Option<ErrorClass>,
    /// Pids that scans leave out though they live.
    pub hidden: Vec<u32>,
    /// Pids that a recheck finds; `None`: the source cannot recheck.
    pub recheck: Option<Vec<u32>>,
    pub own_pid: Option<u32>,
    pub resolution_ms: u64,
    pub ended: bool,
    pub started_total: Option<u64>,
    /// The clock of start times, if it is not the wall clock of the first scan.
    pub start_clock_ms: Option<u64>,
    /// The time between two scans, in milliseconds.
    pub step_ms: u64,
    /// Rows have the times of their readings, except those of each fifth pid.
    pub has_read_times: bool,
    /// What the next drains emit, one list for each.
    pub happened: VecDeque<Vec<Happened>>,
    /// What drains report besides; `Off` by default.
    pub hearing: Hearing,
    pub missed_total: Option<u64>,
    pub step: Option<ListenStep>,
    pub step_reason: Option<String>,
    pub usage: Option<bool>,
    pub usage_reason: Option<String>,
    pub ringer: Option<Ringer>,
}

/// Something that the world's source hears.
#[derive(Debug, Clone)]
pub enum Happened {
    Born(u32, Made),
    Changed(u32, Made),
    Exited(u32, Option<u64>, Exit),
}

impl World {
    pub fn new() -> Self {
        let world = Self::default();
        world.edit(|state| {
            state.wall_ms = 1_700_000_000_000;
            state.monotonic_ns = 1_000_000_000;
            state.resolution_ms = 10;
            state.step_ms = 1000;
        });
        world
    }

    pub fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub fn add(&self, pid: u32, made: Made) {
        self.edit(|state| state.processes.insert(pid, made));
    }

    pub fn scanner(&self) -> Scanner {
        Scanner::builder().source(self.clone()).build().unwrap()
    }
}

impl Source for World {
    fn info(&self) -> SourceInfo {
        self.edit(|state| {
            let mut info =
                SourceInfo::new("made up").with_start_time_resolution_ms(state.resolution_ms);
            info.own_pid = state.own_pid;
            info
        })
    }

    /// Advances the clocks by `step_ms`, one second by default.
    fn now(&mut self) -> Timestamp {
        self.edit(|state| {
            state.wall_ms += state.step_ms;
            state.monotonic_ns += state.step_ms * 1_000_000;
            let at = Timestamp::new(state.wall_ms, state.monotonic_ns);
            match state.start_clock_ms {
                Some(start_clock_ms) => at.with_start_clock_ms(start_clock_ms),
                None => at,
            }
        })
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.edit(|state| {
            if state.ended {
                return Err(Error::new(ErrorClass::Ended, "the world ended").mark_final());
            }
            for (pid, made) in &state.processes {
                if !state.hidden.contains(pid) {
                    let read_at_ns = state.read_at_ns(*pid);
                    show(*pid, made, &mut |row| emit(with_time(row, read_at_ns)));
                }
            }
            match state.failure {
                Some(class) => Err(Error::new(class, "made to fail")),
                None => {
                    let mut seen = ScanSummary::default();
                    seen.started_total = state.started_total;
                    Ok(seen)
                }
            }
        })
    }

    fn recheck(
        &mut self,
        pids: &[u32],
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Result<process_scanner::Recheck> {
        self.edit(|state| {
            let Some(shown) = &state.recheck else {
                return Ok(process_scanner::Recheck::Unsupported);
            };
            for pid in pids.iter().filter(|pid| shown.contains(pid)) {
                show(*pid, &state.processes[pid], emit);
            }
            Ok(process_scanner::Recheck::Done)
        })
    }

    fn bell(&mut self) -> Option<Bell> {
        let (ringer, bell) = Bell::new();
        self.edit(|state| state.ringer = Some(ringer));
        Some(bell)
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        self.edit(|state| {
            for happened in state.happened.pop_front().unwrap_or_default() {
                let read_at_ns = state.monotonic_ns;
                match happened {
                    Happened::Born(pid, made) => with_row(pid, &made, read_at_ns, &mut |row| {
                        emit(Happening::Born(row));
                    }),
                    Happened::Changed(pid, made) => with_row(pid, &made, read_at_ns, &mut |row| {
                        emit(Happening::Changed(row));
                    }),
                    Happened::Exited(pid, start_time_ms, exit) => emit(Happening::Exited {
                        pid,
                        start_time_ms,
                        exit,
                    }),
                }
            }
            let mut heard = Heard::default();
            heard.hearing = state.hearing;
            heard.missed_total = state.missed_total;
            (heard.step, heard.step_reason) = (state.step, state.step_reason.take());
            (heard.usage, heard.usage_reason) = (state.usage, state.usage_reason.take());
            heard
        })
    }
}

/// Makes the row of a process as it is heard: without what only a scan reads.
fn with_row(pid: u32, made: &Made, read_at_ns: u64, take: &mut dyn FnMut(ProcessRow<'_>)) {
    show(pid, made, &mut |row| {
        if let Row::Process(mut row) = row {
            row.cpu_time_ns = None;
            row.resources = Resources::default();
            row.read_at_ns = Some(read_at_ns);
            take(row);
        }
    });
}

impl State {
    /// Returns when a scan reads this process.
    pub fn read_at_ns(&self, pid: u32) -> Option<u64> {
        let has_time = self.has_read_times && !pid.is_multiple_of(5);
        has_time.then(|| self.monotonic_ns + u64::from(pid) * 1_000_000)
    }
}

fn with_time(row: Row<'_>, read_at_ns: Option<u64>) -> Row<'_> {
    match row {
        Row::Process(mut row) => {
            row.read_at_ns = read_at_ns;
            Row::Process(row)
        }
        row => row,
    }
}

pub fn show(pid: u32, made: &Made, emit: &mut dyn FnMut(Row<'_>)) {
    let mut command = Vec::new();
    for arg in &made.args {
        command.extend_from_slice(arg);
        command.push(0);
    }
    let mut row = ProcessRow::unknown(pid);
    row.start_time_ms = made.start_time_ms;
    row.parent_pid = made.parent_pid;
    row.name = Reading::Known(&made.name);
    row.command = Reading::Known(&command);
    row.status = Some(made.status);
    row.cpu_time_ns = made.cpu_time_ns;
    row.resources.rss_bytes = made.rss_bytes;
    row.kernel_thread = Some(false);
    emit(Row::Process(row));
}

/// Formats an event in short, as `created 7 sh` or `updated 7 [name command]`.
pub fn brief(event: &Event) -> String {
    let process = event.process();
    let mut text = format!("{} {}", event.kind(), process.pid);
    match event {
        Event::Updated { changed, .. } => {
            let names: Vec<_> = changed.names().collect();
            text.push_str(&format!(" [{}]", names.join(" ")));
        }
        _ => text.push_str(&format!(" {}", process.name.as_deref().unwrap_or("?"))),
    }
    text
}

pub fn briefs(events: &[Event]) -> Vec<String> {
    events.iter().map(brief).collect()
}

/// Returns the scanner's processes in the order of a snapshot, by pid.
pub fn in_order(scanner: &Scanner) -> Vec<ProcessInfo> {
    let mut processes: Vec<_> = scanner.processes().cloned().collect();
    processes.sort_by_key(|process| process.pid);
    processes
}

pub fn assert_folded(snapshot: &Snapshot, scanner: &Scanner) {
    assert_eq!(
        snapshot.iter().cloned().collect::<Vec<_>>(),
        in_order(scanner)
    );
}

/// Scans until the command line of this process is known.
///
/// On a busy machine it can come too late for a scan; the next scan asks for it again.
pub fn scan_for_command(scanner: &mut Scanner, pid: u32) -> ProcessInfo {
    let is_known = |process: &&ProcessInfo| process.pid == pid && process.command.is_some();
    await_some(&format!("the command line of {pid}"), || {
        let known = scanner.processes().find(is_known).cloned();
        if known.is_none() {
            scanner.scan_once().unwrap();
        }
        known
    })
}

/// Tries until there is a result.
pub fn await_some<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < until, "{what} does not come");
    }
}

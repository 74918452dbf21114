//! The live host, read by the `sysinfo` crate. No other file names it.
//!
//! sysinfo swallows every error, and has its own ideas of what a process's name and start time are;
//! `docs/platforms.md` has what follows from them. What it says is taken here with the caution each point needs:
//!
//! - CPU time comes from `accumulated_cpu_time()`, never from `cpu_usage()`, which depends on what
//!   else was refreshed when.
//! - A start time of 0 means that the process could not be opened, and then its CPU time and memory
//!   of 0 are unknown as well.
//! - Names are read once in a process's life and command lines stay as first read, so that an
//!   `exec` would never show. A second, short-lived `System` reads them anew: those of young
//!   processes in each of their first scans, those of all others in a slow round.
//! - Start times are whole seconds, and a pid can be used twice within one. On Linux the rest of the
//!   second is read from `/proc/PID/stat`, at first sight and again until that second is over.
//! - Threads are left out, `wait()` and `exists()` are not used, and no pid is asked for twice in
//!   one call, which would remove a living process.

#[cfg_attr(target_os = "linux", path = "sysinfo/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "sysinfo/other.rs")]
mod platform;

use std::collections::HashMap;
use std::ffi::OsStr;

use ahash::RandomState;
use sysinfo::{
    Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, ThreadKind,
    UpdateKind,
};

use super::{ProcessRow, Reading, Recheck, Row, Seen, Source, SourceInfo};
use crate::config::Collect;
use crate::error::{Error, ErrorClass, Result};
use crate::process::Status;

/// In so many of its first scans a process's name and command line are read anew.
const YOUNG_SCANS: u8 = 3;

/// In so many scans the name and command line of every older process are read anew once.
const ROUND_SCANS: u32 = 60;

/// The processes of this host, as `sysinfo` sees them.
///
/// Start times are whole seconds, but on Linux, where they are completed from `/proc/PID/stat` to
/// 10 ms. CPU time has steps of 10 ms there.
#[derive(Debug)]
pub struct SysinfoSource {
    system: System,
    own_pid: Pid,
    collect: Collect,
    scans: u32,
    known: HashMap<Pid, Known, RandomState>,
    /// Where sysinfo's own name and command line are outdated.
    renewed: HashMap<Pid, Renewed, RandomState>,
    command: Vec<u8>,
}

/// What is remembered of each process.
#[derive(Debug)]
struct Known {
    start_time: u64,
    /// Milliseconds of the start time beyond its second; `None` while they could not be read.
    start_rest_ms: Option<u64>,
    /// The second it started in is over, so that nothing can come that looks the same.
    is_settled: bool,
    /// How often it was seen, up to [`YOUNG_SCANS`].
    scans: u8,
    last_scan: u32,
}

/// A name and command line read anew, and those that sysinfo still has in their place.
#[derive(Debug)]
struct Renewed {
    start_time: u64,
    outdated: Named,
    named: Named,
}

/// What came of handing over a process that sysinfo lists.
enum Shown {
    Row {
        unreadable_fields: u32,
    },
    /// Its start time could not be completed, because it has just gone or could not be opened. A
    /// row without would be another process.
    NotReadable,
    /// A thread, which has the pid of a process that was.
    Gone,
}

#[derive(Debug, PartialEq)]
struct Named {
    name: Vec<u8>,
    command: Vec<u8>,
}

impl SysinfoSource {
    /// The processes of this host; `collect` says what is read of each.
    ///
    /// # Errors
    ///
    /// Of class [`Unsupported`](ErrorClass::Unsupported) where sysinfo does not know this system,
    /// and of the class of the system's error where it cannot start.
    pub fn new(collect: Collect) -> Result<Self> {
        Ok(Self {
            system: System::new().map_err(cannot_start)?,
            own_pid: Pid::from_u32(std::process::id()),
            collect,
            scans: 0,
            known: HashMap::default(),
            renewed: HashMap::default(),
            command: Vec::new(),
        })
    }

    fn refresh_kind(&self) -> ProcessRefreshKind {
        let mut kind = ProcessRefreshKind::nothing().without_tasks();
        if self.collect.cpu {
            kind = kind.with_cpu();
        }
        if self.collect.memory {
            kind = kind.with_memory();
        }
        if self.collect.command {
            kind = kind.with_cmd(UpdateKind::OnlyIfNotSet);
        }
        kind
    }

    /// Notes down who is there, and reads names and command lines anew where it is time to.
    fn renew(&mut self) {
        let mut due = Vec::new();
        for (&pid, process) in self.system.processes() {
            let known = Known::note(&mut self.known, process, self.scans);
            // sysinfo has just read those that are new, and a kernel thread cannot exec.
            let is_new = known.scans == 0;
            let is_young = known.scans <= YOUNG_SCANS;
            let is_its_turn = pid.as_u32().wrapping_add(self.scans) % ROUND_SCANS == 0;
            known.scans = known.scans.saturating_add(1);
            if !is_new && (is_young || is_its_turn) && process.thread_kind().is_none() {
                due.push(pid);
            }
        }
        if self.known.len() > self.system.processes().len() {
            let scans = self.scans;
            self.known.retain(|_, known| known.last_scan == scans);
            self.renewed.retain(|pid, _| self.known.contains_key(pid));
        }
        // Nothing ever execs on Windows, and every look costs an open handle there.
        if due.is_empty() || cfg!(windows) {
            return;
        }
        let Ok(mut anew) = System::new() else {
            return; // What was known stands, and the next round tries again.
        };
        let mut kind = ProcessRefreshKind::nothing().without_tasks().with_cpu();
        if self.collect.command {
            kind = kind.with_cmd(UpdateKind::Always);
        }
        anew.refresh_processes_specifics(ProcessesToUpdate::Some(&due), true, kind);
        for (&pid, now) in anew.processes() {
            if let Some(before) = self.system.process(pid)
                && is_surely_the_same(before, now)
            {
                self.note_renewed(pid, Named::of(now));
            }
        }
    }

    fn note_renewed(&mut self, pid: Pid, mut named: Named) {
        let Some(process) = self.system.process(pid) else {
            return;
        };
        let outdated = Named::of(process);
        if named.name.is_empty() {
            named.name.clone_from(&outdated.name);
        }
        if named.command.is_empty() {
            // A zombie has lost its command line, and one caught while it execs has none yet.
            match self.renewed.get(&pid) {
                Some(renewed) => named.command.clone_from(&renewed.named.command),
                None => named.command.clone_from(&outdated.command),
            }
        }
        if named == outdated {
            self.renewed.remove(&pid);
        } else {
            let start_time = process.start_time();
            let renewed = Renewed {
                start_time,
                outdated,
                named,
            };
            self.renewed.insert(pid, renewed);
        }
    }

    /// Hands over the row of one process, and counts the fields that should be there and are not.
    fn hand_over(&mut self, pid: Pid, hand_over: &mut dyn FnMut(Row<'_>)) -> Shown {
        let Some(process) = self.system.process(pid) else {
            return Shown::Gone;
        };
        if process.thread_kind() == Some(ThreadKind::Userland) {
            return Shown::Gone;
        }
        let Some(start_rest_ms) = self.known.get(&pid).and_then(|known| known.start_rest_ms) else {
            return Shown::NotReadable;
        };
        let is_opened = process.start_time() != 0;
        let is_kernel_thread = process.thread_kind() == Some(ThreadKind::Kernel);
        let status = status(process.status());
        join(process.cmd(), &mut self.command);
        let mut name = process.name().as_encoded_bytes();
        let mut command = &self.command[..];
        if let Some(renewed) = self.renewed.get(&pid)
            && renewed.start_time == process.start_time()
            && renewed.outdated.name == name
            && renewed.outdated.command == command
        {
            name = &renewed.named.name;
            command = &renewed.named.command;
        }
        let row = ProcessRow {
            pid: pid.as_u32(),
            start_time_ms: is_opened.then(|| {
                let start_time_ms = process.start_time().saturating_mul(1000);
                start_time_ms.saturating_add(start_rest_ms)
            }),
            parent_pid: self.parent(process),
            name: known_unless_empty(name),
            command: match self.collect.command {
                true if is_kernel_thread => Reading::Known(&[]),
                true => known_unless_empty(command),
                false => Reading::Unknown,
            },
            status,
            cpu_time_ns: (is_opened && self.collect.cpu)
                .then(|| process.accumulated_cpu_time().saturating_mul(1_000_000)),
            rss_bytes: (is_opened && self.collect.memory).then(|| process.memory()),
            kernel_thread: cfg!(target_os = "linux").then_some(is_kernel_thread),
        };
        let may_lack_command = !self.collect.command || status == Some(Status::Zombie);
        let unreadable = [
            row.start_time_ms.is_none(),
            row.name == Reading::Unknown,
            row.command == Reading::Unknown && !may_lack_command,
            row.cpu_time_ns.is_none() && self.collect.cpu,
            row.rss_bytes.is_none() && self.collect.memory,
        ];
        hand_over(Row::Process(row));
        Shown::Row {
            unreadable_fields: unreadable.into_iter().map(u32::from).sum(),
        }
    }

    fn parent(&self, process: &Process) -> Option<u32> {
        let parent = process.parent()?;
        // Windows keeps the pid of a parent that is long gone, and may have given it to another.
        if cfg!(windows)
            && self
                .system
                .process(parent)
                .is_none_or(|parent| parent.start_time() > process.start_time())
        {
            return None;
        }
        Some(parent.as_u32())
    }
}

impl Source for SysinfoSource {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("sysinfo")
            .with_start_time_resolution_ms(platform::START_TIME_RESOLUTION_MS)
            .with_own_pid(Some(self.own_pid.as_u32()))
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        let kind = self.refresh_kind();
        let updated = self
            .system
            .refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        if updated == 0 {
            return Err(platform::why_nothing());
        }
        self.scans = self.scans.wrapping_add(1);
        self.renew();
        let mut seen = Seen {
            started_total: platform::started_total(),
            ..Seen::default()
        };
        let pids: Vec<Pid> = self.system.processes().keys().copied().collect();
        for pid in pids {
            match self.hand_over(pid, hand_over) {
                Shown::Row { unreadable_fields } => seen.unreadable_fields += unreadable_fields,
                Shown::NotReadable | Shown::Gone => {}
            }
        }
        Ok(seen)
    }

    fn recheck(&mut self, pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let mut pids: Vec<Pid> = pids.iter().copied().map(Pid::from_u32).collect();
        pids.sort_unstable();
        pids.dedup(); // A pid named twice is removed while it lives.
        let kind = self.refresh_kind();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, kind);
        for pid in pids {
            let shown = match self.system.process(pid) {
                Some(process) => {
                    Known::note(&mut self.known, process, self.scans);
                    self.hand_over(pid, hand_over)
                }
                None => Shown::NotReadable,
            };
            if matches!(shown, Shown::NotReadable) && platform::is_there(pid.as_u32())? {
                hand_over(Row::Unreadable { pid: pid.as_u32() });
            }
        }
        Ok(Recheck::Done)
    }
}

impl Known {
    /// Notes down that a process is there.
    fn note<'k>(
        all: &'k mut HashMap<Pid, Self, RandomState>,
        process: &Process,
        scan: u32,
    ) -> &'k mut Self {
        let start_time = process.start_time();
        let fresh = || Self {
            start_time,
            start_rest_ms: None,
            is_settled: false,
            scans: 0,
            last_scan: scan,
        };
        let known = all.entry(process.pid()).or_insert_with(fresh);
        if known.start_time != start_time {
            *known = fresh();
        }
        known.last_scan = scan;
        if !known.is_settled {
            known.settle(process);
        }
        known
    }

    /// Completes the start time.
    fn settle(&mut self, process: &Process) {
        let rest_ms = platform::start_rest_ms(process.pid().as_u32());
        if rest_ms.is_some() && rest_ms != self.start_rest_ms {
            (self.start_rest_ms, self.scans) = (rest_ms, 0);
        }
        // Its run time was reckoned before: if it was more than a second then, the second it
        // started in is over now.
        self.is_settled = rest_ms.is_some() && process.run_time() > 1;
    }
}

impl Named {
    fn of(process: &Process) -> Self {
        let mut command = Vec::new();
        join(process.cmd(), &mut command);
        Self {
            name: process.name().as_encoded_bytes().to_vec(),
            command,
        }
    }
}

/// Whether a second `System` read the process that the first one has, and not one that got its pid
/// in between. Two `System`s may differ by a second in what they make of one start time.
fn is_surely_the_same(before: &Process, now: &Process) -> bool {
    before.start_time().abs_diff(now.start_time()) <= 1
        && before.accumulated_cpu_time() <= now.accumulated_cpu_time()
        && before.parent() == now.parent()
}

fn join(args: &[impl AsRef<OsStr>], joined: &mut Vec<u8>) {
    joined.clear();
    for arg in args {
        joined.extend_from_slice(arg.as_ref().as_encoded_bytes());
        joined.push(0);
    }
}

fn known_unless_empty(bytes: &[u8]) -> Reading<&[u8]> {
    match bytes {
        [] => Reading::Unknown,
        _ => Reading::Known(bytes),
    }
}

fn status(status: ProcessStatus) -> Option<Status> {
    // It says `Run` of everything there.
    if cfg!(windows) {
        return None;
    }
    Some(match status {
        ProcessStatus::Run => Status::Running,
        ProcessStatus::Sleep => Status::Sleeping,
        ProcessStatus::Idle => Status::Idle,
        ProcessStatus::Stop | ProcessStatus::Suspended => Status::Stopped,
        ProcessStatus::Tracing => Status::Traced,
        ProcessStatus::Zombie => Status::Zombie,
        ProcessStatus::Dead => Status::Dead,
        ProcessStatus::UninterruptibleDiskSleep => Status::DiskSleep,
        ProcessStatus::Unknown(_) => return None,
        _ => Status::Other,
    })
}

fn cannot_start(error: sysinfo::Error) -> Error {
    const WHAT: &str = "sysinfo cannot start on this host";
    match error {
        sysinfo::Error::Io(error) => Error::from_io(WHAT, error),
        sysinfo::Error::Unsupported => Error::new(ErrorClass::Unsupported, WHAT)
            .with_advice("Linux, macOS, Windows and FreeBSD are supported"),
        error => Error::new(ErrorClass::SourceGone, WHAT).with_source(error),
    }
}

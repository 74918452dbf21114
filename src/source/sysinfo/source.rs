//! The source `sysinfo`: one scan after another.

use std::collections::HashMap;
use std::fmt;

use ahash::RandomState;
use sysinfo::{
    Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, ThreadKind, UpdateKind,
};

use super::fresh::Fresh;
#[cfg(target_os = "linux")]
use super::linux as platform;
#[cfg(not(target_os = "linux"))]
use super::other as platform;
use super::status::status;
use crate::config::Collect;
use crate::model::{Error, ErrorClass, Resources, Result, Status, Timestamp};
use crate::source::{ProcessRow, Reading, Recheck, Row, Seen, Source, SourceInfo};

/// In so many scans after its first a process's name and command line are read anew.
const YOUNG_SCANS: u8 = 3;

/// In so many scans the name and command line of every older process are read anew once.
const ROUND_SCANS: u32 = 60;

/// The processes of this host, as `sysinfo` sees them.
///
/// Start times are whole seconds, but on Linux, where they are read from `/proc/PID/stat` to
/// 10 ms. CPU time has steps of 10 ms there. Of a command line at most 1 MiB is read.
pub struct SysinfoSource {
    system: System,
    beside: platform::Beside,
    own_pid: Pid,
    collect: Collect,
    scans: u32,
    known: HashMap<Pid, Known, RandomState>,
}

/// What is remembered of each process.
#[derive(Debug)]
struct Known {
    /// Its start time as sysinfo tells it, in seconds.
    start_time: u64,
    /// Its start time as it is told.
    start_time_ms: Option<u64>,
    /// The second it started in is over: with a known start time nothing can come that looks the
    /// same.
    is_settled: bool,
    /// In how many scans it was handed over, as far as that matters.
    scans: u8,
    last_scan: u32,
}

/// What came of handing over a process that sysinfo lists.
enum Shown {
    Row {
        unreadable_fields: u32,
    },
    /// It has just gone, it could not be read, or another has its pid by now. What sysinfo has of it
    /// and what is read beside would not be of one process.
    NotReadable,
    /// A thread, which has the pid of a process that was.
    Gone,
}

/// What sysinfo holds of other people's processes is left out.
impl fmt::Debug for SysinfoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SysinfoSource")
            .field("collect", &self.collect)
            .field("processes", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl SysinfoSource {
    /// The processes of this host; `collect` says what is read of each.
    ///
    /// # Errors
    ///
    /// Of class [`Unsupported`](ErrorClass::Unsupported) where sysinfo does not know this system,
    /// and of the class of the system's error where it cannot start.
    pub fn new(collect: Collect) -> Result<Self> {
        let mut system = System::new().map_err(cannot_start)?;
        let own_pid = Pid::from_u32(platform::own_pid());
        let beside = platform::Beside::new(&mut system, own_pid)?;
        Ok(Self {
            system,
            beside,
            own_pid,
            collect,
            scans: 0,
            known: HashMap::default(),
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
        if self.collect.command && !platform::READS_COMMANDS {
            kind = kind.with_cmd(UpdateKind::OnlyIfNotSet);
        }
        kind
    }

    /// Whether start time, name and command line of a process are read now.
    fn is_due(&self, pid: Pid, process: &Process) -> bool {
        let Some(known) = self.known.get(&pid) else {
            return true;
        };
        if known.start_time != process.start_time()
            || !known.is_settled
            // It was not handed over in the scan before, so that nothing can be the same.
            || known.last_scan != self.scans.wrapping_sub(1)
        {
            return true;
        }
        let turn = pid.as_u32().wrapping_add(self.scans);
        let is_its_turn = turn.is_multiple_of(ROUND_SCANS);
        // As a rule a kernel thread does not exec, and nothing does on Windows.
        (known.scans <= YOUNG_SCANS || is_its_turn)
            && process.thread_kind().is_none()
            && !cfg!(windows)
    }

    /// Hands over the row of one process.
    fn hand_over(&mut self, pid: Pid, is_due: bool, hand_over: &mut dyn FnMut(Row<'_>)) -> Shown {
        let Some(process) = self.system.process(pid) else {
            return Shown::NotReadable;
        };
        if process.thread_kind() == Some(ThreadKind::Userland) {
            return Shown::Gone;
        }
        let is_kernel_thread = process.thread_kind() == Some(ThreadKind::Kernel);
        let with_command = self.collect.command && !is_kernel_thread;
        let start_time = process.start_time();
        let parent_pid = self.parent(process);
        let known = self.known.get(&pid);
        // Or it was not handed over of late, so that nothing can be said to be the same.
        let is_new = known.is_none_or(|known| {
            known.start_time != start_time || self.scans.wrapping_sub(known.last_scan) > 1
        });
        let fresh = match known {
            Some(known) if !is_due => Fresh {
                start_time_ms: known.start_time_ms,
                name: Reading::Same,
                command: Reading::Same,
                is_settled: known.is_settled,
            },
            _ => match self.beside.read(process, is_new, with_command) {
                Some(fresh) => fresh,
                None => return Shown::NotReadable,
            },
        };
        let status = status(process.status());
        // One that could not be opened has a start time of 0, and then all its numbers are 0.
        let is_opened = start_time != 0;
        let row = ProcessRow {
            pid: pid.as_u32(),
            start_time_ms: fresh.start_time_ms,
            parent_pid,
            name: fresh.name,
            command: match self.collect.command {
                true if is_kernel_thread => Reading::Known(&[]),
                true => fresh.command,
                false => Reading::Unknown,
            },
            status,
            cpu_time_ns: (is_opened && self.collect.cpu)
                .then(|| process.accumulated_cpu_time().saturating_mul(1_000_000)),
            resources: Resources {
                rss_bytes: (is_opened && self.collect.memory).then(|| process.memory()),
                ..Resources::default()
            },
            kernel_thread: cfg!(target_os = "linux").then_some(is_kernel_thread),
        };
        let may_lack_command = !self.collect.command || status == Some(Status::Zombie);
        let unreadable = [
            row.start_time_ms.is_none(),
            row.name == Reading::Unknown,
            row.command == Reading::Unknown && !may_lack_command,
            row.cpu_time_ns.is_none() && self.collect.cpu,
            row.resources.rss_bytes.is_none() && self.collect.memory,
        ];
        hand_over(Row::Process(row));
        let is_the_same = known.is_some_and(|known| known.start_time_ms == fresh.start_time_ms);
        let now = Known {
            start_time,
            start_time_ms: fresh.start_time_ms,
            is_settled: fresh.is_settled,
            scans: match known {
                Some(known) if is_the_same => known.scans.saturating_add(1),
                _ => 1,
            },
            last_scan: self.scans,
        };
        self.known.insert(pid, now);
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
            .with_own_pid(self.own_pid.as_u32())
    }

    fn now(&mut self) -> Timestamp {
        self.beside.now()
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        // Before the processes are, so that it counts none that they can lack.
        let started_total = platform::started_total();
        let kind = self.refresh_kind();
        let updated = self
            .system
            .refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        self.scans = self.scans.wrapping_add(1);
        if updated == 0 {
            return Err(platform::why_nothing());
        }
        let processes = self.system.processes().iter();
        let listed: Vec<(Pid, bool)> = processes
            .map(|(&pid, process)| (pid, self.is_due(pid, process)))
            .collect();
        let due = listed.iter().filter(|(_, is_due)| *is_due);
        self.beside
            .prepare(due.map(|(pid, _)| *pid), self.collect.command);
        let mut seen = Seen {
            started_total,
            ..Seen::default()
        };
        for &(pid, is_due) in &listed {
            if let Shown::Row { unreadable_fields } = self.hand_over(pid, is_due, hand_over) {
                seen.unreadable_fields += unreadable_fields;
            }
        }
        if self.known.len() > listed.len() {
            let system = &self.system;
            self.known.retain(|&pid, _| system.process(pid).is_some());
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
        self.beside
            .prepare(pids.iter().copied(), self.collect.command);
        for pid in pids {
            let shown = self.hand_over(pid, true, hand_over);
            if matches!(shown, Shown::NotReadable) && platform::is_there(pid.as_u32())? {
                hand_over(Row::Unreadable { pid: pid.as_u32() });
            }
        }
        // Elsewhere than on Linux it is the same look that missed them: no proof.
        Ok(match platform::KNOWS_WHO_IS_GONE {
            true => Recheck::Done,
            false => Recheck::NotAble,
        })
    }
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

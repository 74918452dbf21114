//! The source `sysinfo`.

use std::collections::HashMap;
use std::fmt;

use ahash::RandomState;
use sysinfo::{
    Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, ThreadKind, UpdateKind,
};

use super::fresh::{Fresh, Zombie};
#[cfg(target_os = "linux")]
use super::linux as platform;
use super::lives::{Known, Listed};
#[cfg(not(target_os = "linux"))]
use super::other as platform;
use super::refresh::RefreshTime;
use super::status::status;
use crate::config::Collect;
use crate::model::{Error, ErrorClass, Resources, Result, Status, Timestamp};
use crate::source::exited::{Exited, within_tick};
use crate::source::{ProcessRow, Reading, Recheck, Row, ScanSummary, Source, SourceInfo};

/// Reads the processes of this host with the crate sysinfo.
///
/// Start times are whole seconds; on Linux they are read from `/proc/PID/stat`, with a resolution
/// of 10 ms. CPU time has steps of 10 ms there, and at most 1 MiB of a command line is read.
pub struct SysinfoSource {
    system: System,
    supplement: platform::Supplement,
    own_pid: Pid,
    collect: Collect,
    scans: u32,
    known: HashMap<Pid, Known, RandomState>,
    /// Processes that have exited, and whose pid and start time another one can have.
    exited: Exited,
}

/// The result of emitting a process that sysinfo lists.
enum Emitted {
    Row {
        unreadable_fields: u32,
    },
    /// The process has exited, could not be read, or its pid was reused. sysinfo's values and those
    /// read beside it would not be of one process.
    NotReadable,
    /// A thread, which has the pid of an exited process.
    Gone,
}

/// Omits what sysinfo holds of other users' processes.
impl fmt::Debug for SysinfoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SysinfoSource")
            .field("collect", &self.collect)
            .field("processes", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl SysinfoSource {
    /// Creates a source for this host. `collect` selects the fields.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Unsupported`](ErrorClass::Unsupported) if sysinfo does not support
    /// this system, otherwise of the class of the system's error.
    pub fn new(collect: Collect) -> Result<Self> {
        let mut system = System::new().map_err(cannot_start)?;
        let own_pid = Pid::from_u32(platform::own_pid());
        let supplement = platform::Supplement::new(&mut system, own_pid)?;
        Ok(Self {
            system,
            supplement,
            own_pid,
            collect,
            scans: 0,
            known: HashMap::default(),
            exited: Exited::default(),
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

    fn listed(&self, pid: Pid, process: &Process) -> Listed {
        let cpu_ns = self.supplement.cpu_ns(process);
        let known = self.known.get(&pid);
        Listed {
            pid,
            is_due: known.is_none_or(|known| known.is_due(process, cpu_ns, self.scans)),
            cpu_ns,
        }
    }

    /// Emits the row of one process.
    fn emit_row(
        &mut self,
        listed: Listed,
        read_at_ns: u64,
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Emitted {
        let Listed {
            pid,
            is_due,
            cpu_ns,
        } = listed;
        let Some(process) = self.system.process(pid) else {
            return Emitted::NotReadable;
        };
        let known_zombie = self
            .known
            .get(&pid)
            .is_some_and(|known| known.is_zombie && known.start_time == process.start_time());
        // sysinfo reads the state of the first thread, and others may live.
        let zombie = match status(process.status()) {
            Some(Status::Zombie) if known_zombie => Some(Zombie::Final),
            Some(Status::Zombie) => Some(self.supplement.zombie(process)),
            _ => None,
        };
        if process.thread_kind() == Some(ThreadKind::Userland) {
            return Emitted::Gone;
        }
        let is_kernel_thread = process.thread_kind() == Some(ThreadKind::Kernel);
        let with_command = self.collect.command && !is_kernel_thread;
        let start_time = process.start_time();
        let parent_pid = self.parent(process);
        let known = self.known.get(&pid);
        // A process that recent scans did not emit counts as new, so all fields are emitted.
        let is_new = known.is_none_or(|known| {
            known.start_time != start_time || self.scans.wrapping_sub(known.last_scan) > 1
        });
        let fresh = match known {
            Some(known) if !is_due => Fresh {
                start_time_ms: known.read_start_ms,
                name: Reading::Unchanged,
                command: Reading::Unchanged,
                identity: None,
                is_settled: known.is_settled,
            },
            _ => match self.supplement.read(process, is_new, with_command) {
                Some(fresh) => fresh,
                None => return Emitted::NotReadable,
            },
        };
        let identity = fresh
            .identity
            .or_else(|| known.filter(|_| !is_new)?.identity);
        let nth = fresh.start_time_ms.map_or(0, |start_ms| match known {
            Some(known) if known.read_start_ms == fresh.start_time_ms => known.nth_of(identity),
            _ => self.exited.count(pid.as_u32(), start_ms),
        });
        let start_time_ms = fresh
            .start_time_ms
            .map(|start_ms| within_tick(start_ms, nth));
        // A process that could not be opened has a start time of 0, and all its numbers are 0.
        let is_opened = start_time != 0;
        let (status, rss_bytes) = match zombie {
            Some(Zombie::Lives { status, rss_bytes }) => (status, rss_bytes),
            _ => {
                let rss_bytes = is_opened.then(|| process.memory());
                (status(process.status()), rss_bytes)
            }
        };
        let row = ProcessRow {
            pid: pid.as_u32(),
            start_time_ms,
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
            read_at_ns: Some(read_at_ns),
            resources: Resources {
                rss_bytes: rss_bytes.filter(|_| self.collect.memory),
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
        emit(Row::Process(row));
        let is_the_same = known.is_some_and(|known| known.start_time_ms == start_time_ms);
        let now = Known {
            start_time,
            read_start_ms: fresh.start_time_ms,
            start_time_ms,
            nth,
            identity,
            is_settled: fresh.is_settled,
            is_zombie: matches!(zombie, Some(Zombie::Final)),
            cpu_ns,
            scans: match known {
                Some(known) if is_the_same => known.scans.saturating_add(1),
                _ => 1,
            },
            last_scan: self.scans,
        };
        self.known.insert(pid, now);
        Emitted::Row {
            unreadable_fields: unreadable.into_iter().map(u32::from).sum(),
        }
    }

    /// Returns whether a process still lives that could not be read.
    fn is_hidden(&mut self, pid: Pid) -> Result<bool> {
        if !self.supplement.exists(pid.as_u32())? {
            return Ok(false);
        }
        let Some(known) = self.known.get_mut(&pid) else {
            return Ok(true);
        };
        known.last_scan = self.scans;
        Ok(!known.is_replaced(pid, &self.supplement))
    }

    fn parent(&self, process: &Process) -> Option<u32> {
        let parent = process.parent()?;
        // Windows keeps the pid of a parent that has exited, and may have reused it.
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
        self.supplement.now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        // Before the processes are listed, so that it counts none that the list lacks.
        let started_total = platform::started_total();
        let kind = self.refresh_kind();
        let (time, updated) = RefreshTime::measure(|| {
            self.system
                .refresh_processes_specifics(ProcessesToUpdate::All, true, kind)
        });
        self.scans = self.scans.wrapping_add(1);
        if updated == 0 {
            return Err(platform::empty_list_error());
        }
        let processes = self.system.processes().iter();
        let mut listed: Vec<Listed> = processes
            .map(|(&pid, process)| self.listed(pid, process))
            .collect();
        listed.sort_unstable_by_key(|listed| listed.pid);
        let due = listed.iter().filter(|listed| listed.is_due);
        self.supplement
            .prepare(due.map(|listed| listed.pid), self.collect.command);
        let mut seen = ScanSummary {
            started_total,
            ..ScanSummary::default()
        };
        let count = listed.len();
        for (rank, listed) in listed.into_iter().enumerate() {
            let read_at_ns = time.of_rank(rank, count);
            if let Emitted::Row { unreadable_fields } = self.emit_row(listed, read_at_ns, emit) {
                seen.unreadable_fields += unreadable_fields;
            }
        }
        self.exited.end_scan(time.began_ns());
        // A recheck removes those that have exited, and keeps the hidden ones.
        if self.known.len() > count {
            let (system, scans) = (&self.system, self.scans);
            self.known.retain(|&pid, known| {
                system.process(pid).is_some() || scans.wrapping_sub(known.last_scan) <= 1
            });
        }
        Ok(seen)
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let mut pids: Vec<Pid> = pids.iter().copied().map(Pid::from_u32).collect();
        pids.sort_unstable();
        pids.dedup(); // A pid named twice is removed while it lives.
        let kind = self.refresh_kind();
        let (time, _) = RefreshTime::measure(|| {
            self.system
                .refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, kind)
        });
        let count = pids.len();
        self.supplement
            .prepare(pids.iter().copied(), self.collect.command);
        for (rank, pid) in pids.into_iter().enumerate() {
            let read_at_ns = time.of_rank(rank, count);
            let listed = Listed {
                pid,
                is_due: true,
                cpu_ns: self
                    .system
                    .process(pid)
                    .and_then(|process| self.supplement.cpu_ns(process)),
            };
            match self.emit_row(listed, read_at_ns, emit) {
                Emitted::Row { .. } => {}
                Emitted::NotReadable if self.is_hidden(pid)? => {
                    emit(Row::Unreadable { pid: pid.as_u32() });
                }
                Emitted::NotReadable | Emitted::Gone => {
                    if let Some(known) = self.known.remove(&pid)
                        && let Some(start_ms) = known.read_start_ms
                        && platform::RECHECK_IS_PROOF
                    {
                        let now_ns = Timestamp::monotonic_now_ns();
                        self.exited.add(pid.as_u32(), start_ms, known.nth, now_ns);
                    }
                }
            }
        }
        // Except on Linux, the recheck uses the same way as the scan, so it is no proof.
        Ok(match platform::RECHECK_IS_PROOF {
            true => Recheck::Done,
            false => Recheck::Unsupported,
        })
    }
}

fn cannot_start(error: sysinfo::Error) -> Error {
    const WHAT: &str = "cannot start sysinfo on this host";
    const ADVICE: &str = "check that this program may list processes";
    match error {
        sysinfo::Error::Io(error) => Error::from_io(WHAT, error).with_advice(ADVICE),
        sysinfo::Error::Unsupported => Error::new(ErrorClass::Unsupported, WHAT)
            .with_advice("use Linux, macOS, Windows or FreeBSD"),
        error => Error::new(ErrorClass::SourceGone, WHAT)
            .with_source(error)
            .with_advice(ADVICE),
    }
}

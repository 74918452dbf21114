//! The source `sysinfo`.

use std::collections::HashMap;
use std::fmt;

use ahash::RandomState;
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::known::Known;
#[cfg(target_os = "linux")]
use super::linux as platform;
use super::listed::{Emitted, Listed};
use super::optional::{HAS, refreshed};
#[cfg(not(target_os = "linux"))]
use super::other as platform;
use super::refresh::RefreshTime;
use crate::model::{Collect, Detail, Error, ErrorClass, Result, Timestamp, Unreadable};
use crate::source::exited::Exited;
use crate::source::{HostInfo, Recheck, Row, ScanSummary, Source, SourceInfo};

/// Reads the processes of this host with the crate sysinfo.
///
/// Start times are whole seconds; on Linux they are read from `/proc/PID/stat`, with a resolution
/// of 10 ms. CPU time has steps of 10 ms there, and at most 1 MiB of a command line is read.
pub struct SysinfoSource {
    pub(super) system: System,
    pub(super) supplement: platform::Supplement,
    pub(super) own_pid: Pid,
    host: HostInfo,
    pub(super) collect: Collect,
    pub(super) scans: u32,
    pub(super) known: HashMap<Pid, Known, RandomState>,
    /// Processes that have exited, and whose pid and start time another one can have.
    pub(super) exited: Exited,
    /// Groups of optional fields that some processes lack, as logged.
    logged: Collect,
    /// CPU time of threads that was already reported.
    reported_cpu_ns: u64,
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
    /// The groups of fields that it has on this system.
    pub(in crate::source) const HAS: Collect = HAS;

    /// Creates a source for this host. `collect` selects the fields.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Unsupported`](ErrorClass::Unsupported) if sysinfo does not support
    /// this system, otherwise of the class of the system's error.
    pub fn new(collect: Collect) -> Result<Self> {
        let mut system = System::new().map_err(cannot_start)?;
        let own_pid = Pid::from_u32(platform::own_pid());
        let supplement = platform::Supplement::new(&mut system, own_pid, collect)?;
        Ok(Self {
            system,
            supplement,
            own_pid,
            host: platform::host(),
            collect,
            scans: 0,
            known: HashMap::default(),
            exited: Exited::default(),
            logged: Collect::NONE,
            reported_cpu_ns: 0,
        })
    }

    fn refresh_kind(&self) -> ProcessRefreshKind {
        let mut kind = ProcessRefreshKind::nothing().without_tasks();
        if self.collect.contains(Collect::CPU) {
            kind = kind.with_cpu();
        }
        if self.collect.contains(Collect::MEMORY) {
            kind = kind.with_memory();
        }
        if self.collect.contains(Collect::COMMAND) && !platform::READS_COMMANDS {
            kind = kind.with_cmd(UpdateKind::OnlyIfNotSet);
        }
        refreshed(kind, self.collect)
    }

    fn listed(&self, pid: Pid, process: &Process) -> Listed {
        let cpu = self.supplement.cpu(process);
        let known = self.known.get(&pid);
        Listed {
            pid,
            is_due: known.is_none_or(|known| known.is_due(process, cpu, self.scans)),
            cpu,
        }
    }

    /// Logs once of each group of optional fields that some processes lack.
    fn log_unreadable(&mut self, unreadable: &Unreadable) {
        for (name, _) in unreadable.iter() {
            let detail = Detail::named(name);
            let group = detail.and_then(|detail| detail.field().collect);
            if let Some(group) = group
                && let Some(bit) = Collect::named(group)
                && !self.logged.contains(bit)
            {
                self.logged |= bit;
                log::info!("{group} of some processes cannot be read");
            }
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
}

impl Source for SysinfoSource {
    fn info(&self) -> SourceInfo {
        let mut info = SourceInfo::new("sysinfo")
            .with_start_time_resolution_ms(platform::START_TIME_RESOLUTION_MS)
            .with_own_pid(self.own_pid.as_u32())
            .with_host(self.host.clone());
        info.collects = self.collect;
        info
    }

    fn now(&mut self) -> Timestamp {
        self.supplement.now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        // Before the processes are listed, so that it counts none that the list lacks.
        let started_total = platform::started_total();
        self.supplement.begin_scan();
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
        self.supplement.prepare(
            due.map(|listed| listed.pid),
            self.collect.contains(Collect::COMMAND),
        );
        let mut seen = ScanSummary {
            started_total,
            ..ScanSummary::default()
        };
        let count = listed.len();
        for (rank, listed) in listed.into_iter().enumerate() {
            let read_at_ns = time.of_rank(rank, count);
            if let Emitted::Row(unreadable) = self.emit_row(listed, read_at_ns, emit) {
                seen.count_all_unreadable(&unreadable);
            }
        }
        self.log_unreadable(&seen.unreadable);
        self.exited.end_scan(time.began_ns());
        let cpu_ns = self.supplement.thread_cpu_ns();
        seen.other_cpu_ns = cpu_ns - std::mem::replace(&mut self.reported_cpu_ns, cpu_ns);
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
        self.supplement.prepare(
            pids.iter().copied(),
            self.collect.contains(Collect::COMMAND),
        );
        for (rank, pid) in pids.into_iter().enumerate() {
            let read_at_ns = time.of_rank(rank, count);
            let listed = Listed {
                pid,
                is_due: true,
                cpu: self
                    .system
                    .process(pid)
                    .and_then(|process| self.supplement.cpu(process)),
            };
            match self.emit_row(listed, read_at_ns, emit) {
                Emitted::Row(_) => {}
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

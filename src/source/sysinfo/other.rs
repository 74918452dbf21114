//! Reads names and command lines again with a second `System`, where there is nothing better.

use std::ffi::OsStr;

use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System,
    UpdateKind,
};

use super::fresh::{CpuTime, Fresh, Judged};
use super::optional::EffectiveUser;
use crate::model::{Collect, Error, ErrorClass, Result, Timestamp};
use crate::source::{HostInfo, Reading};

pub(super) const START_TIME_RESOLUTION_MS: u64 = 1000;

/// sysinfo reads them.
pub(super) const READS_COMMANDS: bool = false;

/// A recheck has no other way than that of the scan.
pub(super) const RECHECK_IS_PROOF: bool = false;

/// Returns the facts about this host.
pub(super) fn host() -> HostInfo {
    let mut host = HostInfo {
        name: System::host_name().ok().filter(|name| !name.is_empty()),
        kernel: System::kernel_long_version().ok(),
        ..HostInfo::default()
    };
    if let Ok(mut system) = System::new() {
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        // sysinfo returns 0 for unknown values.
        let cpus = u32::try_from(system.cpus().len()).ok();
        host.cpus = cpus.filter(|&cpus| cpus > 0);
        host.memory_bytes = Some(system.total_memory()).filter(|&bytes| bytes > 0);
    }
    host
}

/// A second `System`, made for each scan in which something is due.
#[derive(Debug)]
pub(super) struct Supplement {
    second: Option<System>,
    name: Vec<u8>,
    command: Vec<u8>,
}

impl Supplement {
    pub(super) fn new(_system: &mut System, _own_pid: Pid, _collect: Collect) -> Result<Self> {
        Ok(Self {
            second: None,
            name: Vec::new(),
            command: Vec::new(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    pub(super) fn begin_scan(&mut self) {}

    pub(super) fn thread_cpu_ns(&self) -> u64 {
        0
    }

    /// Names are not looked up here.
    pub(super) fn user(&mut self, uid: u32) -> EffectiveUser {
        EffectiveUser {
            id: Some(uid.into()),
            name: None,
        }
    }

    /// sysinfo does not count threads here.
    pub(super) fn threads(&mut self, _process: &Process) -> Option<u64> {
        None
    }

    pub(super) fn prepare(&mut self, due: impl Iterator<Item = Pid>, with_command: bool) {
        self.second = None;
        let due: Vec<Pid> = due.collect();
        // On Windows each process costs an open handle, and there is no `exec`.
        if due.is_empty() || cfg!(windows) {
            return;
        }
        let mut kind = ProcessRefreshKind::nothing().without_tasks().with_cpu();
        if with_command {
            kind = kind.with_cmd(UpdateKind::Always);
        }
        // Without a second `System` the last values stay.
        if let Ok(mut second) = System::new() {
            second.refresh_processes_specifics(ProcessesToUpdate::Some(&due), true, kind);
            self.second = Some(second);
        }
    }

    /// sysinfo has no threads here.
    pub(super) fn judge(&mut self, _process: &Process) -> Judged {
        Judged::AsRead
    }

    /// Returns name and command line of a process that the first `System` has read.
    pub(super) fn read(
        &mut self,
        process: &Process,
        is_new: bool,
        with_command: bool,
    ) -> Option<Fresh<'_>> {
        let second = self
            .second
            .as_ref()
            .and_then(|second| second.process(process.pid()))
            .filter(|now| is_the_same(process, now));
        let start_time = process.start_time();
        let mut fresh = Fresh {
            start_time_ms: (start_time != 0).then(|| start_time.saturating_mul(1000)),
            name: Reading::Unchanged,
            command: Reading::Unchanged,
            threads: None,
            identity: None,
            is_settled: process.run_time() > 1,
        };
        if let Some(read) = second.or(is_new.then_some(process)) {
            join(&[read.name()], &mut self.name);
            self.name.pop();
            fresh.name = known_unless_empty(&self.name);
            if with_command {
                join(read.cmd(), &mut self.command);
                fresh.command = known_unless_empty(&self.command);
            }
        }
        Some(fresh)
    }

    /// Returns no CPU time. Reading names again costs a second `System`, so it is not done for every process that
    /// runs.
    pub(super) fn cpu(&self, _process: &Process) -> Option<CpuTime> {
        None
    }

    pub(super) fn clock_ns(&self, _pid: u32) -> Option<u64> {
        None
    }

    pub(super) fn identity(&self, _pid: u32) -> Option<u64> {
        None
    }

    pub(super) fn exists(&self, _pid: u32) -> Result<bool> {
        Ok(false)
    }
}

/// Returns whether a second `System` has read the same process, and not one that reused its pid in
/// between. Two `System`s can differ by a second in one start time.
fn is_the_same(before: &Process, now: &Process) -> bool {
    before.start_time().abs_diff(now.start_time()) <= 1
        && before.accumulated_cpu_time() <= now.accumulated_cpu_time()
        && before.parent() == now.parent()
}

/// Returns what was read. sysinfo has an empty text for one that it could not read.
fn known_unless_empty(bytes: &[u8]) -> Reading<&[u8]> {
    match bytes {
        [] => Reading::Unknown,
        _ => Reading::Known(bytes),
    }
}

fn join(args: &[impl AsRef<OsStr>], joined: &mut Vec<u8>) {
    joined.clear();
    for arg in args {
        joined.extend_from_slice(arg.as_ref().as_encoded_bytes());
        joined.push(0);
    }
}

pub(super) fn own_pid() -> u32 {
    std::process::id()
}

pub(super) fn empty_list_error() -> Error {
    Error::new(
        ErrorClass::SourceGone,
        "the system's list of processes is empty",
    )
    .with_advice("check that this program may list processes")
}

pub(super) fn started_total() -> Option<u64> {
    None
}

//! What sysinfo does not say again, asked of a second `System`, where there is nothing better.

use std::ffi::OsStr;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::fresh::Fresh;
use crate::model::{Error, ErrorClass, Result, Timestamp};
use crate::source::Reading;
use crate::source::row::known_unless_empty;

pub(super) const START_TIME_RESOLUTION_MS: u64 = 1000;

/// sysinfo has them.
pub(super) const READS_COMMANDS: bool = false;

/// There is no other way to look than the one that the scan took.
pub(super) const KNOWS_WHO_IS_GONE: bool = false;

/// A second `System`, made for each scan in which something is due.
#[derive(Debug)]
pub(super) struct Beside {
    anew: Option<System>,
    name: Vec<u8>,
    command: Vec<u8>,
}

impl Beside {
    pub(super) fn new(_system: &mut System, _own_pid: Pid) -> Result<Self> {
        Ok(Self {
            anew: None,
            name: Vec::new(),
            command: Vec::new(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    pub(super) fn prepare(&mut self, due: impl Iterator<Item = Pid>, with_command: bool) {
        self.anew = None;
        let due: Vec<Pid> = due.collect();
        // Every look costs an open handle on Windows, and nothing there ever execs.
        if due.is_empty() || cfg!(windows) {
            return;
        }
        let mut kind = ProcessRefreshKind::nothing().without_tasks().with_cpu();
        if with_command {
            kind = kind.with_cmd(UpdateKind::Always);
        }
        // Where it cannot be made, what was known stands.
        if let Ok(mut anew) = System::new() {
            anew.refresh_processes_specifics(ProcessesToUpdate::Some(&due), true, kind);
            self.anew = Some(anew);
        }
    }

    /// Name and command line of the process that the first `System` has read.
    pub(super) fn read(
        &mut self,
        process: &Process,
        is_new: bool,
        with_command: bool,
    ) -> Option<Fresh<'_>> {
        let anew = self
            .anew
            .as_ref()
            .and_then(|anew| anew.process(process.pid()))
            .filter(|now| is_surely_the_same(process, now));
        let start_time = process.start_time();
        let mut fresh = Fresh {
            start_time_ms: (start_time != 0).then(|| start_time.saturating_mul(1000)),
            name: Reading::Same,
            command: Reading::Same,
            is_settled: process.run_time() > 1,
        };
        if let Some(read) = anew.or(is_new.then_some(process)) {
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

pub(super) fn own_pid() -> u32 {
    std::process::id()
}

pub(super) fn why_nothing() -> Error {
    Error::new(
        ErrorClass::SourceGone,
        "the system listed no process at all",
    )
}

pub(super) fn started_total() -> Option<u64> {
    None
}

pub(super) fn is_there(_pid: u32) -> Result<bool> {
    Ok(false)
}

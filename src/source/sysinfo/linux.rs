//! What sysinfo does not say on Linux, asked of the kernel.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use super::fresh::Fresh;
use crate::model::{Error, ErrorClass, Result, Timestamp};
use crate::source::Reading;
use crate::source::linux::{
    Boot, KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, Stat, TICK_MS, cut_empty_end, since_ms, started_in,
};
use crate::source::row::known_unless_empty;

pub(super) const START_TIME_RESOLUTION_MS: u64 = TICK_MS;

/// Command lines are read here, and only so much of them as is needed.
pub(super) const READS_COMMANDS: bool = true;

/// What [`is_there`] says is certain.
pub(super) const KNOWS_WHO_IS_GONE: bool = true;

/// Why a refresh came back with nothing.
pub(super) fn why_nothing() -> Error {
    match look() {
        Err(error) => {
            Error::from_io("cannot list the processes in /proc", error).with_advice(ADVICE)
        }
        Ok(()) => Error::new(ErrorClass::SourceGone, "/proc listed no process at all"),
    }
}

/// Looks as sysinfo does, which keeps to itself why it saw nothing: it needs three descriptors at
/// once, for the list, a process's folder and a file in it.
fn look() -> io::Result<()> {
    let _list = fs::read_dir("/proc")?;
    let _folder = fs::File::open("/proc/self")?;
    fs::read("/proc/self/stat").map(drop)
}

/// Reads of `/proc` what sysinfo does not tell.
#[derive(Debug)]
pub(super) struct Beside {
    /// What sysinfo adds to whole seconds since boot.
    boot_time: u64,
    boot: Boot,
    stat: Vec<u8>,
    command: Vec<u8>,
}

impl Beside {
    pub(super) fn new(system: &mut System, own_pid: sysinfo::Pid) -> Result<Self> {
        const WHAT: &str = "cannot learn from /proc when this process started";
        let mut beside = Self {
            boot_time: 0,
            boot: Boot::now(),
            stat: Vec::new(),
            command: Vec::new(),
        };
        let ticks = beside
            .ticks(own_pid.as_u32())
            .map_err(|error| Error::from_io(WHAT, error).with_advice(ADVICE))?;
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own_pid]), true, kind);
        let own = system.process(own_pid).ok_or_else(|| {
            let error = match look() {
                Err(error) => Error::from_io(WHAT, error),
                Ok(()) => Error::new(ErrorClass::SourceGone, WHAT),
            };
            error.with_advice(ADVICE)
        })?;
        // Whatever it takes for the boot time, it adds it to all start times alike.
        beside.boot_time = own.start_time().saturating_sub(ticks / 100);
        Ok(beside)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.boot.timestamp()
    }

    pub(super) fn prepare(&mut self, _due: impl Iterator<Item = sysinfo::Pid>, _command: bool) {
        if self.command.capacity() > KEPT_COMMAND_BYTES {
            self.command = Vec::new();
        }
    }

    /// Start time, name and command line of the process that sysinfo has read; `None` if it has gone
    /// or another has its pid.
    pub(super) fn read(
        &mut self,
        process: &sysinfo::Process,
        _is_new: bool,
        with_command: bool,
    ) -> Option<Fresh<'_>> {
        let pid = process.pid().as_u32();
        let since_boot_s = since_ms() / 1000;
        let ticks = self.ticks(pid).ok()?;
        if process.start_time() != self.boot_time.saturating_add(ticks / 100) {
            return None;
        }
        let mut command = Reading::Unknown;
        if with_command {
            self.command.clear();
            let file = fs::File::open(format!("/proc/{pid}/cmdline"));
            let read = file.and_then(|file| {
                file.take(MAX_COMMAND_BYTES as u64)
                    .read_to_end(&mut self.command)
            });
            // Whose it is, is known only if the process has not changed in the meantime.
            if self.ticks(pid).ok()? != ticks {
                return None;
            }
            cut_empty_end(&mut self.command);
            if read.is_ok() {
                command = known_unless_empty(&self.command);
            }
        }
        Some(Fresh {
            start_time_ms: Some(self.boot.start_time_ms(ticks)),
            name: known_unless_empty(Stat::parse(&self.stat)?.name),
            command,
            // Reckoned from before it was read: nothing can come any more that starts in that second.
            is_settled: since_boot_s > ticks / 100 + 1,
        })
    }

    /// When a process started: field 22 of `/proc/PID/stat`, in ticks of 10 ms since boot
    /// (proc_pid_stat(5)). sysinfo makes whole seconds of the same number.
    fn ticks(&mut self, pid: u32) -> io::Result<u64> {
        self.stat.clear();
        let mut file = fs::File::open(format!("/proc/{pid}/stat"))?;
        file.read_to_end(&mut self.stat)?;
        let stat = Stat::parse(&self.stat);
        let ticks = stat.map(|stat| stat.start_ticks);
        ticks.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

const ADVICE: &str = "check that /proc is mounted and that file descriptors are left";

/// Our pid as `/proc` has it, which can be that of another pid namespace.
pub(super) fn own_pid() -> u32 {
    fs::read_link("/proc/self")
        .ok()
        .and_then(|path| path.to_str()?.parse().ok())
        .unwrap_or_else(std::process::id)
}

pub(super) fn started_total() -> Option<u64> {
    started_in(&fs::read("/proc/stat").ok()?)
}

/// Whether there is a process with this pid. It takes no descriptor to find out.
pub(super) fn is_there(pid: u32) -> Result<bool> {
    if exists(&format!("/proc/{pid}"))? {
        return Ok(true);
    }
    // Where /proc is not itself, its silence says nothing.
    if !exists("/proc/self/stat")? {
        return Err(Error::new(
            ErrorClass::SourceGone,
            "/proc is not mounted, so missing processes cannot be looked for",
        ));
    }
    // Every pid namespace has a process 1. If it does not show, other users' processes are hidden
    // (`hidepid`, proc_pid(5)), and only a signal that is not sent can find them: kill(2), EPERM.
    // One that could be sent would be for a process of our own, which would show.
    if exists("/proc/1")? {
        return Ok(false);
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::PERM)))
}

fn exists(path: &str) -> Result<bool> {
    Path::new(path)
        .try_exists()
        .map_err(|error| Error::from_io(format!("cannot look for {path}"), error))
}

//! Reads from the kernel what sysinfo does not report, on Linux.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use super::fresh::{CpuTime, Fresh, Judged};
use super::optional::EffectiveUser;
use super::users::Users;
use crate::model::{Collect, Error, ErrorClass, Result, Status, Timestamp};
use crate::source::exited::TICK_MS;
use crate::source::linux::{
    Boot, CpuClock, Folder, KEPT_COMMAND_BYTES, LivingThread, MAX_COMMAND_BYTES, Procfs, Stat,
    Unread, after_boot_ms, cpu_clock, host_info, identity, resident_pages, since_ms, started_in,
    trim_command, usual_is_ours,
};
use crate::source::{HostInfo, Reading};

pub(super) const START_TIME_RESOLUTION_MS: u64 = TICK_MS;

const TICKS_PER_S: u64 = 1000 / TICK_MS;

/// Command lines are read here, up to the needed length.
pub(super) const READS_COMMANDS: bool = true;

/// The result of [`Supplement::exists`] is certain.
pub(super) const RECHECK_IS_PROOF: bool = true;

/// Returns the facts about this host.
pub(super) fn host() -> HostInfo {
    host_info(Path::new("/proc"), usual_is_ours())
}

/// Returns the error for an empty refresh.
pub(super) fn empty_list_error() -> Error {
    match try_proc() {
        Err(error) => {
            Error::from_io("cannot list the processes in /proc", error).with_advice(ADVICE)
        }
        Ok(()) => Error::new(
            ErrorClass::SourceGone,
            "the list of processes in /proc is empty",
        )
        .with_advice(ADVICE),
    }
}

/// Reads as sysinfo does, which hides its errors. It needs three descriptors at once, for the list,
/// the folder of a process and a file in it.
fn try_proc() -> io::Result<()> {
    let _list = fs::read_dir("/proc")?;
    let _folder = fs::File::open("/proc/self")?;
    fs::read("/proc/self/stat").map(drop)
}

/// Reads from `/proc` what sysinfo does not report.
#[derive(Debug)]
pub(super) struct Supplement {
    /// The boot time that sysinfo adds to whole seconds since boot.
    boot_time: u64,
    boot: Boot,
    /// The pids of `/proc` are those that system calls use.
    has_clocks: bool,
    users: Users,
    stat: Vec<u8>,
    command: Vec<u8>,
}

impl Supplement {
    pub(super) fn new(
        system: &mut System,
        own_pid: sysinfo::Pid,
        collect: Collect,
    ) -> Result<Self> {
        const WHAT: &str = "cannot read the start time of this process from /proc";
        let has_clocks = usual_is_ours();
        let mut supplement = Self {
            boot_time: 0,
            boot: Boot::now(),
            has_clocks,
            users: Users::new(collect, has_clocks),
            stat: Vec::new(),
            command: Vec::new(),
        };
        let ticks = supplement
            .ticks(own_pid.as_u32())
            .map_err(|error| Error::from_io(WHAT, error).with_advice(ADVICE))?;
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own_pid]), true, kind);
        let own = system.process(own_pid).ok_or_else(|| {
            let error = match try_proc() {
                Err(error) => Error::from_io(WHAT, error),
                Ok(()) => Error::new(ErrorClass::SourceGone, WHAT),
            };
            error.with_advice(ADVICE)
        })?;
        // sysinfo adds the same value to all start times, right or wrong.
        supplement.boot_time = own.start_time().saturating_sub(ticks / TICKS_PER_S);
        Ok(supplement)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.boot.timestamp()
    }

    /// Begins a scan.
    pub(super) fn begin_scan(&mut self) {
        self.users.begin_scan();
    }

    /// Returns the CPU time of threads of its own so far, in nanoseconds.
    pub(super) fn thread_cpu_ns(&self) -> u64 {
        self.users.thread_cpu_ns()
    }

    /// Returns the user with this id.
    pub(super) fn user(&mut self, uid: u32) -> EffectiveUser {
        self.users.get(uid)
    }

    /// Reads the number of threads of a process that sysinfo has read.
    pub(super) fn threads(&mut self, process: &sysinfo::Process) -> Option<u64> {
        let ticks = self.ticks(process.pid().as_u32()).ok()?;
        let stat = Stat::parse(&self.stat)?;
        threads(&stat).filter(|_| self.has_started(process, ticks))
    }

    pub(super) fn prepare(&mut self, _due: impl Iterator<Item = sysinfo::Pid>, _command: bool) {
        if self.command.capacity() > KEPT_COMMAND_BYTES {
            self.command = Vec::new();
        }
    }

    /// Reads start time, name, command line and threads of a process that sysinfo has read. `None` if it has
    /// exited or its pid was reused.
    pub(super) fn read(
        &mut self,
        process: &sysinfo::Process,
        is_new: bool,
        with_command: bool,
    ) -> Option<Fresh<'_>> {
        let pid = process.pid().as_u32();
        let now_ms = since_ms();
        let ticks = self.ticks(pid).ok()?;
        if !self.has_started(process, ticks) {
            return None;
        }
        let mut has_command = false;
        if with_command {
            self.command.clear();
            let (is_read, thread) = match Stat::parse(&self.stat)?.has_lost_first_thread() {
                true => {
                    let thread = read_command_of_thread(pid, &mut self.command).ok();
                    (thread.is_some(), thread)
                }
                false => (read_command(pid, &mut self.command).is_ok(), None),
            };
            // The command line is of this process only if the pid was not reused meanwhile.
            if self.ticks(pid).ok()? != ticks {
                return None;
            }
            let after = thread.or(Stat::parse(&self.stat))?;
            let can_be_right = !self.command.is_empty() || after.can_be_without_arguments();
            has_command = is_read && can_be_right;
            trim_command(&mut self.command);
        }
        // Its second was over before `stat` was read: no later process can have the same start
        // second.
        let is_settled = after_boot_ms(ticks)
            .is_none_or(|started_ms| now_ms.cast_signed() >= started_ms.saturating_add(2000));
        let stat = Stat::parse(&self.stat)?;
        Some(Fresh {
            start_time_ms: self.boot.start_time_ms(ticks),
            name: Reading::Known(stat.name),
            threads: threads(&stat),
            command: match has_command {
                true => Reading::Known(&self.command),
                false => Reading::Unknown,
            },
            // After `stat`: an older identity would be that of an earlier process with the pid.
            identity: (is_new || !is_settled)
                .then(|| self.identity(pid))
                .flatten(),
            is_settled,
        })
    }

    /// Judges a process that sysinfo reports as ended, or without memory.
    ///
    /// It reads the first thread, and others may live. An `exec` of another thread since then has
    /// replaced the first one.
    pub(super) fn judge(&mut self, process: &sysinfo::Process) -> Judged {
        let pid = process.pid().as_u32();
        match self.ticks(pid) {
            Ok(ticks) if self.has_started(process, ticks) => {}
            Ok(_) => return Judged::AsRead,
            Err(error) if has_exited(&error) => return Judged::AsRead,
            Err(_) => return Judged::UNKNOWN,
        }
        let Some(stat) = Stat::parse(&self.stat) else {
            return Judged::UNKNOWN;
        };
        if stat.has_ended() && !stat.has_lost_first_thread() {
            return Judged::Ended;
        }
        match living_thread(pid, &stat) {
            Ok(None) | Err(Unread::Gone) => Judged::AsRead,
            Ok(Some((status, rss_bytes))) => Judged::Lives {
                status: Some(status),
                rss_bytes,
            },
            Err(_) => Judged::UNKNOWN,
        }
    }

    /// Returns whether this is the start time that sysinfo has read, in ticks.
    fn has_started(&self, process: &sysinfo::Process, ticks: u64) -> bool {
        process.start_time() == self.boot_time.saturating_add(ticks / TICKS_PER_S)
    }

    /// Returns the CPU time of a process, from its clock or in ticks.
    pub(super) fn cpu(&self, process: &sysinfo::Process) -> Option<CpuTime> {
        Some(match self.clock_ns(process.pid().as_u32()) {
            Some(ns) => CpuTime::Clock { ns },
            None => CpuTime::Ticks {
                ms: process.accumulated_cpu_time(),
            },
        })
    }

    /// Reads the CPU clock of a process.
    pub(super) fn clock_ns(&self, pid: u32) -> Option<u64> {
        match self.has_clocks.then(|| cpu_clock(pid))? {
            CpuClock::Ns(ns) => Some(ns),
            CpuClock::Gone | CpuClock::Unknown => None,
        }
    }

    /// Returns a number that no other process has had.
    pub(super) fn identity(&self, pid: u32) -> Option<u64> {
        self.has_clocks.then(|| identity(pid))?
    }

    /// Returns whether there is a process with this pid. It needs no descriptor.
    pub(super) fn exists(&self, pid: u32) -> Result<bool> {
        if self.has_clocks && path_exists("/proc/self/stat")? {
            // The clock answers for processes that `hidepid` hides (proc_pid(5)), not for threads.
            match cpu_clock(pid) {
                CpuClock::Ns(_) => return Ok(true),
                CpuClock::Gone => return Ok(false),
                CpuClock::Unknown => {}
            }
        }
        exists(pid)
    }

    /// Reads the start time in ticks of 10 ms since boot: field 22 of `/proc/PID/stat`
    /// (proc_pid_stat(5)). sysinfo rounds the same number to seconds.
    fn ticks(&mut self, pid: u32) -> io::Result<u64> {
        self.stat.clear();
        let mut file = fs::File::open(format!("/proc/{pid}/stat"))?;
        file.read_to_end(&mut self.stat)?;
        let stat = Stat::parse(&self.stat);
        let ticks = stat.map(|stat| stat.start_ticks);
        ticks.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// Returns the number of threads, field 20 of `stat`. sysinfo itself would read a file of each thread.
fn threads(stat: &Stat<'_>) -> Option<u64> {
    // None is counted while the last one ends.
    (stat.threads > 0).then_some(stat.threads)
}

fn read_command(pid: u32, command: &mut Vec<u8>) -> io::Result<usize> {
    let file = fs::File::open(format!("/proc/{pid}/cmdline"))?;
    file.take(MAX_COMMAND_BYTES as u64).read_to_end(command)
}

/// Reads the command line of a process whose first thread has ended, and `stat` of another.
fn read_command_of_thread(pid: u32, command: &mut Vec<u8>) -> Result<Stat<'static>, Unread> {
    LivingThread::read_command(&folder(pid)?, MAX_COMMAND_BYTES, command)
}

/// Returns status and memory of a process, from another thread if the first one has ended; `None`
/// if all have.
fn living_thread(pid: u32, stat: &Stat<'_>) -> Result<Option<(Status, Option<u64>)>, Unread> {
    let folder = folder(pid)?;
    let (status, pages) = if stat.has_lost_first_thread() {
        match LivingThread::find(&folder, None)? {
            None => return Ok(None),
            Some(thread) => (thread.stat.status(), thread.resident_pages()),
        }
    } else {
        (stat.status(), resident_pages(&folder))
    };
    let page_bytes = rustix::param::page_size() as u64;
    let rss_bytes = pages.ok().map(|pages| pages.saturating_mul(page_bytes));
    Ok(Some((status, rss_bytes)))
}

fn has_exited(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::NOENT | Errno::SRCH))
}

fn folder(pid: u32) -> Result<Folder, Unread> {
    let procfs = Procfs::open(Path::new("/proc")).map_err(|_| Unread::Failed)?;
    procfs.folder(pid)
}

const ADVICE: &str = "check that /proc is mounted and that file descriptors are available";

/// Returns our pid in `/proc`, which can be of another pid namespace.
pub(super) fn own_pid() -> u32 {
    fs::read_link("/proc/self")
        .ok()
        .and_then(|path| path.to_str()?.parse().ok())
        .unwrap_or_else(std::process::id)
}

pub(super) fn started_total() -> Option<u64> {
    started_in(&fs::read("/proc/stat").ok()?)
}

/// Returns whether there is a process with this pid, where no clock answers.
fn exists(pid: u32) -> Result<bool> {
    if path_exists(&format!("/proc/{pid}"))? {
        return Ok(true);
    }
    // Without /proc a missing entry proves nothing.
    if !path_exists("/proc/self/stat")? {
        return Err(Error::new(
            ErrorClass::SourceGone,
            "cannot recheck missing processes: /proc is not mounted",
        )
        .with_advice("mount proc(5) at /proc"));
    }
    // Every pid namespace has a process 1. If it is invisible, other users' processes are hidden
    // (`hidepid`, proc_pid(5)). Then only kill(2) with signal 0 can find them: EPERM means that the
    // process exists. Success would mean a process of our own, which would be visible.
    if path_exists("/proc/1")? {
        return Ok(false);
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::PERM)))
}

fn path_exists(path: &str) -> Result<bool> {
    Path::new(path).try_exists().map_err(|error| {
        Error::from_io(format!("cannot check whether {path} exists"), error).with_advice(ADVICE)
    })
}

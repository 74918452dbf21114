//! Reads a process that has just called `exec`, or that has only forked.

use crate::model::{Collect, Status, Timestamp};
use crate::source::linux::proc::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, trim_command};
use crate::source::linux::proc::pidfd::Pidfd;
use crate::source::linux::proc::process_files::Place;
use crate::source::linux::proc::procfs::Procfs;
use crate::source::linux::proc::program::Program;
use crate::source::linux::proc::stat::{STAT_LEN, Stat};
use crate::source::linux::proc::stat_numbers::{OF_STAT, StatNumbers};

/// Longest `cgroup` that is read, in bytes.
const MAX_CGROUP_LEN: usize = 1 << 16;

/// What was read of the process that has a pid after an `exec`, or after its birth.
///
/// It may be of another process by then. [`Lives`](super::lives::Lives) decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::linux) struct ExecReading {
    pub(super) pid: u32,
    /// When it called `exec` or was born, as in the event.
    pub(super) event_ns: u64,
    /// Its command line, and when it had been read.
    pub(super) command: Option<(Box<[u8]>, u64)>,
    /// Its `stat`, and when it had been read.
    pub(super) stat: Option<(ExecStat, u64)>,
    /// The optional fields in the same `stat`, if one of them is collected.
    numbers: Option<Box<StatNumbers>>,
    /// Its file `cgroup`, and when it had been read.
    pub(super) cgroup: Option<(Box<[u8]>, u64)>,
    /// Its effective user, and when it had been read.
    user: Option<(u32, u64)>,
    /// Where its link `exe` leads, and when it had been read.
    executable: Option<(Box<[u8]>, u64)>,
}

/// What is used of `stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExecStat {
    name: [u8; 16],
    name_len: u8,
    pub(super) status: Status,
    pub(super) parent: u32,
    pub(super) start_ticks: u64,
    pub(super) is_kernel_thread: bool,
    /// It has the program of its parent.
    has_only_forked: bool,
    /// Its first thread is ending, or has ended.
    is_exiting: bool,
}

impl ExecStat {
    pub(super) fn new(stat: &Stat<'_>) -> Self {
        let mut name = [0; 16];
        let len = stat.name.len().min(name.len());
        name[..len].copy_from_slice(&stat.name[..len]);
        Self {
            name,
            name_len: len as u8,
            status: stat.status(),
            parent: stat.parent,
            start_ticks: stat.start_ticks,
            is_kernel_thread: stat.is_kernel_thread,
            has_only_forked: stat.has_only_forked,
            is_exiting: stat.is_exiting,
        }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name[..usize::from(self.name_len)]
    }
}

impl ExecReading {
    fn empty(pid: u32, event_ns: u64) -> Self {
        Self {
            pid,
            event_ns,
            command: None,
            stat: None,
            numbers: None,
            cgroup: None,
            user: None,
            executable: None,
        }
    }

    /// Reads what is collected, and after that to which process it belongs.
    pub(in crate::source::linux) fn read(
        procfs: &Procfs,
        pid: u32,
        event_ns: u64,
        collect: Collect,
        buffer: &mut Vec<u8>,
    ) -> Self {
        let mut reading = Self::empty(pid, event_ns);
        let has_parts = collect.has_any(Collect::USER | Collect::EXECUTABLE);
        let before = has_parts.then(|| program_of(procfs, pid)).flatten();
        // All files are opened by pid: a folder held open would cost another call.
        if collect.contains(Collect::COMMAND) {
            reading.read_command(procfs, buffer);
        }
        let thread = None;
        let place = Place { pid, thread };
        if collect.contains(Collect::CGROUP)
            && let Ok(cgroup) = procfs.read_whole_of(place, "cgroup", MAX_CGROUP_LEN, buffer)
        {
            reading.cgroup = Some((cgroup.into(), Timestamp::monotonic_now_ns()));
        }
        if collect.contains(Collect::USER) {
            let owner = Pidfd::open(pid).and_then(|pidfd| pidfd.owner());
            let user = match owner {
                Some(owner) => Ok(owner.euid),
                None => procfs.effective_user(pid, false, buffer),
            };
            let at_ns = Timestamp::monotonic_now_ns();
            reading.user = user.ok().map(|user| (user, at_ns));
        }
        if collect.contains(Collect::EXECUTABLE)
            && let Ok(path) = procfs.link_of(place, "exe", buffer)
        {
            reading.executable = Some((path.into(), Timestamp::monotonic_now_ns()));
        }
        let mut line = [0; STAT_LEN];
        let stat = procfs.read_of(pid, "stat", &mut line).ok();
        if let Some(stat) = stat.and_then(Stat::parse) {
            let program = Program::new(stat.image, stat.name);
            // One that ends has no arguments any more.
            if before.is_some_and(|before| before != program) && !stat.is_exiting {
                // It has called `exec` in between, and what was read is of either program.
                (reading.command, reading.user, reading.executable) = (None, None, None);
            }
            reading.stat = Some((ExecStat::new(&stat), Timestamp::monotonic_now_ns()));
            if collect.has_any(OF_STAT) {
                reading.numbers = StatNumbers::parse(stat.after_name).map(Box::new);
            }
        }
        if buffer.capacity() > KEPT_COMMAND_BYTES {
            *buffer = Vec::new();
        }
        reading
    }

    fn read_command(&mut self, procfs: &Procfs, buffer: &mut Vec<u8>) {
        if procfs
            .read_long_of(self.pid, "cmdline", MAX_COMMAND_BYTES, buffer)
            .is_ok()
        {
            trim_command(buffer);
            // A process that ends has lost it already.
            if !buffer.is_empty() {
                let command = buffer.as_slice().into();
                self.command = Some((command, Timestamp::monotonic_now_ns()));
            }
        }
    }

    /// Creates one of a process that has ended and is not reaped.
    pub(super) fn of_zombie(pid: u32, event_ns: u64, stat: (ExecStat, u64)) -> Self {
        Self {
            stat: Some(stat),
            ..Self::empty(pid, event_ns)
        }
    }

    /// Makes up a reading.
    #[cfg(test)]
    pub(in crate::source::linux) fn made_up(
        pid: u32,
        event_ns: u64,
        command: &[u8],
        command_ns: u64,
        start_ticks: u64,
        stat_ns: u64,
    ) -> Self {
        let stat = ExecStat {
            name: [0; 16],
            name_len: 0,
            status: Status::Running,
            parent: 1,
            start_ticks,
            is_kernel_thread: false,
            has_only_forked: false,
            is_exiting: false,
        };
        Self {
            command: Some((command.into(), command_ns)),
            stat: Some((stat, stat_ns)),
            ..Self::empty(pid, event_ns)
        }
    }

    /// Removes what was read when the process had ended.
    pub(super) fn keep_before(&mut self, ended_ns: u64) {
        self.command.take_if(|(_, at_ns)| *at_ns >= ended_ns);
        self.stat.take_if(|(_, at_ns)| *at_ns >= ended_ns);
        self.numbers.take_if(|_| self.stat.is_none());
        self.cgroup.take_if(|(_, at_ns)| *at_ns >= ended_ns);
        self.user.take_if(|(_, at_ns)| *at_ns >= ended_ns);
        self.executable.take_if(|(_, at_ns)| *at_ns >= ended_ns);
    }

    /// Creates one of a process that has called `exec`, and of which nothing was read since.
    pub(super) fn unread(pid: u32, event_ns: u64) -> Self {
        Self::empty(pid, event_ns)
    }

    /// Returns whether anything was read that shows which program it has.
    pub(super) fn has_program(&self) -> bool {
        self.command.is_some() || self.stat.is_some()
    }

    /// Returns the optional fields in `stat`.
    pub(in crate::source::linux) fn numbers(&self) -> Option<&StatNumbers> {
        self.numbers.as_deref()
    }

    /// Returns whether it may have been read after an `exec`, and not only after a birth.
    pub(in crate::source::linux) fn may_be_of_exec(&self) -> bool {
        self.stat.is_none_or(|(stat, _)| !stat.has_only_forked)
    }

    /// Returns whether it may have been ending when it was read.
    pub(in crate::source::linux) fn may_be_ending(&self) -> bool {
        self.stat.is_none_or(|(stat, _)| stat.is_exiting)
    }

    /// Returns the content of `cgroup`.
    pub(in crate::source::linux) fn cgroup(&self) -> Option<&[u8]> {
        self.cgroup.as_ref().map(|(content, _)| &**content)
    }

    /// Returns the effective user.
    pub(in crate::source::linux) fn user(&self) -> Option<u32> {
        self.user.map(|(user, _)| user)
    }

    /// Returns the path of the program.
    pub(in crate::source::linux) fn executable(&self) -> Option<&[u8]> {
        self.executable.as_ref().map(|(path, _)| &**path)
    }

    pub(super) fn start_ticks(&self) -> Option<u64> {
        self.stat.as_ref().map(|(stat, _)| stat.start_ticks)
    }

    /// Returns the size of its command line, in bytes.
    pub(super) fn command_bytes(&self) -> usize {
        self.command
            .as_ref()
            .map_or(0, |(command, _)| command.len())
    }
}

/// Returns which program a process has now; `None` if it is ending, and so loses its memory.
fn program_of(procfs: &Procfs, pid: u32) -> Option<Program> {
    let mut line = [0; STAT_LEN];
    let stat = Stat::parse(procfs.read_of(pid, "stat", &mut line).ok()?)?;
    (!stat.is_exiting).then(|| Program::new(stat.image, stat.name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn our_own_process_is_read() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let collect = Collect::ALL;
        let mut buffer = Vec::new();
        let before_ns = Timestamp::monotonic_now_ns();
        let mut reading = ExecReading::read(&procfs, std::process::id(), 5, collect, &mut buffer);
        let (command, command_ns) = reading.command.clone().expect("we have one");
        let (stat, stat_ns) = reading.stat.expect("we have one");
        assert!(before_ns <= command_ns && command_ns <= stat_ns);
        assert!(command.ends_with(b"\0") && !stat.name().is_empty());
        assert_eq!(reading.start_ticks(), Some(stat.start_ticks));
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(reading.user(), Some(user));
        let program = std::fs::read_link("/proc/self/exe").expect("it is ours");
        assert_eq!(
            reading.executable(),
            Some(program.as_os_str().as_encoded_bytes())
        );
        let cgroup = std::fs::read("/proc/self/cgroup").expect("it is ours");
        assert_eq!(reading.cgroup(), Some(&*cgroup));
        assert!(reading.numbers().is_some_and(|numbers| numbers.threads > 0));
        assert!(!reading.may_be_ending());
        reading.keep_before(stat_ns);
        assert!(reading.stat.is_none());
        assert_eq!(reading.command.is_some(), command_ns < stat_ns);
        reading.keep_before(before_ns);
        assert!(reading.command.is_none() && reading.command_bytes() == 0);
        assert_eq!(reading, ExecReading::empty(reading.pid, 5));
    }

    #[test]
    fn what_is_not_collected_is_not_read() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let pid = std::process::id();
        let read = |collect| ExecReading::read(&procfs, pid, 5, collect, &mut Vec::new());
        let mut none = read(Collect::NONE);
        assert!(none.stat.take().is_some());
        assert_eq!(none, ExecReading::empty(pid, 5));
        let mut user = read(Collect::USER);
        assert!(user.stat.take().is_some() && user.user.take().is_some());
        assert_eq!(user, ExecReading::empty(pid, 5));
    }

    #[test]
    fn a_process_that_has_ended_yields_nothing() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let reading = ExecReading::read(&procfs, 1 << 23, 5, Collect::ALL, &mut Vec::new());
        assert_eq!(reading, ExecReading::empty(1 << 23, 5));
    }
}

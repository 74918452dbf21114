//! Reads a process that has just called `exec`, or that has only forked.

use crate::model::{Status, Timestamp};
use crate::source::linux::proc::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, trim_command};
use crate::source::linux::proc::procfs::Procfs;
use crate::source::linux::proc::stat::{STAT_LEN, Stat};

/// What was read of the process that has a pid after an `exec`, or after its birth.
///
/// It may be of another process by then. [`Lives`](super::lives::Lives) decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExecReading {
    pub(super) pid: u32,
    /// When it called `exec` or was born, as in the event.
    pub(super) event_ns: u64,
    /// Its command line, and when it had been read.
    pub(super) command: Option<(Box<[u8]>, u64)>,
    /// Its `stat`, and when it had been read.
    pub(super) stat: Option<(ExecStat, u64)>,
    /// Its file `cgroup`, and when it had been read.
    pub(super) cgroup: Option<(Box<[u8]>, u64)>,
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
        }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name[..usize::from(self.name_len)]
    }
}

impl ExecReading {
    /// Reads the command line, with `has_cgroup` the cgroup, and then to which process they belong.
    pub(super) fn read(
        procfs: &Procfs,
        pid: u32,
        event_ns: u64,
        has_cgroup: bool,
        buffer: &mut Vec<u8>,
    ) -> Self {
        let mut reading = Self {
            pid,
            event_ns,
            command: None,
            stat: None,
            cgroup: None,
        };
        // Both files are opened by pid: a folder held open would cost another call.
        if procfs
            .read_long_of(pid, "cmdline", MAX_COMMAND_BYTES, buffer)
            .is_ok()
        {
            trim_command(buffer);
            // A process that ends has lost it already.
            if !buffer.is_empty() {
                let command = buffer.as_slice().into();
                reading.command = Some((command, Timestamp::monotonic_now_ns()));
            }
        }
        if buffer.capacity() > KEPT_COMMAND_BYTES {
            *buffer = Vec::new();
        }
        let mut line = [0; STAT_LEN];
        if has_cgroup && let Ok(cgroup) = procfs.read_of(pid, "cgroup", &mut line) {
            reading.cgroup = Some((cgroup.into(), Timestamp::monotonic_now_ns()));
        }
        let stat = procfs.read_of(pid, "stat", &mut line).ok();
        if let Some(stat) = stat.and_then(Stat::parse) {
            reading.stat = Some((ExecStat::new(&stat), Timestamp::monotonic_now_ns()));
        }
        reading
    }

    /// Creates one of a process that has ended and is not reaped.
    pub(super) fn of_zombie(pid: u32, event_ns: u64, stat: (ExecStat, u64)) -> Self {
        Self {
            pid,
            event_ns,
            command: None,
            stat: Some(stat),
            cgroup: None,
        }
    }

    /// Makes up a reading.
    #[cfg(test)]
    pub(super) fn made_up(
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
        };
        Self {
            pid,
            event_ns,
            command: Some((command.into(), command_ns)),
            stat: Some((stat, stat_ns)),
            cgroup: None,
        }
    }

    /// Removes what was read when the process had ended.
    pub(super) fn keep_before(&mut self, ended_ns: u64) {
        self.command.take_if(|(_, at_ns)| *at_ns >= ended_ns);
        self.stat.take_if(|(_, at_ns)| *at_ns >= ended_ns);
        self.cgroup.take_if(|(_, at_ns)| *at_ns >= ended_ns);
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn our_own_process_is_read() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let mut buffer = Vec::new();
        let before_ns = Timestamp::monotonic_now_ns();
        let mut reading = ExecReading::read(&procfs, std::process::id(), 5, true, &mut buffer);
        let (command, command_ns) = reading.command.clone().expect("we have one");
        let (stat, stat_ns) = reading.stat.expect("we have one");
        assert!(before_ns <= command_ns && command_ns <= stat_ns);
        assert!(command.ends_with(b"\0") && !stat.name().is_empty());
        assert_eq!(reading.start_ticks(), Some(stat.start_ticks));
        reading.keep_before(stat_ns);
        assert!(reading.stat.is_none());
        assert_eq!(reading.command.is_some(), command_ns < stat_ns);
        reading.keep_before(before_ns);
        assert!(reading.command.is_none() && reading.command_bytes() == 0);
    }

    #[test]
    fn a_process_that_has_ended_yields_nothing() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let reading = ExecReading::read(&procfs, 1 << 23, 5, true, &mut Vec::new());
        assert!(reading.command.is_none() && reading.stat.is_none());
    }
}

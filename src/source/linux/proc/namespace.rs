//! Which pid namespace a `/proc` belongs to, and whether it hides processes.

use super::cpu::{CpuClock, cpu_clock};
use super::procfs::{Procfs, USUAL, Unread};
use super::stat::number;

/// How this `/proc` relates to the process that reads it.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Namespace {
    /// Our pid in this `/proc`; `None` if it does not contain us. A recorded tree contains what
    /// recorded it.
    pub(in crate::source) own_pid: Option<u32>,
    /// Target of its link `self`.
    pub(in crate::source) link: Option<u32>,
    /// Its pids are those that system calls use.
    pub(in crate::source) is_ours: bool,
    /// Process 1 is visible.
    shows_init: bool,
}

impl Namespace {
    pub(in crate::source) fn of(procfs: &Procfs) -> Self {
        let link = procfs.own_pid();
        let own_pid = link.filter(|_| procfs.is_mounted());
        Self {
            own_pid,
            link,
            // A sandbox can deny CPU clocks.
            is_ours: own_pid.is_some_and(|pid| is_ours(procfs, pid) && has_clock(pid)),
            shows_init: shows_init(procfs),
        }
    }

    /// Returns whether an invisible process still lives: `hidepid` hides the processes of other
    /// users (proc_pid(5)).
    pub(in crate::source) fn is_hidden(&self, procfs: &Procfs, pid: u32) -> bool {
        match self.is_ours {
            true => has_clock(pid),
            // Every pid namespace has a process 1. If that is now hidden, others may be too.
            false => self.shows_init && !shows_init(procfs),
        }
    }

    /// Returns whether the scanner may not read all processes, as far as process 1 shows that.
    pub(in crate::source) fn denies_any(&self, procfs: &Procfs) -> bool {
        !self.is_ours || procfs.read_of(1, "stat", &mut [0; 1]).is_err()
    }
}

/// Returns whether the pids in `/proc` are those that system calls use.
pub(in crate::source) fn usual_is_ours() -> bool {
    Procfs::open(USUAL.as_ref()).is_ok_and(|procfs| Namespace::of(&procfs).is_ours)
}

/// Returns why the kernel does not report births and exits here, with the pids and times of this
/// `/proc`; `None` if it may.
///
/// It reports them only to the first pid and user namespace, and would not answer in another one.
pub(in crate::source) fn obstacle(procfs: &Procfs, is_ours: bool) -> Option<String> {
    if !is_ours {
        return Some("its proc(5) is of another pid namespace than the scanner".into());
    }
    if !is_first(procfs) {
        return Some("the scanner runs in a pid namespace of its own".into());
    }
    if procfs
        .link(c"self/ns/user")
        .is_some_and(|link| link != b"user:[4026531837]")
    {
        return Some("the scanner runs in a user namespace of its own".into());
    }
    let mut offsets = [0; 256];
    let offsets = procfs.read(c"self/timens_offsets", &mut offsets);
    if offsets.is_ok_and(has_offset) {
        return Some("the scanner runs in a time namespace with other clocks".into());
    }
    None
}

/// Returns whether this process is in the first pid namespace, as far as that is known.
///
/// The numbers of the first namespaces are fixed: include/linux/proc_ns.h.
pub(in crate::source) fn is_first(procfs: &Procfs) -> bool {
    let link = procfs.link(c"self/ns/pid");
    link.is_none_or(|link| link == b"pid:[4026531836]")
}

/// Parses the lines `NAME SECONDS NANOSECONDS` of `timens_offsets` (time_namespaces(7)).
fn has_offset(offsets: &[u8]) -> bool {
    let words = offsets.split(|byte| byte.is_ascii_whitespace());
    let mut numbers = words.filter(|word| matches!(word, [b'0'..=b'9' | b'-', ..]));
    numbers.any(|number| number != b"0")
}

/// Returns whether this `/proc` is of our own pid namespace. In a namespace below it a process has
/// several pids, listed in the line `NSpid` (proc_pid_status(5), Linux 4.1).
fn is_ours(procfs: &Procfs, own_pid: u32) -> bool {
    let mut status = Vec::new();
    let read = procfs
        .folder(own_pid)
        .and_then(|folder| folder.read_long(c"status", 1 << 20, &mut status));
    if read.is_err() {
        return false;
    }
    let pids = status
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"NSpid:"));
    let only_pid = pids.map(<[u8]>::trim_ascii).and_then(number);
    only_pid == Some(u64::from(own_pid)) && own_pid == std::process::id()
}

fn has_clock(pid: u32) -> bool {
    matches!(cpu_clock(pid), CpuClock::Ns(_))
}

fn shows_init(procfs: &Procfs) -> bool {
    !matches!(procfs.folder(1), Err(Unread::Gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_a_time_namespace_are_found() {
        assert!(!has_offset(
            b"monotonic           0         0\nboottime            0         0\n"
        ));
        assert!(!has_offset(b""));
        assert!(has_offset(
            b"monotonic           0         0\nboottime      -86400         0\n"
        ));
        assert!(has_offset(
            b"monotonic           0         5\nboottime            0         0\n"
        ));
    }
}

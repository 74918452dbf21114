//! Distinguishes processes with the same pid and start tick.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::fs::{FsWord, fstat, fstatfs};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

pub(in crate::source) use super::pidfd_info::PidfdOwner;
use super::pidfd_info::owner;

/// `PID_FS_MAGIC` of include/uapi/linux/magic.h.
const PIDFS: FsWord = 0x5049_4446;

/// The pidfd of a process.
#[derive(Debug)]
pub(in crate::source) struct Pidfd(OwnedFd);

impl Pidfd {
    /// Opens one; `None` where there is no such process, or where no descriptor is left.
    ///
    /// It needs no rights, also where `hidepid` hides the process.
    pub(in crate::source) fn open(pid: u32) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok().map(Self)
    }

    /// Returns a number that no other process has had since boot: the inode (pidfs, Linux 6.9).
    ///
    /// `None` before Linux 6.9.
    pub(in crate::source) fn identity(&self) -> Option<u64> {
        /// Before, all pidfds have one inode.
        static HAS_INODES: OnceLock<bool> = OnceLock::new();
        let has_inodes = || fstatfs(&self.0).is_ok_and(|status| status.f_type == PIDFS);
        if !HAS_INODES.get_or_init(has_inodes) {
            return None;
        }
        Some(fstat(&self.0).ok()?.st_ino)
    }

    /// Returns user and control group of the process (Linux 6.13).
    pub(in crate::source) fn owner(&self) -> Option<PidfdOwner> {
        owner(&self.0)
    }
}

/// Returns the [identity](Pidfd::identity) of the process with a pid.
pub(in crate::source) fn identity(pid: u32) -> Option<u64> {
    Pidfd::open(pid)?.identity()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_that_of_status() {
        let Some(owner) = Pidfd::open(std::process::id()).and_then(|own| own.owner()) else {
            eprintln!("SKIPPED: this kernel does not report it");
            return;
        };
        assert_eq!(owner.euid, rustix::process::geteuid().as_raw());
        assert!(owner.cgroup_id.is_none_or(|id| id > 0));
    }

    #[test]
    fn it_stays_the_same_and_an_unused_pid_has_none() {
        let own = identity(std::process::id());
        assert_eq!(own, identity(std::process::id()));
        assert_eq!(identity(1 << 23), None);
        assert_eq!(identity(0), None);
        assert_eq!(identity(u32::MAX), None);
        // Where there are such numbers, another process has another one.
        let parent = rustix::process::getppid()
            .and_then(|pid| identity(pid.as_raw_nonzero().get().cast_unsigned()));
        assert!(own.is_none() || parent != own);
    }
}

//! Distinguishes processes with the same pid and start tick.

use std::sync::OnceLock;

use rustix::fs::{FsWord, fstat, fstatfs};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// `PID_FS_MAGIC` of include/uapi/linux/magic.h.
const PIDFS: FsWord = 0x5049_4446;

/// Returns a number that no other process has had since boot: the inode of the pidfd (pidfs, Linux
/// 6.9).
///
/// It needs no rights, also where `hidepid` hides the process. `None` before Linux 6.9, where there
/// is no such process, or where no descriptor is left.
pub(in crate::source) fn identity(pid: u32) -> Option<u64> {
    /// Before, all pidfds have one inode.
    static HAS_INODES: OnceLock<bool> = OnceLock::new();
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let has_inodes = || fstatfs(&pidfd).is_ok_and(|status| status.f_type == PIDFS);
    if !HAS_INODES.get_or_init(has_inodes) {
        return None;
    }
    Some(fstat(&pidfd).ok()?.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

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

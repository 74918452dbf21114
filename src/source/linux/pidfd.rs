//! Distinguishes processes with the same pid and start tick.

use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Returns a number that no other process has had since boot: the inode of the pidfd (pidfs, Linux
/// 6.9).
///
/// Before Linux 6.9 it is the same for all. `None` where there is no such process, or no descriptor
/// left.
pub(super) fn identity(pid: u32) -> Option<u64> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    Some(rustix::fs::fstat(&pidfd).ok()?.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_the_same_and_an_unused_pid_has_none() {
        let own = identity(std::process::id());
        assert!(own.is_some());
        assert_eq!(own, identity(std::process::id()));
        assert_eq!(identity(1 << 23), None);
        assert_eq!(identity(0), None);
        assert_eq!(identity(u32::MAX), None);
    }
}

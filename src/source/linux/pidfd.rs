//! Who has a pid, told apart more finely than by the tick in which it started.

use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A number that no other process has had since boot: the inode of its pidfd (pidfs, Linux 6.9). Before
/// that all have the same. `None` where there is no such process, or no descriptor is left.
pub(super) fn identity(pid: u32) -> Option<u64> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    Some(rustix::fs::fstat(&pidfd).ok()?.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_the_same_and_nobody_has_none() {
        let own = identity(std::process::id());
        assert!(own.is_some());
        assert_eq!(own, identity(std::process::id()));
        assert_eq!(identity(1 << 23), None);
        assert_eq!(identity(0), None);
        assert_eq!(identity(u32::MAX), None);
    }
}

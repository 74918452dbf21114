//! What a pidfd reports: the owner of a process, and the exit status of one that was reaped.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

/// `struct pidfd_info` of include/uapi/linux/pidfd.h, in its first published size.
#[repr(C)]
#[derive(Debug, Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    /// Pid, tgid and parent; then real, effective, saved and filesystem ids, of user and group
    /// each.
    ids: [u32; 11],
    exit_code: i32,
}

const _: () = assert!(size_of::<PidfdInfo>() == 64, "PIDFD_INFO_SIZE_VER0");

/// `PIDFD_GET_INFO`, Linux 6.13.
const GET_INFO: Opcode = opcode::read_write::<PidfdInfo>(0xff, 11);

/// `PIDFD_INFO_CREDS` and `PIDFD_INFO_CGROUPID`, Linux 6.13.
const CREDS: u64 = 1 << 1;
const CGROUP_ID: u64 = 1 << 2;

/// `PIDFD_INFO_EXIT`, Linux 6.15.
const EXIT: u64 = 1 << 3;

/// Place of the effective user in [`PidfdInfo::ids`].
const EFFECTIVE_USER: usize = 5;

/// User and control group of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct PidfdOwner {
    /// Effective user id, in our user namespace.
    pub(in crate::source) euid: u32,
    /// Id of the control group in version 2, which no other one has had since boot.
    pub(in crate::source) cgroup_id: Option<u64>,
}

/// Returns user and control group of a living process; `None` if the kernel does not report them.
///
/// It needs no rights.
pub(super) fn owner(pidfd: impl AsFd) -> Option<PidfdOwner> {
    /// The kernel has no such ioctl, or a sandbox denies it.
    static IS_UNSUPPORTED: AtomicBool = AtomicBool::new(false);
    if IS_UNSUPPORTED.load(Ordering::Relaxed) {
        return None;
    }
    let mut info = PidfdInfo {
        mask: CREDS | CGROUP_ID,
        ..PidfdInfo::default()
    };
    match read(pidfd, &mut info) {
        Ok(()) => {}
        // It has exited.
        Err(Errno::SRCH) => return None,
        Err(_) => {
            IS_UNSUPPORTED.store(true, Ordering::Relaxed);
            return None;
        }
    }
    (info.mask & CREDS != 0).then_some(PidfdOwner {
        euid: info.ids[EFFECTIVE_USER],
        cgroup_id: (info.mask & CGROUP_ID != 0).then_some(info.cgroup),
    })
}

/// Returns the status of a process that was reaped, as from wait(2).
///
/// `None` before that, and if the kernel does not report it. It needs no rights: the process does not
/// have to be a child.
pub(in crate::source) fn exit_status(pidfd: impl AsFd) -> Option<u32> {
    let mut info = PidfdInfo {
        mask: EXIT,
        ..PidfdInfo::default()
    };
    read(pidfd, &mut info).ok()?;
    // An older kernel ignores what it does not know.
    (info.mask & EXIT != 0).then_some(info.exit_code.cast_unsigned())
}

// Neither rustix nor nix has a safe function for it. waitid(2) reports children only, and
// /proc/self/fdinfo has no status.
#[allow(unsafe_code)]
fn read(pidfd: impl AsFd, info: &mut PidfdInfo) -> Result<(), Errno> {
    // SAFETY: the opcode contains the size of `PidfdInfo`, and the kernel writes no more than that.
    // It writes integers only, so any of its answers is a valid `PidfdInfo`, which outlives the call.
    // A pidfd has no other ioctl with this number. Another file takes the magic number 0xff and the
    // size for its own at most if a caller passes no pidfd, which none does.
    unsafe { ioctl(pidfd, Updater::<GET_INFO, PidfdInfo>::new(info)) }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    use super::*;

    #[test]
    fn only_a_reaped_process_has_a_status() {
        let mut child = Command::new("sh")
            .args(["-c", "read x; exit 3"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a child");
        let pid = Pid::from_child(&child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).expect("it is there");
        assert_eq!(exit_status(&pidfd), None);
        child.wait().expect("it ends with its input");
        match exit_status(&pidfd) {
            Some(status) => assert_eq!(status, 0x300),
            None => eprintln!("SKIPPED: this kernel does not report it"),
        }
    }

    #[test]
    fn what_is_no_pidfd_has_no_status() {
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        assert_eq!(exit_status(&reader), None);
    }
}

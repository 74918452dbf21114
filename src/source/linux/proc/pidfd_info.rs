//! The exit status of a process that was reaped, from its pidfd.

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

/// `struct pidfd_info` of include/uapi/linux/pidfd.h, in its first published size.
#[repr(C)]
#[derive(Debug, Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    /// Pids and user ids, which are not read.
    ids: [u32; 11],
    exit_code: i32,
}

const _: () = assert!(size_of::<PidfdInfo>() == 64, "PIDFD_INFO_SIZE_VER0");

/// `PIDFD_GET_INFO`, Linux 6.13.
const GET_INFO: Opcode = opcode::read_write::<PidfdInfo>(0xff, 11);

/// `PIDFD_INFO_EXIT`, Linux 6.15.
const EXIT: u64 = 1 << 3;

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
    // size for its own at most if the caller passes no pidfd, which the only caller does not.
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

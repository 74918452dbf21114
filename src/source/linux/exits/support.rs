//! Whether this kernel reports by pidfd how a process ended.

use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, pidfd_open};
use rustix::thread::gettid;

use crate::source::linux::proc::pidfd_info::exit_status;

/// `PIDFD_THREAD` of include/uapi/linux/pidfd.h, Linux 6.9: the pidfd of a thread.
const THREAD: u32 = 0o200;

/// How long the kernel may take to end a thread.
const DEADLINE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 500_000_000,
};

/// Finds out with a thread of our own that ends: the number of the kernel's version proves nothing,
/// and a sandbox can deny the system calls.
///
/// Returns the reason for people if it does not.
pub(super) fn check() -> Result<(), String> {
    let open = || pidfd_open(gettid(), PidfdFlags::from_bits_retain(THREAD));
    let thread = thread::Builder::new()
        .name("pscan-probe".into())
        .spawn(open)
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    let pidfd = thread.join().expect("BUG: the thread only opens a pidfd");
    let pidfd = pidfd.map_err(|errno| {
        let error = std::io::Error::from(errno);
        format!("cannot open a pidfd as on Linux 6.15: {error}")
    })?;
    let mut polled = [PollFd::new(&pidfd, PollFlags::empty())];
    let is_over =
        poll(&mut polled, Some(&DEADLINE)).is_ok() && polled[0].revents().contains(PollFlags::HUP);
    match is_over && exit_status(&pidfd).is_some() {
        true => Ok(()),
        false => Err("this kernel does not report exit statuses by pidfd (Linux 6.15)".into()),
    }
}

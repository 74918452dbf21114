//! The command as a child process.

use std::ffi::OsString;
use std::process::Command;

use crossbeam_channel::Receiver;
use process_scanner::{Error, ErrorClass, Result};
use rustix::process::{Pid, Signal};

use super::orphans::{adopt, keep_statuses, wait_for};
use super::{End, Refusal};

/// A command that has been started.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    /// Reaches no other process, even if the pid is used again.
    #[cfg(target_os = "linux")]
    pidfd: Option<std::os::fd::OwnedFd>,
    ended: Receiver<End>,
}

impl Child {
    /// Starts a command with the standard input, output and error of this process.
    ///
    /// From then on this process adopts and reaps all descendants without a parent.
    pub(crate) fn start(command: &[OsString]) -> Result<Self, Refusal> {
        adopt();
        keep_statuses();
        let [program, args @ ..] = command else {
            return Err(Error::new(ErrorClass::Config, "there is no command").into());
        };
        let child = Command::new(program).args(args).spawn();
        let child = child.map_err(|error| Refusal::of(program, error))?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.expect("BUG: a child has a pid");
        // Before anything waits for the child, so the pid is its own.
        #[cfg(target_os = "linux")]
        let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok();
        Ok(Self {
            pid,
            #[cfg(target_os = "linux")]
            pidfd,
            ended: wait_for(pid)?,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Returns the channel that gets the end of the command.
    pub(crate) fn ended(&self) -> &Receiver<End> {
        &self.ended
    }

    /// Sends it a signal. Nothing happens if it has ended.
    pub(crate) fn send(&self, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else {
            return;
        };
        #[cfg(target_os = "linux")]
        if let Some(pidfd) = &self.pidfd {
            let _ = rustix::process::pidfd_send_signal(pidfd, signal);
            return;
        }
        let _ = rustix::process::kill_process(self.pid, signal);
    }
}

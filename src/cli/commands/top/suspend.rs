//! Stops this process as Ctrl-Z does.

use std::time::Duration;

use crossbeam_channel::Receiver;

use super::takeover;
use crate::cli::signals::Asked;

/// Longest wait for the SIGTSTP that this process sends to itself too.
const OWN_SIGNAL_TIMEOUT: Duration = Duration::from_millis(100);

/// Gives the terminal back, and stops this process with its process group, as the terminal does on Ctrl-Z.
///
/// SIGCONT continues it, and must take the terminal over again. Returns false, without stopping, if no shell would
/// ever continue it.
pub(super) fn all(asked: &Receiver<Asked>) -> bool {
    if !can_be_continued() {
        return false;
    }
    takeover::give_back();
    if stop_group() {
        // It is handled here; later it would stop this process again, after it was continued.
        let _ = asked.recv_timeout(OWN_SIGNAL_TIMEOUT);
    }
    stop();
    true
}

/// Gives the terminal back and stops this process, which a SIGTSTP has asked for.
pub(super) fn alone() {
    takeover::give_back();
    stop();
}

#[cfg(unix)]
fn stop_group() -> bool {
    use rustix::process::{Signal, kill_current_process_group};

    kill_current_process_group(Signal::TSTP).is_ok()
}

/// Stops this process; returns when it is continued.
///
/// The default action of SIGTSTP, which is caught, cannot be had back without unsafe code.
#[cfg(unix)]
fn stop() {
    use signal_hook::consts::SIGSTOP;
    use signal_hook::low_level::raise;

    // Only a failure of the kernel could prevent it.
    let _ = raise(SIGSTOP);
}

/// Returns whether a process outside of the process group could continue this one: a shell.
///
/// The kernel discards SIGTSTP where there is none (setpgid(2), orphaned process groups), but not SIGSTOP.
#[cfg(unix)]
fn can_be_continued() -> bool {
    use rustix::process::{getpgid, getpgrp, getppid, getsid};

    let (group, Ok(session)) = (getpgrp(), getsid(None)) else {
        return false;
    };
    let mut parent = getppid();
    while let Some(pid) = parent {
        if getsid(Some(pid)) != Ok(session) {
            return false;
        }
        if getpgid(Some(pid)) != Ok(group) {
            return true;
        }
        // Such as sudo, or a script.
        parent = parent_of(pid);
    }
    false
}

/// Returns the parent of another process; `None` if it is unknown.
#[cfg(unix)]
fn parent_of(pid: rustix::process::Pid) -> Option<rustix::process::Pid> {
    let pid = pid.as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    rustix::process::Pid::from_raw(parent.trim().parse().ok()?)
}

#[cfg(not(unix))]
fn stop_group() -> bool {
    false
}

#[cfg(not(unix))]
fn stop() {}

/// This system has no job control.
#[cfg(not(unix))]
fn can_be_continued() -> bool {
    false
}

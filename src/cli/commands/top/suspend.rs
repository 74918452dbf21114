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
    let Some(own) = Job::of(None) else {
        return false;
    };
    let mut parent = own.parent;
    // 0 is a session outside of the pid namespace, of which nothing is known.
    while let Some(job) = parent.and_then(|pid| Job::of(Some(pid))) {
        if job.session != own.session || own.session == 0 {
            return false;
        }
        if job.group != own.group {
            return true;
        }
        // Such as sudo, or a script.
        parent = job.parent;
    }
    false
}

/// What job control knows of a process. 0 stands for ids outside of the pid namespace.
#[cfg(unix)]
struct Job {
    parent: Option<i32>,
    group: i32,
    session: i32,
}

#[cfg(unix)]
impl Job {
    /// `pid`: `None` for this process. Reads proc_pid_stat(5): rustix has no ids that are 0.
    #[cfg(target_os = "linux")]
    fn of(pid: Option<i32>) -> Option<Self> {
        let folder = pid.map_or("self".to_owned(), |pid| pid.to_string());
        let stat = std::fs::read(format!("/proc/{folder}/stat")).ok()?;
        let name_end = stat.iter().rposition(|byte| *byte == b')')?;
        let numbers = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
        let mut numbers = numbers.split_ascii_whitespace().skip(1).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            parent: next().filter(|pid| *pid > 0),
            group: next()?,
            session: next()?,
        })
    }

    #[cfg(all(unix, not(target_os = "linux")))]
    fn of(pid: Option<i32>) -> Option<Self> {
        use rustix::process::{Pid, getpgid, getppid, getsid};

        let of = pid.and_then(Pid::from_raw);
        let parent = match pid {
            None => getppid().map(|pid| pid.as_raw_nonzero().get()),
            // Only system calls of each system know it.
            Some(_) => None,
        };
        Some(Self {
            parent,
            group: getpgid(of).ok()?.as_raw_nonzero().get(),
            session: getsid(of).ok()?.as_raw_nonzero().get(),
        })
    }
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

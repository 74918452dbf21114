//! Waits for the command and for its orphans.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use process_scanner::{Error, ExitStatus, Result, Timestamp};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, wait};

use super::End;

/// Makes this process the parent of descendants whose parents have exited.
///
/// Without it a daemon would not stay below `pscan`. Other systems than Linux have no such call.
pub(super) fn adopt() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(getpid())) {
        log::warn!("cannot adopt orphans: {error}");
    }
}

/// Sees to it that the ends of children can be waited for.
///
/// A process that was started with SIGCHLD ignored gets no statuses: wait(2). A handler changes
/// that, and the command gets the default again.
pub(super) fn keep_statuses() {
    let is_ended = Arc::new(AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGCHLD, is_ended) {
        log::warn!("cannot handle SIGCHLD: {error}");
    }
}

/// Starts a thread that waits for all children, and returns the end of the command.
///
/// It goes on after that, so that no orphan remains a zombie.
pub(super) fn wait_for(command: Pid) -> Result<Receiver<End>> {
    let (sender, receiver) = bounded(1);
    thread::Builder::new()
        .name("pscan-wait".into())
        .spawn(move || wait_for_all(command, &sender))
        .map_err(|error| Error::from_io("cannot wait for the command", error))?;
    Ok(receiver)
}

fn wait_for_all(command: Pid, ended: &Sender<End>) {
    let mut end = None;
    loop {
        // Once the command has ended, its end is reported after all that ended before.
        let options = match end {
            None => WaitOptions::UNTRACED,
            Some(_) => WaitOptions::NOHANG,
        };
        match wait(options) {
            Ok(Some((pid, status))) if pid == command => match status.stopping_signal() {
                Some(signal) => stop_too(signal),
                None => end = Some(of_status(status)),
            },
            // An orphan.
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => break,
        }
    }
    if let Some(end) = end {
        let _ = ended.send(end);
        while matches!(wait(WaitOptions::empty()), Ok(_) | Err(Errno::INTR)) {}
    }
}

/// Stops this process if job control has stopped the command: the shell waits for this one.
///
/// Ctrl-Z reaches both. A debugger, or an administrator, stops a process by SIGSTOP and continues
/// it alone, so that is none of ours. SIGCONT to this process continues the command too.
fn stop_too(signal: i32) {
    let is_job_control = [Signal::TSTP, Signal::TTIN, Signal::TTOU]
        .iter()
        .any(|job| job.as_raw() == signal);
    if is_job_control {
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

fn of_status(status: WaitStatus) -> End {
    let exit = ExitStatus::from_wait_status(status.as_raw().cast_unsigned());
    let code = match (exit.code, exit.signal) {
        (Some(code), _) => i32::from(code),
        (None, signal) => 128 + i32::from(signal.unwrap_or(0)),
    };
    End {
        exit: Some(exit),
        code,
        at_ns: Timestamp::now().monotonic_ns,
    }
}

//! The thread that reads processes: each one at its `exec`, and those that have only forked.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use super::connector::{Connector, wait};
use super::exec_reading::ExecReading;
use super::kernel_event::{EXEC, What};
use super::listener::{Shared, silence, spent_ns, wake as wake_thread};
use super::netlink_receive::Received;
use super::reception::reads_execs;
use crate::metrics::CpuClock;
use crate::model::{Collect, ListenStep};
use crate::source::Ringer;
use crate::source::linux::proc::procfs::Procfs;

/// Buffer for the events that are read at once, in bytes.
const EXECS_BYTES: usize = 1 << 20;

/// How long a socket that cannot be opened, or does not work, is not tried again.
const RETRY: Duration = Duration::from_secs(10);

/// The socket that reports each `exec` at once. Without it, each `exec` is read at the next beat.
#[derive(Default)]
struct Execs {
    connector: Option<Connector>,
    retry_at: Option<Instant>,
    /// This kernel cannot filter, so each event would wake the thread.
    is_unfiltered: bool,
    was_logged: bool,
}

impl Shared {
    /// Reads what is collected of processes until the listener ends.
    pub(super) fn read_execs(&self, proc: &Path, collect: Collect, ringer: &Ringer) {
        let mut clock = CpuClock::start();
        let wake = &self.wakes[1];
        let mut execs = Execs::default();
        let mut buffer = Vec::new();
        while !self.must_end() {
            let step = self.lock().step();
            if !reads_execs(step) {
                execs.connector = None;
                wait(&[wake.as_fd()], None);
                silence(wake);
                continue;
            }
            match step {
                ListenStep::Prompt => execs.open(),
                _ => execs.connector = None,
            }
            self.lock().to_read.has_execs = execs.connector.is_none();
            match &execs.connector {
                Some(connector) => wait(&[wake.as_fd(), connector.as_fd()], None),
                None => wait(&[wake.as_fd(); 2], execs.retry_in(step)),
            };
            silence(wake);
            let mut due = execs.receive();
            let procfs = Procfs::open(proc);
            let mut read = |due: &[(u32, u64)]| {
                for &(pid, event_ns) in due {
                    if let Ok(procfs) = &procfs {
                        let reading =
                            ExecReading::read(procfs, pid, event_ns, collect, &mut buffer);
                        self.lock().add(reading);
                    }
                }
            };
            read(&due);
            due = self.lock().to_read.take_due();
            if !due.is_empty() {
                read(&due);
                let mut inbox = self.lock();
                if inbox.to_read.is_held || inbox.may_ring() {
                    inbox.note_ring();
                    ringer.ring();
                } else {
                    inbox.want_ring();
                    if inbox.is_idle {
                        wake_thread(&self.wakes[0]);
                    }
                }
            }
            if self.lock().spend_listening(spent_ns(&mut clock)) {
                self.wake_all();
            }
        }
    }
}

impl Execs {
    /// Opens the socket, if it is time.
    fn open(&mut self) {
        let is_early = self.retry_at.is_some_and(|at| Instant::now() < at);
        if self.connector.is_some() || self.is_unfiltered || is_early {
            return;
        }
        match Connector::open(EXECS_BYTES, Some(EXEC)) {
            Ok(connector) => self.connector = Some(connector),
            Err(why) => {
                self.retry_at = Some(Instant::now() + RETRY);
                if !std::mem::replace(&mut self.was_logged, true) {
                    log::warn!("command lines are read late: {why}");
                }
            }
        }
    }

    fn retry_in(&self, step: ListenStep) -> Option<Duration> {
        let wants = step == ListenStep::Prompt && !self.is_unfiltered;
        let at = self.retry_at.filter(|_| wants)?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// Receives what has called `exec`: the pids, and the times of the events.
    fn receive(&mut self) -> Vec<(u32, u64)> {
        let mut execs = Vec::new();
        let Some(connector) = &mut self.connector else {
            return execs;
        };
        let is_unfiltered = &mut self.is_unfiltered;
        let received = connector.receive(&mut |event| match event.what {
            What::Exec { pid } => execs.push((pid, event.at_ns)),
            What::Answer { .. } => {}
            _ => *is_unfiltered = true,
        });
        // Losses are those of command lines only.
        let works = matches!(
            received,
            Ok(Received::All | Received::Some | Received::Lost)
        );
        if !works {
            self.retry_at = Some(Instant::now() + RETRY);
        }
        if !works || self.is_unfiltered {
            self.connector = None;
        }
        execs
    }
}

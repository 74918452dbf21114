//! The threads that listen to the kernel's events between scans.
//!
//! One waits for events, and rings the bell while there are some. On an idle host it sleeps. The
//! other one reads each process that calls `exec` at once: its command line is gone
//! when a short process ends. It also reads those that have only forked, and rings then. That can hang,
//! and then only command lines are missing.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use super::accounting::Intake;
use super::connector::Connector;
use super::inbox::Inbox;
use super::kernel_event::KernelEvent;
use super::ladder::Ladder;
use super::listen_options::ListenOptions;
use super::mail::Mail;
#[cfg(test)]
use super::reception::Reception;
use crate::metrics::CpuClock;
use crate::model::{Collect, ListenStep, Timestamp};
use crate::source::Bell;

/// How long the end waits for a thread that reads a process.
const PATIENCE: Duration = Duration::from_millis(100);

/// Listens on threads of its own until it is dropped.
pub(super) struct Listener {
    shared: Arc<Shared>,
    bell: Bell,
    beat: Option<JoinHandle<()>>,
    execs: Option<JoinHandle<()>>,
}

pub(super) struct Shared {
    inbox: Mutex<Inbox>,
    pub(super) buffer_bytes: usize,
    must_end: AtomicBool,
    /// The first thread must open another socket.
    pub(super) must_reopen: AtomicBool,
    /// Wakes the first thread, and the second one.
    pub(super) wakes: [OwnedFd; 2],
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Listener {
    /// Starts to listen, and to read these fields of processes.
    ///
    /// Returns the reason for people if it is not possible.
    pub(super) fn start(
        proc: &Path,
        options: ListenOptions,
        collect: Collect,
    ) -> Result<Self, String> {
        let buffer_bytes = options.buffer_bytes;
        let connector = Connector::open(buffer_bytes, None)?;
        let now_ns = Timestamp::monotonic_now_ns();
        let ladder = Ladder::new(options.cpu_percent, options.closest, now_ns);
        let wake = || {
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
                .map_err(|errno| format!("cannot wake threads: {}", std::io::Error::from(errno)))
        };
        let shared = Arc::new(Shared {
            inbox: Mutex::new(Inbox::new(connector, ladder, Intake::start(proc))),
            buffer_bytes,
            must_end: AtomicBool::new(false),
            must_reopen: AtomicBool::new(false),
            wakes: [wake()?, wake()?],
        });
        let (ringer, bell) = Bell::new();
        let mut listener = Self {
            shared: Arc::clone(&shared),
            bell,
            beat: None,
            execs: None,
        };
        let other_ringer = ringer.clone();
        listener.beat = Some(spawn("pscan-listen", &shared, move |shared| {
            shared.beat(&ringer);
        })?);
        let proc = proc.to_owned();
        listener.execs = Some(spawn("pscan-exec", &shared, move |shared| {
            shared.read_execs(&proc, collect, &other_ringer);
        })?);
        Ok(listener)
    }

    /// Returns the bell that rings when there is something to drain.
    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Receives what is there now, and moves all that has arrived into `mail`.
    pub(super) fn collect(&self, mail: &mut Mail) {
        let mut inbox = self.shared.lock();
        inbox.gather();
        inbox.take(mail);
        if inbox.is_idle && inbox.to_read.has_young() {
            wake(&self.shared.wakes[0]);
        }
    }

    /// Receives what is there now, and returns the forks until a time that wait to be drained.
    pub(super) fn waiting_forks(&self, until_ns: u64) -> u64 {
        let mut inbox = self.shared.lock();
        inbox.gather();
        inbox.waiting_forks(until_ns)
    }

    /// Receives what is there now, and reads the events that wait to be drained.
    pub(super) fn for_each_waiting(&self, read: &mut dyn FnMut(&KernelEvent)) {
        let mut inbox = self.shared.lock();
        inbox.gather();
        inbox.mail.events.iter().for_each(read);
    }

    /// Rings the bell once more in the beat after this time, as in timestamps.
    pub(super) fn ring_at(&self, ring_at_ns: Option<u64>) {
        let mut inbox = self.shared.lock();
        inbox.ring_at(ring_at_ns);
        if inbox.is_idle && ring_at_ns.is_some() {
            wake(&self.shared.wakes[0]);
        }
    }

    /// Requests the events again, on the same socket, or on another one.
    pub(super) fn listen_again(&self, on_another_socket: bool) {
        let listens = || {
            let inbox = self.shared.lock();
            let (socket, filter) = (inbox.connector(), inbox.reception().filter());
            socket.is_some_and(|socket| socket.listen(filter).is_ok())
        };
        if on_another_socket || !listens() {
            self.shared.must_reopen.store(true, Ordering::Relaxed);
            wake(&self.shared.wakes[0]);
        }
    }

    /// Replaces the socket by one that does not work.
    #[cfg(test)]
    pub(super) fn break_socket(&self, connector: Connector) {
        self.shared.lock().replace(connector, Reception::All);
        let _ = self.shared.lock().take_loss();
    }

    /// Returns how closely it listens now.
    pub(super) fn step(&self) -> ListenStep {
        self.shared.lock().step()
    }

    /// Takes CPU time into account that the caller reports itself, in nanoseconds.
    pub(super) fn spend(&self, cpu_ns: u64) {
        if self.shared.lock().spend(cpu_ns) {
            self.shared.wake_all();
        }
    }

    /// Takes the kernel's count of started processes and threads into account, at a scan.
    pub(super) fn count(&self, started: u64) {
        self.shared.lock().count(started);
    }

    /// Changes the step, for a test.
    #[cfg(test)]
    pub(super) fn force(&self, step: ListenStep) {
        self.shared.lock().force(step);
        self.shared.wake_all();
    }

    /// Returns the CPU time of the threads since the last call, in nanoseconds.
    pub(super) fn take_cpu_ns(&self) -> u64 {
        self.shared.lock().take_cpu_ns()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.must_end.store(true, Ordering::Relaxed);
        for to_wake in &self.shared.wakes {
            wake(to_wake);
        }
        let until = Instant::now() + PATIENCE;
        for thread in [self.beat.take(), self.execs.take()].into_iter().flatten() {
            // A thread that hangs in a file of another process is left running, and ends when it
            // returns.
            while !thread.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() && thread.join().is_err() {
                log::error!("BUG: a thread that listens panicked");
            }
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inbox> {
        // What was received stays valid.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn must_end(&self) -> bool {
        self.must_end.load(Ordering::Relaxed)
    }

    /// Wakes both threads, so that they notice a change.
    pub(super) fn wake_all(&self) {
        self.wakes.iter().for_each(wake);
    }
}

fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    run: impl FnOnce(&Shared) + Send + 'static,
) -> Result<JoinHandle<()>, String> {
    let shared = Arc::clone(shared);
    thread::Builder::new()
        .name(name.into())
        .spawn(move || run(&shared))
        .map_err(|error| format!("cannot start a thread: {error}"))
}

pub(super) fn wake(eventfd: &OwnedFd) {
    // It fails only if it is awake already.
    let _ = rustix::io::write(eventfd, &1_u64.to_ne_bytes());
}

pub(super) fn silence(eventfd: &OwnedFd) {
    let _ = rustix::io::read(eventfd, &mut [0; 8]);
}

/// Returns the CPU time since the last call.
pub(super) fn spent_ns(clock: &mut CpuClock) -> u64 {
    let spent = clock.lap().unwrap_or_default();
    u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX)
}

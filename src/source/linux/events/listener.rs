//! The threads that listen to the kernel's events between scans.
//!
//! One waits for events, and rings the bell every 20 ms while there are some. On an idle host it
//! sleeps. The other one reads each process that calls `exec` at once: its command line is gone
//! when a short process ends. It also reads those that have only forked, and rings then. That can hang,
//! and then only command lines are missing.

use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::time::ClockId;

use super::connector::{Connector, wait};
use super::inbox::{Inbox, Mail};
use super::listen_options::ListenOptions;
use super::thrift::{Level, Thrift};
use crate::metrics::CpuClock;
use crate::model::Timestamp;
use crate::source::linux::proc::boot::ns;
use crate::source::{Bell, Ringer};

/// The time between two rings.
pub(super) const BEAT: Duration = Duration::from_millis(20);

/// The same, for events that no consumer waits for.
const SLOW_BEATS: u32 = 10;

/// The time between two attempts to open another socket.
const REOPEN_APART: Duration = Duration::from_secs(1);

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
    buffer_bytes: usize,
    must_end: AtomicBool,
    /// The first thread must open another socket.
    must_reopen: AtomicBool,
    /// Wakes the first thread, and the second one.
    pub(super) wakes: [OwnedFd; 2],
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Listener {
    /// Starts to listen. `has_cgroups`: the cgroups of processes are read too.
    ///
    /// Returns the reason for people if it is not possible.
    pub(super) fn start(
        proc: &Path,
        options: ListenOptions,
        has_cgroups: bool,
    ) -> Result<Self, String> {
        let buffer_bytes = options.buffer_bytes;
        let connector = Connector::open(buffer_bytes, None)?;
        let thrift = Thrift::new(options.cpu_percent, Timestamp::monotonic_now_ns());
        let wake = || {
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
                .map_err(|errno| format!("cannot wake threads: {}", std::io::Error::from(errno)))
        };
        let shared = Arc::new(Shared {
            inbox: Mutex::new(Inbox::new(connector, thrift)),
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
            shared.read_execs(&proc, has_cgroups, &other_ringer);
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
        if on_another_socket || self.shared.lock().connector().listen_again().is_err() {
            self.shared.must_reopen.store(true, Ordering::Relaxed);
            wake(&self.shared.wakes[0]);
        }
    }

    /// Replaces the socket by one that does not work.
    #[cfg(test)]
    pub(super) fn break_socket(&self, connector: Connector) {
        self.shared.lock().replace(connector);
        let _ = self.shared.lock().take_loss();
    }

    /// Returns how much is read now.
    pub(super) fn level(&self) -> Level {
        self.shared.lock().level()
    }

    /// Takes CPU time into account that the caller reports itself, in nanoseconds.
    pub(super) fn spend(&self, cpu_ns: u64) {
        self.shared.lock().spend(cpu_ns);
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

    /// Rings while there are events.
    fn beat(&self, ringer: &Ringer) {
        let mut clock = CpuClock::start();
        let mut socket = None;
        let mut reopened = None;
        while !self.must_end() {
            self.await_events(&mut socket);
            let mut beats = 0;
            loop {
                self.sleep(BEAT);
                if self.must_end() {
                    return;
                }
                let may_reopen = reopened.is_none_or(|at: Instant| at.elapsed() >= REOPEN_APART);
                if may_reopen && self.must_reopen.swap(false, Ordering::Relaxed) {
                    reopened = Some(Instant::now());
                    self.reopen();
                    socket = None;
                }
                beats += 1;
                let mut inbox = self.lock();
                let has_any = inbox.gather();
                let is_slow = beats % SLOW_BEATS == 0;
                let has_due = inbox.to_read.has_due(ns(ClockId::Monotonic));
                if has_due {
                    wake(&self.wakes[1]);
                }
                if inbox.rings(is_slow) {
                    // The thread that reads them rings, unless it hangs.
                    inbox.to_read.is_held = has_due && !inbox.to_read.is_held;
                    if !inbox.to_read.is_held {
                        ringer.ring();
                    }
                }
                inbox.spend_listening(spent_ns(&mut clock));
                let has_more = !is_slow && inbox.has_mail();
                inbox.is_idle = !has_any && !has_more && !inbox.to_read.is_held;
                if inbox.is_idle {
                    break;
                }
            }
        }
    }

    /// Sleeps until there are events, or the source wants a ring. `socket` is that of the inbox.
    fn await_events(&self, socket: &mut Option<OwnedFd>) {
        let wake = self.wakes[0].as_fd();
        if socket.is_none() {
            *socket = self.lock().connector().as_fd().try_clone_to_owned().ok();
        }
        loop {
            let ring_in = self.lock().ring_in();
            let [is_woken, has_events] = match socket {
                Some(socket) => wait(&[wake, socket.as_fd()], ring_in),
                // No descriptor is left. The bell rings late.
                None => {
                    wait(&[wake], Some(BEAT * SLOW_BEATS));
                    [false; 2]
                }
            };
            silence(&self.wakes[0]);
            let mut inbox = self.lock();
            let must_act = self.must_end() || self.must_reopen.load(Ordering::Relaxed);
            let is_over = !is_woken || has_events || must_act;
            if is_over || inbox.to_read.has_young() || inbox.is_ring_due() {
                inbox.is_idle = false;
                return;
            }
        }
    }

    /// Sleeps for a time, or until the source is dropped.
    fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.must_end() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            wait(&[self.wakes[0].as_fd()], Some(left));
            silence(&self.wakes[0]);
        }
    }

    fn reopen(&self) {
        match Connector::open(self.buffer_bytes, None) {
            Ok(connector) => self.lock().replace(connector),
            Err(why) => log::warn!("births and exits are no longer heard: {why}"),
        }
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

fn wake(eventfd: &OwnedFd) {
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

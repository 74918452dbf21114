//! The thread that rings when a watched process was reaped.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::metrics::CpuClock;
use crate::source::{Bell, Ringer};

/// How long the end waits for the thread.
const PATIENCE: Duration = Duration::from_millis(100);

/// Rings until it is dropped.
pub(super) struct BellThread {
    shared: Arc<Shared>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// Can be read while there is an exit to drain.
    epoll: Arc<OwnedFd>,
    wake: OwnedFd,
    must_end: AtomicBool,
    /// It has rung, and was not drained since. Until then it sleeps.
    has_rung: AtomicBool,
    cpu_ns: AtomicU64,
}

impl BellThread {
    /// Returns the reason for people if it is not possible.
    pub(super) fn start(epoll: Arc<OwnedFd>) -> Result<Self, String> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|errno| format!("cannot wake threads: {}", std::io::Error::from(errno)))?;
        let shared = Arc::new(Shared {
            epoll,
            wake,
            must_end: AtomicBool::new(false),
            has_rung: AtomicBool::new(false),
            cpu_ns: AtomicU64::new(0),
        });
        let (ringer, bell) = Bell::new();
        let its = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("pscan-exits".into())
            .spawn(move || its.run(&ringer))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(Self {
            shared,
            bell,
            thread: Some(thread),
        })
    }

    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Lets it ring again: what it rang for was drained.
    pub(super) fn drained(&self) {
        if self.shared.has_rung.swap(false, Ordering::Relaxed) {
            self.shared.wake();
        }
    }

    /// Returns the CPU time of the thread since the last call, in nanoseconds.
    pub(super) fn take_cpu_ns(&self) -> u64 {
        self.shared.cpu_ns.swap(0, Ordering::Relaxed)
    }
}

impl Drop for BellThread {
    fn drop(&mut self) {
        self.shared.must_end.store(true, Ordering::Relaxed);
        self.shared.wake();
        let Some(thread) = self.thread.take() else {
            return;
        };
        // In a child that has only forked there is no such thread, and it never finishes.
        let until = Instant::now() + PATIENCE;
        while !thread.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        if thread.is_finished() && thread.join().is_err() {
            log::error!("BUG: the thread that rings panicked");
        }
    }
}

impl Shared {
    fn run(&self, ringer: &Ringer) {
        let mut clock = CpuClock::start();
        while !self.must_end.load(Ordering::Relaxed) {
            if self.await_exit() && !self.has_rung.swap(true, Ordering::Relaxed) {
                ringer.ring();
            }
            let spent = clock.lap().unwrap_or_default();
            let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
            self.cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
        }
    }

    /// Sleeps until there is an exit to ring for, or until it is woken. Returns whether there is one.
    fn await_exit(&self) -> bool {
        let of = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut polled = [of(self.wake.as_fd()), of(self.epoll.as_fd())];
        let count = match self.has_rung.load(Ordering::Relaxed) {
            true => 1,
            false => polled.len(),
        };
        if poll(&mut polled[..count], None).is_err() {
            return false;
        }
        if !polled[0].revents().is_empty() {
            let _ = rustix::io::read(&self.wake, &mut [0; 8]);
        }
        !polled[1].revents().is_empty()
    }

    fn wake(&self) {
        // It fails only if it is awake already.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

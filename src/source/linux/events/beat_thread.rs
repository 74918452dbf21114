//! The thread that receives events and rings the bell while there are some.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::time::ClockId;

use super::connector::{Connector, wait};
use super::listener::{Shared, silence, spent_ns, wake};
use super::reception::{Reception, beat};
use crate::metrics::CpuClock;
use crate::source::Ringer;
use crate::source::linux::proc::boot::ns;

/// The time between two rings for events that no consumer waits for.
const SLOW_RING_APART: Duration = Duration::from_millis(200);

/// The time between two attempts to open another socket.
const REOPEN_APART: Duration = Duration::from_secs(1);

impl Shared {
    /// Rings while there are events.
    pub(super) fn beat(&self, ringer: &Ringer) {
        let mut clock = CpuClock::start();
        let mut reopened = None;
        let mut has_failed = false;
        while !self.must_end() {
            self.await_events();
            let mut since_slow = Duration::ZERO;
            loop {
                let beat = beat(self.lock().step());
                self.sleep(beat);
                if self.must_end() {
                    return;
                }
                let may_reopen = reopened.is_none_or(|at: Instant| at.elapsed() >= REOPEN_APART);
                if may_reopen && self.wants_socket() {
                    reopened = Some(Instant::now());
                    self.must_reopen.store(false, Ordering::Relaxed);
                    has_failed = self.reopen(has_failed);
                }
                since_slow += beat;
                let mut inbox = self.lock();
                let has_any = inbox.gather();
                let is_slow = since_slow >= SLOW_RING_APART;
                let has_due = inbox.to_read.has_due(ns(ClockId::Monotonic));
                if has_due {
                    wake(&self.wakes[1]);
                }
                let (rings, may_ring) = (inbox.must_ring(is_slow), inbox.may_ring());
                if may_ring && rings {
                    // The thread that reads them rings, unless it hangs.
                    inbox.to_read.is_held = has_due && !inbox.to_read.is_held;
                    if !inbox.to_read.is_held {
                        inbox.note_ring();
                        ringer.ring();
                    }
                }
                if inbox.spend_listening(spent_ns(&mut clock)) {
                    wake(&self.wakes[1]);
                }
                let is_left = (rings && !may_ring) || (!is_slow && inbox.has_mail());
                inbox.is_idle = !has_any && !is_left && !inbox.to_read.is_held;
                if is_slow {
                    since_slow = Duration::ZERO;
                }
                if inbox.is_idle {
                    break;
                }
            }
        }
    }

    /// Sleeps until there are events, or the source wants a ring: without a timer while nothing waits.
    fn await_events(&self) {
        let wake = self.wakes[0].as_fd();
        loop {
            let (ring_in, has_socket, copy) = {
                let inbox = self.lock();
                let socket = inbox.connector();
                // A copy, to wait without the lock. It must not outlive the socket.
                let copy = socket.and_then(|socket| socket.as_fd().try_clone_to_owned().ok());
                (inbox.ring_in(), socket.is_some(), copy)
            };
            let [is_woken, has_events] = match &copy {
                Some(socket) => wait(&[wake, socket.as_fd()], ring_in),
                None => {
                    // No descriptor is left, and the bell rings late. Or another socket is due.
                    let must_poll = has_socket || self.wants_socket();
                    let poll_in = must_poll.then_some(SLOW_RING_APART);
                    let [is_woken] = wait(&[wake], poll_in.or(ring_in));
                    [is_woken, false]
                }
            };
            silence(&self.wakes[0]);
            let mut inbox = self.lock();
            let must_act = self.must_end() || self.must_reopen.load(Ordering::Relaxed);
            let is_over = !is_woken || has_events || must_act || inbox.wants_socket();
            if is_over || inbox.to_read.has_young() || inbox.must_ring(false) {
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

    fn wants_socket(&self) -> bool {
        let is_requested = self.must_reopen.load(Ordering::Relaxed);
        let inbox = self.lock();
        inbox.wants_socket() || (is_requested && inbox.reception() != Reception::Nothing)
    }

    /// Opens another socket. Returns whether that has failed, which it logs unless it `had_failed`.
    fn reopen(&self, had_failed: bool) -> bool {
        let reception = self.lock().reception();
        match Connector::open(self.buffer_bytes, reception.filter()) {
            Ok(connector) => {
                self.lock().replace(connector, reception);
                false
            }
            Err(why) => {
                if !had_failed {
                    log::warn!("births and exits are not heard: {why}");
                }
                true
            }
        }
    }
}

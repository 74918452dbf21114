//! Lets the inbox follow the steps: what they cost, and what its socket receives.

use rustix::time::ClockId;

use super::connector::Connector;
use super::inbox::Inbox;
use super::reception::{Reception, reads_execs};
use super::sequence::Sequence;
use crate::model::{ListenStep, Timestamp};
use crate::source::linux::proc::boot::ns;

impl Inbox {
    /// Takes CPU time of a listening thread into account, in nanoseconds. Returns whether the step has
    /// changed, so that both threads must be woken.
    pub(super) fn spend_listening(&mut self, cpu_ns: u64) -> bool {
        self.cpu_ns += cpu_ns;
        self.spend(cpu_ns)
    }

    /// Takes CPU time into account that the caller reports itself, and returns the same.
    pub(super) fn spend(&mut self, cpu_ns: u64) -> bool {
        let before = self.ladder.step();
        let lives = std::mem::take(&mut self.lives);
        let now_ns = Timestamp::monotonic_now_ns();
        self.ladder.spend(cpu_ns, lives, now_ns);
        self.follow(before)
    }

    /// Takes the kernel's count of started processes and threads into account, at a scan.
    pub(super) fn count(&mut self, started: u64) {
        let now_ns = Timestamp::monotonic_now_ns();
        self.ladder.count(started, now_ns);
    }

    pub(super) fn cannot_filter(&mut self) {
        let before = self.ladder.step();
        self.ladder.cannot_filter(Timestamp::monotonic_now_ns());
        self.follow(before);
    }

    /// Receives what the step wants from now on. Events in between are missing.
    pub(super) fn follow(&mut self, before: ListenStep) -> bool {
        let step = self.ladder.step();
        if step == before {
            return false;
        }
        self.mail.has_stepped = true;
        if !reads_execs(step) {
            self.to_read.clear();
        }
        let reception = Reception::of(step);
        if reception == Reception::of(before) {
            return true;
        }
        self.connector = self.connector.take().filter(|connector| {
            reception != Reception::Nothing && connector.listen(reception.filter()).is_ok()
        });
        self.filtered_ns = None;
        match reception {
            Reception::Exits => {
                self.filtered_ns = Some(ns(ClockId::Monotonic));
                self.mail.lose(|| "births are left to scans".into());
            }
            Reception::Nothing => {
                self.mail
                    .lose(|| "births and exits are left to scans".into());
            }
            Reception::All => {
                self.sequence = Sequence::default();
                self.mail.lose(|| "births were left to scans".into());
            }
        }
        true
    }

    /// Returns whether another socket must be opened.
    pub(super) fn wants_socket(&self) -> bool {
        self.connector.is_none() && self.step() != ListenStep::Deaf
    }

    /// Returns what the socket has to receive.
    pub(super) fn reception(&self) -> Reception {
        Reception::of(self.step())
    }

    /// Changes the step, for a test.
    #[cfg(test)]
    pub(super) fn force(&mut self, step: ListenStep) {
        let before = self.ladder.step();
        self.ladder.force(step, Timestamp::monotonic_now_ns());
        self.follow(before);
    }

    /// Goes on with another socket, which receives this. Events in between are missing.
    pub(super) fn replace(&mut self, connector: Connector, reception: Reception) {
        self.mail.death = None;
        self.mail.lose(|| "the scanner had to listen again".into());
        self.sequence = Sequence::default();
        // The step may have changed meanwhile.
        self.connector = (self.reception() == reception).then_some(connector);
        let is_filtered = reception == Reception::Exits;
        self.filtered_ns = is_filtered.then(|| ns(ClockId::Monotonic));
    }
}

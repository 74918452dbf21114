//! What was received of the kernel's events, until the source drains it.

use std::time::{Duration, Instant};

use super::accounting::Intake;
use super::connector::Connector;
use super::exec_reading::ExecReading;
use super::kernel_event::{KernelEvent, What};
use super::ladder::Ladder;
use super::mail::Mail;
use super::netlink_receive::Received;
use super::reception::{reads_execs, rings_apart};
use super::sequence::Sequence;
use super::to_read::ToRead;
use crate::model::{ListenStep, Timestamp};

/// Events that can wait: 2.5 MB. A source that does not drain for so long loses some.
const MAX_EVENTS: usize = 1 << 16;

/// Bytes of command lines that can wait. Further ones are left to scans.
const MAX_COMMAND_BYTES: usize = 8 << 20;

/// Readings that can wait.
const MAX_READINGS: usize = 1 << 14;

/// System calls of one gathering, so that a storm does not hold up a scan.
const MAX_CALLS: usize = 512;

/// The socket that all events come from, and what it has received.
#[derive(Debug)]
pub(super) struct Inbox {
    /// `None`: nothing is received at this step, or another one must be opened.
    pub(super) connector: Option<Connector>,
    /// Since when only exits are received, by the clock of events.
    pub(super) filtered_ns: Option<u64>,
    pub(super) sequence: Sequence,
    pub(super) mail: Mail,
    command_bytes: usize,
    pub(super) ladder: Ladder,
    /// Lives that were heard and not taken into account yet, threads included.
    pub(super) lives: u64,
    pub(super) intake: Intake,
    /// CPU time of the listening threads that was not reported yet.
    pub(super) cpu_ns: u64,
    /// When the bell must ring once more, as in timestamps: exits wait for their parents.
    ring_at_ns: Option<u64>,
    /// When the bell last rang.
    rung: Option<Instant>,
    /// It has rung since the last drain, which is enough.
    has_rung: bool,
    pub(super) to_read: ToRead,
    /// The thread that rings sleeps until events arrive.
    pub(super) is_idle: bool,
}

impl Inbox {
    pub(super) fn new(connector: Connector, ladder: Ladder, intake: Intake) -> Self {
        let mut inbox = Self {
            connector: Some(connector),
            filtered_ns: None,
            sequence: Sequence::default(),
            mail: Mail::default(),
            command_bytes: 0,
            ladder,
            lives: 0,
            intake,
            cpu_ns: 0,
            ring_at_ns: None,
            rung: None,
            has_rung: false,
            to_read: ToRead::default(),
            is_idle: false,
        };
        inbox.follow(ListenStep::Prompt);
        inbox
    }

    /// Receives what is there. Returns whether anything was.
    pub(super) fn gather(&mut self) -> bool {
        let has_any = self.gather_events();
        // After the exits, since the kernel sends the records first.
        let ladder = &self.ladder;
        let may_account = ladder.may_account(self.intake.is_open());
        let why_not = || ladder.why_no_account();
        self.intake
            .gather(may_account, &why_not, &mut self.mail.records);
        has_any
    }

    fn gather_events(&mut self) -> bool {
        let Self {
            connector: Some(connector),
            filtered_ns,
            sequence,
            mail,
            ladder,
            lives,
            to_read,
            ..
        } = self
        else {
            return false;
        };
        let reads = reads_execs(ladder.step());
        let (mut has_any, mut missing, mut too_many) = (false, 0_u64, 0_u64);
        let mut is_unfiltered = false;
        for _ in 0..MAX_CALLS {
            let received = connector.receive(&mut |event| {
                has_any = true;
                // A filter leaves gaps.
                match filtered_ns {
                    Some(filtered_ns) => {
                        is_unfiltered |= event.is_fork() && event.at_ns > *filtered_ns;
                        *lives += u64::from(matches!(event.what, What::Exit { .. }));
                    }
                    None => {
                        missing += u64::from(sequence.missing_before(&event));
                        *lives += u64::from(event.is_fork());
                    }
                }
                match event.what {
                    What::Answer { .. } | What::Other => {}
                    _ if mail.events.len() >= MAX_EVENTS => too_many += 1,
                    what => {
                        mail.is_urgent |= match what {
                            What::Fork { tid, pid, .. } | What::Exit { tid, pid, .. } => tid == pid,
                            _ => true,
                        };
                        if reads {
                            to_read.hear(&event);
                        }
                        mail.events.push(event);
                    }
                }
            });
            match received {
                Ok(Received::Some) => {}
                Ok(Received::All) => break,
                Ok(Received::Lost) => {
                    has_any = true;
                    let bytes = connector.buffer_bytes().unwrap_or(0);
                    mail.lose(|| {
                        format!("the kernel dropped events: the buffer of {bytes} bytes was full")
                    });
                }
                Err(errno) => {
                    mail.death = Some(format!(
                        "cannot receive from the kernel's process connector: {}",
                        std::io::Error::from(errno)
                    ));
                    break;
                }
            }
        }
        if missing > 0 {
            mail.lose(|| format!("{missing} events of the kernel are missing"));
        }
        if too_many > 0 {
            mail.lose(|| format!("{too_many} events came while {MAX_EVENTS} waited to be drained"));
        }
        if is_unfiltered {
            self.cannot_filter();
        }
        has_any
    }

    /// Stores what was read at an exec, if there is room.
    pub(super) fn add(&mut self, reading: ExecReading) {
        self.command_bytes += reading.command_bytes();
        if self.command_bytes <= MAX_COMMAND_BYTES && self.mail.readings.len() < MAX_READINGS {
            self.mail.readings.push(reading);
        }
    }

    /// Moves what has arrived into `mail`, whose buffers are used again.
    pub(super) fn take(&mut self, mail: &mut Mail) {
        mail.clear();
        std::mem::swap(&mut self.mail, mail);
        mail.step = self.ladder.step();
        mail.step_reason = self.ladder.take_reason();
        (mail.usage, mail.usage_reason) = self.intake.take_news();
        mail.wants_socket = self.wants_socket();
        self.command_bytes = 0;
        self.ring_at_ns = None;
        (self.to_read.is_held, self.has_rung) = (false, false);
    }

    /// Returns the forks among the events that wait, up to a time.
    pub(super) fn waiting_forks(&self, until_ns: u64) -> u64 {
        let is_fork = |event: &&KernelEvent| event.is_fork() && event.at_ns <= until_ns;
        self.mail.events.iter().filter(is_fork).count() as u64
    }

    /// Returns whether the source must drain: now, or only after a while.
    fn rings(&self, after_a_while: bool) -> bool {
        let has_mail = !self.mail.events.is_empty() || !self.mail.readings.is_empty();
        let has_failed = self.mail.loss.is_some() || self.mail.death.is_some();
        let has_news = self.mail.is_urgent || self.mail.has_stepped || has_failed;
        self.is_ring_due() || has_news || (after_a_while && has_mail)
    }

    /// Returns whether the bell must ring for it.
    pub(super) fn must_ring(&self, after_a_while: bool) -> bool {
        !self.has_rung && self.rings(after_a_while)
    }

    /// Returns whether the last ring is long enough ago for this step.
    pub(super) fn may_ring(&self) -> bool {
        let apart = rings_apart(self.step());
        self.rung.is_none_or(|rung| rung.elapsed() >= apart)
    }

    /// Notes that the bell rings now.
    pub(super) fn note_ring(&mut self) {
        (self.rung, self.has_rung) = (Some(Instant::now()), true);
    }

    /// Makes the bell ring as soon as it may.
    pub(super) fn want_ring(&mut self) {
        self.mail.is_urgent = true;
    }

    pub(super) fn has_mail(&self) -> bool {
        self.rings(true) || self.to_read.has_young()
    }

    /// Makes the bell ring once more, at this time.
    pub(super) fn ring_at(&mut self, ring_at_ns: Option<u64>) {
        self.ring_at_ns = ring_at_ns;
    }

    /// Returns the time until the bell must ring once more, if it must.
    pub(super) fn ring_in(&self) -> Option<Duration> {
        let left_ns = self
            .ring_at_ns?
            .saturating_sub(Timestamp::monotonic_now_ns());
        Some(Duration::from_nanos(left_ns))
    }

    pub(super) fn is_ring_due(&self) -> bool {
        self.ring_in().is_some_and(|left| left.is_zero())
    }

    pub(super) fn step(&self) -> ListenStep {
        self.ladder.step()
    }

    /// Returns the CPU time of the listening threads since the last call, in nanoseconds.
    pub(super) fn take_cpu_ns(&mut self) -> u64 {
        std::mem::take(&mut self.cpu_ns)
    }

    pub(super) fn connector(&self) -> Option<&Connector> {
        self.connector.as_ref()
    }

    #[cfg(test)]
    pub(super) fn take_loss(&mut self) -> Option<String> {
        self.mail.loss.take()
    }
}

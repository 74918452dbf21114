//! What was received of the kernel's events, until the source drains it.

use std::collections::HashMap;
use std::time::Duration;

use super::connector::{Connector, Received};
use super::exec_reading::ExecReading;
use super::kernel_event::{KernelEvent, What};
use super::thrift::{Level, Thrift};
use super::to_read::ToRead;
use crate::model::Timestamp;

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
    connector: Connector,
    sequence: Sequence,
    mail: Mail,
    command_bytes: usize,
    thrift: Thrift,
    /// CPU time of the listening threads that was not reported yet.
    cpu_ns: u64,
    /// When the bell must ring once more, as in timestamps: exits wait for their parents.
    ring_at_ns: Option<u64>,
    pub(super) to_read: ToRead,
    /// The thread that rings sleeps until events arrive.
    pub(super) is_idle: bool,
}

/// What has arrived since the drain before.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// In the order of the kernel's queue.
    pub(super) events: Vec<KernelEvent>,
    /// What was read at execs.
    pub(super) readings: Vec<ExecReading>,
    /// Threads that were started while events were only counted.
    pub(super) threads: u64,
    /// Why events are missing.
    pub(super) loss: Option<String>,
    /// Why no more events can arrive.
    pub(super) death: Option<String>,
    /// There are events that consumers wait for, not only of threads.
    pub(super) is_urgent: bool,
}

/// Finds gaps in the events of each CPU.
#[derive(Debug, Default)]
struct Sequence(HashMap<u32, u32>);

impl Sequence {
    /// Returns how many events are missing before this one.
    fn missing_before(&mut self, event: &KernelEvent) -> u32 {
        // Answers count too, also those to other listeners. Those of older kernels are of no CPU, and have
        // the number of their request.
        if event.cpu == u32::MAX {
            return 0;
        }
        let Some(before) = self.0.insert(event.cpu, event.seq) else {
            return 0;
        };
        // Older kernels can send two in the wrong order, which is no gap.
        let step = event.seq.wrapping_sub(before).cast_signed();
        u32::try_from(step.saturating_sub(1)).unwrap_or(0)
    }
}

impl Inbox {
    pub(super) fn new(connector: Connector, thrift: Thrift) -> Self {
        Self {
            connector,
            sequence: Sequence::default(),
            mail: Mail::default(),
            command_bytes: 0,
            thrift,
            cpu_ns: 0,
            ring_at_ns: None,
            to_read: ToRead::default(),
            is_idle: false,
        }
    }

    /// Receives what is there. Returns whether anything was.
    pub(super) fn gather(&mut self) -> bool {
        let Self {
            connector,
            sequence,
            mail,
            thrift,
            to_read,
            ..
        } = self;
        let counts_only = thrift.level() == Level::Counts;
        let reads = thrift.level() == Level::Everything;
        let (mut has_any, mut missing, mut too_many) = (false, 0_u64, 0_u64);
        for _ in 0..MAX_CALLS {
            let received = connector.receive(&mut |event| {
                has_any = true;
                missing += u64::from(sequence.missing_before(&event));
                match event.what {
                    What::Answer { .. } | What::Other => {}
                    What::Fork { tid, pid, .. } if counts_only => {
                        mail.threads += u64::from(tid != pid);
                    }
                    _ if counts_only => {}
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
        self.command_bytes = 0;
        self.ring_at_ns = None;
        self.to_read.is_held = false;
    }

    /// Returns the forks among the events that wait, up to a time.
    pub(super) fn waiting_forks(&self, until_ns: u64) -> u64 {
        let is_fork = |event: &&KernelEvent| event.is_fork() && event.at_ns <= until_ns;
        self.mail.threads + self.mail.events.iter().filter(is_fork).count() as u64
    }

    /// Returns whether the source must drain: now, or only after a while.
    pub(super) fn rings(&self, after_a_while: bool) -> bool {
        let has_mail = !self.mail.events.is_empty() || !self.mail.readings.is_empty();
        let has_news = self.mail.is_urgent || self.mail.loss.is_some() || self.mail.death.is_some();
        self.is_ring_due() || has_news || (after_a_while && has_mail)
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

    pub(super) fn level(&self) -> Level {
        self.thrift.level()
    }

    /// Takes CPU time of a listening thread into account, in nanoseconds.
    pub(super) fn spend_listening(&mut self, cpu_ns: u64) {
        self.cpu_ns += cpu_ns;
        self.spend(cpu_ns);
    }

    /// Takes CPU time into account that the caller reports itself, in nanoseconds.
    pub(super) fn spend(&mut self, cpu_ns: u64) {
        let before = self.thrift.level();
        let now_ns = Timestamp::monotonic_now_ns();
        // What was not stored is missing, so that identities are checked again.
        let after = self.thrift.spend(cpu_ns, now_ns);
        if after != Level::Everything {
            self.to_read.clear();
        }
        if after != before && before == Level::Counts {
            self.mail.lose(|| "events were only counted".into());
        }
    }

    /// Returns the CPU time of the listening threads since the last call, in nanoseconds.
    pub(super) fn take_cpu_ns(&mut self) -> u64 {
        std::mem::take(&mut self.cpu_ns)
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    #[cfg(test)]
    pub(super) fn take_loss(&mut self) -> Option<String> {
        self.mail.loss.take()
    }

    /// Goes on with another socket. Events in between are missing.
    pub(super) fn replace(&mut self, connector: Connector) {
        self.connector = connector;
        self.sequence = Sequence::default();
        self.mail.death = None;
        self.mail.lose(|| "the scanner had to listen again".into());
    }
}

impl Mail {
    fn lose(&mut self, why: impl FnOnce() -> String) {
        self.loss.get_or_insert_with(why);
    }

    fn clear(&mut self) {
        self.events.clear();
        self.readings.clear();
        self.threads = 0;
        self.loss = None;
        self.death = None;
        self.is_urgent = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_found_for_each_cpu() {
        let mut sequence = Sequence::default();
        let mut missing = |cpu, seq| {
            sequence.missing_before(&KernelEvent {
                seq,
                cpu,
                at_ns: 0,
                what: What::Other,
            })
        };
        assert_eq!([missing(0, 7), missing(1, 3), missing(0, 8)], [0; 3]);
        assert_eq!(missing(1, 6), 2);
        // A kernel that sends two in the wrong order.
        assert_eq!([missing(0, 7), missing(1, 7)], [0, 0]);
        assert_eq!([missing(2, u32::MAX), missing(2, 1)], [0, 1]);
        // An answer of an older kernel.
        assert_eq!([missing(u32::MAX, 0), missing(u32::MAX, 5)], [0, 0]);
    }
}

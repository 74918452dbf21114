//! What a source hears about processes between two scans.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::row::ProcessRow;
use crate::model::{Exit, Hearing, ListenStep, Timestamp};

/// A birth, a change or an exit, as the system reported it.
///
/// It is a fact, unlike a process that a scan missed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Happening<'a> {
    /// The process was born.
    ///
    /// What was not read in time is unknown; never the value of the parent. If the scanner knows the
    /// process already, the row updates it.
    Born(ProcessRow<'a>),
    /// The process changed: its program, or it became a zombie.
    ///
    /// The row is ignored if the scanner does not know the process, or has read it later than
    /// [`read_at_ns`](ProcessRow::read_at_ns).
    Changed(ProcessRow<'a>),
    /// The process has exited and its parent has reaped it.
    Exited {
        /// Process id.
        pid: u32,
        /// Start time in milliseconds since the Unix epoch, as in its rows; `None` if unknown.
        start_time_ms: Option<u64>,
        /// What is known of its end.
        exit: Exit,
    },
}

impl Happening<'_> {
    /// Returns the pid of the process.
    pub fn pid(&self) -> u32 {
        match self {
            Self::Born(row) | Self::Changed(row) => row.pid,
            Self::Exited { pid, .. } => *pid,
        }
    }
}

/// What a drain of a source found, besides the happenings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Heard {
    /// Whether the source has heard everything since the drain before.
    pub hearing: Hearing,
    /// Why it has not, for people.
    pub reason: Option<String>,
    /// When it was drained; `None`: now, by the clocks of this machine.
    pub at: Option<Timestamp>,
    /// Upper limit of the processes and threads whose start the source did not hear, since it
    /// listens.
    ///
    /// It is as of the scan before, since the system counts a start before it reports it. It never
    /// shrinks. `None` where the system does not count them.
    pub missed_total: Option<u64>,
    /// CPU time of the source's own threads since the drain or scan before, in nanoseconds.
    pub other_cpu_ns: u64,
    /// How closely the source listens; `None` where it knows no steps.
    pub step: Option<ListenStep>,
    /// Why it listens more or less closely than at the drain before, for people.
    pub step_reason: Option<String>,
    /// Whether it hears what all processes used that exit now ([`Exit::usage`]); `None` where it
    /// never does.
    pub usage: Option<bool>,
    /// Why it does not, or does again, for people: in the first drain and when that changes.
    pub usage_reason: Option<String>,
}

/// Rings a [`Bell`].
#[derive(Debug, Clone)]
pub struct Ringer(Sender<()>);

/// Tells a running scanner that a source has happenings to drain.
#[derive(Debug, Clone)]
pub struct Bell(Receiver<()>);

impl Bell {
    /// Creates a bell and what rings it.
    pub fn new() -> (Ringer, Self) {
        let (sender, receiver) = bounded(1);
        (Ringer(sender), Self(receiver))
    }

    /// Returns the channel that a ring arrives on.
    pub(crate) fn rings(&self) -> &Receiver<()> {
        &self.0
    }
}

impl Ringer {
    /// Rings the bell. Rings that the scanner has not noticed yet are one.
    ///
    /// Returns false if the bell is gone.
    pub fn ring(&self) -> bool {
        !matches!(self.0.try_send(()), Err(TrySendError::Disconnected(())))
    }
}

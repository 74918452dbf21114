//! One process between its birth and its exit, as the kernel's events describe it.

use super::ends::Ends;
use super::event_clock::Moment;
use super::exec_reading::{ExecReading, ExecStat};
use crate::source::exited::{TICK_MS, within_tick};
use crate::source::linux::proc::boot::{Boot, NS_PER_MS};

/// An event can be this many ticks after the start time that the kernel stored: its thread may have
/// been preempted in between.
const LATE_TICKS: u64 = 100;

/// The start time that a process was reported with, which is half of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Start {
    /// In ticks after boot.
    pub(in crate::source) ticks: u64,
    /// How many earlier processes had its pid and tick.
    pub(in crate::source) nth: u8,
}

impl Start {
    /// Returns the start time after that of the process that has left last with its pid and tick, which
    /// was the `left`th.
    pub(super) fn after(left: Option<&u8>, ticks: u64) -> Self {
        let nth = left.map_or(0, |nth| nth.saturating_add(1));
        Self { ticks, nth }
    }

    /// Returns the start time in milliseconds since the Unix epoch. A tick is longer than a
    /// millisecond, so processes that started in the same tick get different start times within it.
    pub(in crate::source) fn time_ms(self, boot: Boot) -> Option<u64> {
        Some(within_tick(boot.start_time_ms(self.ticks)?, self.nth))
    }

    /// Returns the start time in nanoseconds after boot.
    pub(super) fn since_boot_ns(self) -> u64 {
        self.ticks.saturating_mul(TICK_MS * NS_PER_MS)
    }

    /// Returns whether a process with this start time in `stat` can be the one.
    pub(in crate::source) fn is_of(self, stat_ticks: u64) -> bool {
        self.ticks
            .checked_sub(stat_ticks)
            .is_some_and(|late| late <= LATE_TICKS)
    }
}

/// A process as a scan has emitted it.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Scanned {
    pub(in crate::source) start: Start,
    /// When it was read, as in timestamps.
    pub(in crate::source) read_at_ns: u64,
    /// Its first thread has ended, and perhaps all.
    pub(in crate::source) is_leader_ended: bool,
    /// It has used CPU time.
    pub(in crate::source) has_run: bool,
    pub(in crate::source) is_kernel_thread: bool,
    /// It is of the last scan, and not of the one before.
    pub(in crate::source) is_current: bool,
}

/// The end of a thread, which is that of the process if no other is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastExit {
    /// As from wait(2).
    pub(super) status: u32,
    pub(super) at: Moment,
}

/// A process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    /// `None`: it has not been reported.
    pub(super) start: Option<Start>,
    /// When it was born; `None` if it is older than the listener.
    pub(super) born: Option<Moment>,
    /// Threads that live; `None` if not all of their events were heard.
    pub(super) threads: Option<u32>,
    /// Its first thread has ended, which has the number of the process.
    pub(super) leader_ended: bool,
    /// Ends of threads of earlier processes with its pid that were not heard, or `u32::MAX`. The kernel
    /// reports an end when the process may be reaped already and its pid used again.
    pub(super) earlier_ends: u32,
    /// An end that was heard may be one of those.
    pub(super) is_contested: bool,
    /// Whether it is a kernel thread; `None` if its parent is not known.
    pub(super) is_kernel_thread: Option<bool>,
    /// When it last called `exec`, or else was born, as in the event.
    pub(super) image_ns: u64,
    /// When it last called `exec`, as in timestamps; `None` if that was not heard.
    pub(super) exec_ns: Option<u64>,
    /// Its program was read since.
    pub(super) has_read_program: bool,
    /// The last end of a thread that may be that of the process.
    pub(super) end: Option<LastExit>,
    pub(super) ends: Ends,
    /// `end` is certain, whatever is lost from now on.
    pub(super) is_end_certain: bool,
    /// Its CPU time in nanoseconds, read after all of its threads had ended.
    pub(super) final_cpu_ns: Option<u64>,
    /// The process is among those that are checked in each round.
    pub(super) is_fresh: bool,
    /// The process is among those that are checked after each scan.
    pub(super) is_waiting: bool,
    pub(super) is_reported_zombie: bool,
    /// Its last step, if that is of this round.
    pub(super) step: Spot,
    /// Where its exit belongs, if that is of this round.
    pub(super) end_step: Spot,
}

/// The place of a step in a round.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spot {
    round: u64,
    index: usize,
}

impl Spot {
    pub(super) fn new(round: u64, index: usize) -> Self {
        Self { round, index }
    }

    /// Returns the index, if it is of this round.
    pub(super) fn of(self, round: u64) -> Option<usize> {
        (self.round == round).then_some(self.index)
    }
}

impl Life {
    /// Creates a process whose birth was not heard.
    pub(super) fn older(scanned: Option<Scanned>) -> Self {
        Self {
            start: scanned.map(|scanned| scanned.start),
            born: None,
            threads: None,
            leader_ended: scanned.is_some_and(|scanned| scanned.is_leader_ended),
            earlier_ends: 0,
            is_contested: false,
            is_kernel_thread: scanned.map(|scanned| scanned.is_kernel_thread),
            image_ns: 0,
            exec_ns: None,
            has_read_program: false,
            end: None,
            ends: Ends::default(),
            is_end_certain: false,
            final_cpu_ns: None,
            is_fresh: false,
            is_waiting: false,
            is_reported_zombie: false,
            step: Spot::default(),
            end_step: Spot::default(),
        }
    }

    /// Creates a process that was born with one thread.
    pub(super) fn born(start: Start, event_ns: u64, at: Moment) -> Self {
        Self {
            start: Some(start),
            born: Some(at),
            threads: Some(1),
            image_ns: event_ns,
            ..Self::older(None)
        }
    }

    /// Returns the start time that a scan has reported it with, if it was reported.
    pub(super) fn start_by(&self, scanned: Option<Scanned>) -> Option<Start> {
        // Of a process that has ended, a scan after that may have read the next one with its pid.
        let is_own = |scanned: &Scanned| {
            self.end.is_none_or(|end| {
                scanned.read_at_ns <= end.at.at_ns || scanned.start.ticks < end.at.ticks()
            })
        };
        let scanned = scanned.filter(is_own).map(|scanned| scanned.start);
        self.start.or(scanned)
    }

    /// Returns when it last called `exec`, if nothing was read of its program since.
    pub(super) fn unread_exec_ns(&self) -> Option<u64> {
        self.exec_ns.filter(|_| !self.has_read_program)
    }

    /// Returns how many ends of its threads, and of earlier processes with its pid, were not heard.
    pub(super) fn unheard_ends(&self) -> u32 {
        self.threads.map_or(u32::MAX, |threads| {
            threads.saturating_add(self.earlier_ends)
        })
    }

    /// Returns its end, if all events of this pid were heard since the process was seen: then it is its
    /// own, and its last. `lost_ns` is when events were last lost. If only exits were heard, they show
    /// whether they are of one process.
    pub(super) fn certain_end(
        &self,
        scanned: Option<Scanned>,
        lost_ns: Option<u64>,
        is_exits_only: bool,
    ) -> Option<LastExit> {
        let end = self.end?;
        let is_heard = |lost_ns: u64| {
            let seen = scanned.filter(|scanned| Some(scanned.start) == self.start);
            let is_seen = self.born.is_some_and(|born| born.at_ns > lost_ns)
                || seen.is_some_and(|scanned| scanned.read_at_ns > lost_ns);
            is_seen && end.at.at_ns > lost_ns
        };
        // If the first thread had ended when the scan read it, its end is not among these.
        let has_leader = scanned.is_none_or(|scanned| !scanned.is_leader_ended);
        let is_mixed = is_exits_only || self.is_contested;
        let is_of_one = !is_mixed || (has_leader && self.ends.are_of_one());
        // The ends of its threads are not counted then, and a later one could have another status.
        let is_of_one = is_of_one && !(self.is_contested && self.ends.may_have_followers());
        // What ended in the tick of its start, or before, may be of an earlier process.
        let is_after_start =
            self.born.is_some() || self.start.is_none_or(|start| end.at.ticks() > start.ticks);
        let is_own = lost_ns.is_none_or(is_heard) && is_of_one && is_after_start;
        let status = self
            .ends
            .status()
            .filter(|_| self.is_end_certain || is_own)?;
        Some(LastExit { status, ..end })
    }
}

/// What happened to a process, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: an exit that turned out to be none yet.
    Void,
    Born {
        pid: u32,
        start: Start,
        parent: u32,
        is_kernel_thread: Option<bool>,
        at: Moment,
        reading: Option<ExecReading>,
    },
    /// It has called `exec`.
    Execed {
        pid: u32,
        start: Start,
        reading: ExecReading,
    },
    /// It has ended, and its parent has not reaped it.
    Zombie {
        pid: u32,
        start: Start,
        at: Moment,
        /// What was read of it then, and when.
        stat: Option<(ExecStat, u64)>,
        /// When it called `exec`, if nothing was read of it since.
        unread_exec_ns: Option<u64>,
    },
    /// It has ended, and is gone.
    Exited {
        pid: u32,
        start: Start,
        born: Option<Moment>,
        /// `None`: its last event was not heard, or may be of another process.
        end: Option<LastExit>,
        /// Its CPU time in nanoseconds, if it was read after its end.
        final_cpu_ns: Option<u64>,
        /// When it called `exec`, if nothing was read of it since.
        unread_exec_ns: Option<u64>,
    },
}

impl Step {
    /// Returns what was read of the process after its birth or an `exec`.
    pub(super) fn reading(&self) -> Option<&ExecReading> {
        match self {
            Self::Born { reading, .. } => reading.as_ref(),
            Self::Execed { reading, .. } => Some(reading),
            Self::Void | Self::Zombie { .. } | Self::Exited { .. } => None,
        }
    }
}

/// What there is with a pid now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// No process.
    Gone,
    /// A process.
    There {
        start_ticks: u64,
        /// Its first thread has ended.
        leader_ended: bool,
        threads: u64,
        /// What else `stat` reports, where it was read.
        stat: Option<ExecStat>,
        /// CPU time in nanoseconds of all its threads, read before the rest; `None` if unknown.
        cpu_ns: Option<u64>,
    },
    /// It could not be found out now.
    Unknown,
}

//! What is stored about a process from scan to scan.

use super::events::{Scanned, Start};
use super::proc::process_files::Place;
use super::proc::procfs::{Listed, Unread};
use super::proc::program::Program;
use super::proc::stat::Stat;
use super::proc::threads::LivingThread;
use crate::model::{Resources, Status};

/// A process as it was last emitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) pid: u32,
    /// 0: none.
    pub(super) parent: u32,
    pub(super) inode: u64,
    pub(super) start_ticks: u64,
    pub(super) cpu_ns: u64,
    /// When its CPU time was read, on the monotonic clock.
    pub(super) read_at_ns: Option<u64>,
    pub(super) resources: Resources,
    rough_rss_pages: u64,
    pub(super) program: Program,
    /// `None` if the first thread has ended and the others cannot be read.
    pub(super) status: Option<Status>,
    /// The living thread that was read instead of the first one, which has ended.
    pub(super) thread: Option<u32>,
    pub(super) is_kernel_thread: bool,
    /// The thread that was read is ending, or has ended.
    is_exiting: bool,
    pub(super) command: CommandState,
    /// It has run since its command line was read.
    pub(super) has_run: bool,
    /// It could not be read in the scan before. It stays, and is emitted in full next time.
    pub(super) is_lost: bool,
    /// Its files could never be read, and nothing but its clock is known.
    pub(super) is_denied: bool,
    /// Distinguishes processes that started in the same tick, and hidden ones: the inode of the
    /// pidfd.
    pub(super) identity: Option<u64>,
    /// How many earlier processes had its pid and start tick.
    pub(super) nth: u8,
    /// How much later its start time was reported, in ticks, before `stat` was read.
    pub(super) late_ticks: u8,
    /// Its exit was emitted after the scan.
    pub(super) has_exited: bool,
    /// The name of its user is being looked up.
    pub(super) has_late_name: bool,
    /// Its share of memory is being read.
    pub(super) has_late_share: bool,
}

/// Whether the command line must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandState {
    /// It must be read.
    Needed,
    /// It must be read by the next scan.
    NeededLater,
    /// It was read, or there is none.
    Done,
}

impl Known {
    /// Creates an entry from `stat`. Memory and command line are added later.
    ///
    /// `thread` is the one that was read instead of the first thread, if that has ended.
    pub(super) fn new(
        listed: Listed,
        stat: &Stat<'_>,
        thread: &Result<Option<LivingThread<'_>>, Unread>,
        cpu_ns: u64,
    ) -> Self {
        let (living, has_status) = match thread {
            Ok(living) => (living.as_ref(), true),
            Err(_) => (None, false),
        };
        let stat = living.map_or(*stat, |living| stat.with_thread(&living.stat));
        Self {
            pid: listed.pid,
            parent: stat.parent,
            inode: listed.inode,
            start_ticks: stat.start_ticks,
            cpu_ns,
            read_at_ns: None,
            resources: Resources::default(),
            rough_rss_pages: stat.rough_rss_pages,
            program: Program::new(stat.image, stat.name),
            status: has_status.then(|| stat.status()),
            thread: living.map(|living| living.tid),
            is_kernel_thread: stat.is_kernel_thread,
            is_exiting: stat.is_exiting,
            command: CommandState::Needed,
            has_run: false,
            is_lost: false,
            is_denied: false,
            identity: None,
            nth: 0,
            late_ticks: 0,
            has_exited: false,
            has_late_name: false,
            has_late_share: false,
        }
    }

    /// Returns the start time that it is reported with.
    pub(super) fn start(&self) -> Start {
        Start {
            ticks: self.start_ticks + u64::from(self.late_ticks),
            nth: self.nth,
        }
    }

    /// Sets the start time that it was reported with.
    pub(super) fn set_start(&mut self, start: Start) {
        let late_ticks = start.ticks.saturating_sub(self.start_ticks);
        self.late_ticks = u8::try_from(late_ticks).unwrap_or(u8::MAX);
        self.nth = start.nth;
    }

    /// Returns whether its first thread has ended, and perhaps all.
    fn has_lost_first_thread(&self) -> bool {
        self.thread.is_some() || self.status.is_none_or(|status| status == Status::Zombie)
    }

    /// Returns what the kernel's events are compared with.
    pub(super) fn scanned(&self, is_current: bool) -> Scanned {
        Scanned {
            start: self.start(),
            read_at_ns: self.read_at_ns.unwrap_or(0),
            is_leader_ended: self.has_lost_first_thread(),
            has_run: self.cpu_ns > 0,
            is_kernel_thread: self.is_kernel_thread,
            is_current,
        }
    }

    /// Creates an entry of a process whose files cannot be read.
    pub(super) fn denied(listed: Listed, cpu_ns: u64, identity: Option<u64>) -> Self {
        Self {
            pid: listed.pid,
            parent: 0,
            inode: listed.inode,
            start_ticks: 0,
            cpu_ns,
            read_at_ns: None,
            resources: Resources::default(),
            rough_rss_pages: 0,
            program: Program::default(),
            status: None,
            thread: None,
            is_kernel_thread: false,
            is_exiting: false,
            command: CommandState::Needed,
            has_run: false,
            is_lost: true,
            is_denied: true,
            identity,
            nth: 0,
            late_ticks: 0,
            has_exited: false,
            has_late_name: false,
            has_late_share: false,
        }
    }

    /// Sets when its CPU time was read again.
    pub(super) fn read_again(&self, read_at_ns: Option<u64>) -> Self {
        Self {
            read_at_ns,
            ..*self
        }
    }

    /// Marks the process as unreadable in this scan.
    pub(super) fn lost(self) -> Self {
        Self {
            is_lost: true,
            ..self
        }
    }

    /// Returns where its files are.
    pub(super) fn place(&self) -> Place {
        Place {
            pid: self.pid,
            thread: self.thread,
        }
    }

    /// Returns whether it cannot have memory of its own.
    pub(super) fn has_no_memory(&self) -> bool {
        self.is_kernel_thread || matches!(self.status, Some(Status::Zombie | Status::Dead))
    }

    /// Returns whether it has lost, or is about to lose, what it leaves when it ends: its memory and
    /// with that its program, and its groups of version 1. Or that cannot be read, because its
    /// first thread has lost it and no other one is known.
    pub(super) fn is_ending(&self) -> bool {
        let has_ended = |status| matches!(status, Status::Zombie | Status::Dead);
        self.is_exiting || self.status.is_none_or(has_ended)
    }

    /// Returns whether it has another program than `before`, as far as that shows.
    pub(super) fn has_another_program(&self, before: &Self) -> bool {
        match self.is_ending() {
            // It has no arguments any more, wherever they were.
            true => self.program.comm != before.program.comm,
            false => self.program != before.program,
        }
    }

    /// Returns whether `stat` shows that the memory has not changed.
    pub(super) fn has_memory_of(&self, before: &Self) -> bool {
        self.cpu_ns == before.cpu_ns && self.rough_rss_pages == before.rough_rss_pages
    }

    /// Returns whether no field has changed.
    pub(super) fn is_equal(&self, before: &Self) -> bool {
        self.cpu_ns == before.cpu_ns
            && self.resources == before.resources
            && self.parent == before.parent
            && self.status == before.status
            && self.program.comm == before.program.comm
    }
}

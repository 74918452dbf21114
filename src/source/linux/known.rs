//! What is remembered of a process from scan to scan.

use super::procfs::Listed;
use super::stat::Stat;
use crate::model::{Resources, Status};

/// A process as it was last handed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) pid: u32,
    /// 0: none.
    pub(super) parent: u32,
    pub(super) inode: u64,
    pub(super) start_ticks: u64,
    pub(super) cpu_ns: u64,
    pub(super) resources: Resources,
    rough_rss_pages: u64,
    pub(super) program: Program,
    pub(super) status: Status,
    pub(super) is_kernel_thread: bool,
    pub(super) command: CommandLine,
    /// It has run since its command line was read.
    pub(super) has_run: bool,
    /// It is there and could not be read in the scan before: it stands, and nothing can be the same.
    pub(super) is_lost: bool,
    /// What tells it from another that started in the same tick.
    pub(super) identity: Option<u64>,
    /// So many had its pid before it and started in the same tick.
    pub(super) nth: u8,
}

/// What tells the program that a process runs from the one before an exec, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Program {
    image: u64,
    /// The beginning of its name, and all of one that is not a kernel thread's.
    comm: [u8; 16],
}

impl Program {
    pub(super) fn new(image: u64, name: &[u8]) -> Self {
        let mut comm = [0; 16];
        let len = name.len().min(comm.len());
        comm[..len].copy_from_slice(&name[..len]);
        Self { image, comm }
    }
}

/// What is known of a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandLine {
    /// It has to be read.
    Wanted,
    /// It was read, or there is none to be read.
    Asked,
}

impl Known {
    /// As `stat` has it now; memory and command line are still to be asked for.
    pub(super) fn new(listed: Listed, stat: &Stat<'_>, cpu_ns: u64) -> Self {
        Self {
            pid: listed.pid,
            parent: stat.parent,
            inode: listed.inode,
            start_ticks: stat.start_ticks,
            cpu_ns,
            resources: Resources::default(),
            rough_rss_pages: stat.rough_rss_pages,
            program: Program::new(stat.image, stat.name),
            status: stat.status(),
            is_kernel_thread: stat.is_kernel_thread,
            command: CommandLine::Wanted,
            has_run: false,
            is_lost: false,
            identity: None,
            nth: 0,
        }
    }

    /// The same while it cannot be read.
    pub(super) fn lost(self) -> Self {
        Self {
            is_lost: true,
            ..self
        }
    }

    /// Whether the memory is certainly what it was, by what `stat` says.
    pub(super) fn has_memory_of(&self, before: &Self) -> bool {
        self.cpu_ns == before.cpu_ns && self.rough_rss_pages == before.rough_rss_pages
    }

    /// Whether there is nothing to tell of it.
    pub(super) fn is_as(&self, before: &Self) -> bool {
        self.cpu_ns == before.cpu_ns
            && self.resources == before.resources
            && self.parent == before.parent
            && self.status == before.status
            && self.program.comm == before.program.comm
    }
}

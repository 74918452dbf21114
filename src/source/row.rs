//! What a source hands over of a process.

use crate::model::{Resources, Status};

/// One process as a source saw it, borrowed from the source: nothing is copied for a process that
/// did not change.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Row<'a> {
    /// The process, read.
    Process(ProcessRow<'a>),
    /// The very process last handed over for this pid, and nothing of it has changed, its CPU
    /// time included.
    Unchanged {
        /// Its pid.
        pid: u32,
    },
    /// A process with this pid is there, and nothing of it can be read now. What was known of it
    /// stands.
    Unreadable {
        /// Its pid.
        pid: u32,
    },
}

impl Row<'_> {
    /// The pid it is about.
    pub fn pid(&self) -> u32 {
        match *self {
            Row::Process(ref row) => row.pid,
            Row::Unchanged { pid } | Row::Unreadable { pid } => pid,
        }
    }
}

/// What was read of one process: [`unknown`](Self::unknown), and what is known assigned.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ProcessRow<'a> {
    /// Process id.
    pub pid: u32,
    /// Milliseconds from the Unix epoch to its start, by a clock that does not step while the
    /// source lives.
    pub start_time_ms: Option<u64>,
    /// Process id of its parent; `None` where it has none or it is unknown.
    pub parent_pid: Option<u32>,
    /// Its name, in the system's own bytes.
    pub name: Reading<&'a [u8]>,
    /// Its arguments in the system's own bytes, each followed by a NUL, as
    /// proc_pid_cmdline(5) has them. Empty: it is known to have none.
    pub command: Reading<&'a [u8]>,
    /// What it is doing.
    pub status: Option<Status>,
    /// CPU time since its start, user and system, in nanoseconds.
    pub cpu_time_ns: Option<u64>,
    /// Its plain values, such as resident memory.
    pub resources: Resources,
    /// Whether it is a thread of the kernel.
    pub kernel_thread: Option<bool>,
}

impl ProcessRow<'_> {
    /// A process of which only the pid is known.
    pub fn unknown(pid: u32) -> Self {
        Self {
            pid,
            start_time_ms: None,
            parent_pid: None,
            name: Reading::Unknown,
            command: Reading::Unknown,
            status: None,
            cpu_time_ns: None,
            resources: Resources::default(),
            kernel_thread: None,
        }
    }
}

/// A value that a source reads only when it has reason to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading<T> {
    /// Not read again: what the last row for this process said stands.
    #[default]
    Same,
    /// It could not be read. What is known of it stands, but for the command line of a process that has
    /// got another name: that can be another program's.
    Unknown,
    /// Read.
    Known(T),
}

impl<T> Reading<T> {
    /// The same reading of a value made from this one's.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Same => Reading::Same,
            Self::Unknown => Reading::Unknown,
            Self::Known(value) => Reading::Known(make(value)),
        }
    }

    /// The same reading, borrowed.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Same => Reading::Same,
            Self::Unknown => Reading::Unknown,
            Self::Known(value) => Reading::Known(value),
        }
    }
}

/// What was read, where it is known that it is never empty.
pub(super) fn known_unless_empty(bytes: &[u8]) -> Reading<&[u8]> {
    match bytes {
        [] => Reading::Unknown,
        _ => Reading::Known(bytes),
    }
}

//! The rows that a source emits.

use crate::model::{Detail, Resources, Status};

/// One process as the source read it, borrowed from the source.
///
/// Nothing is copied for a process that did not change.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Row<'a> {
    /// The process was read.
    Process(ProcessRow<'a>),
    /// The same process as in the last row of this pid, and nothing has changed, its CPU time
    /// included.
    Unchanged {
        /// Process id.
        pid: u32,
        /// When the CPU time was read again, as in [`ProcessRow::read_at_ns`].
        read_at_ns: Option<u64>,
    },
    /// A process with this pid exists, but cannot be read now. It stays as it was.
    Unreadable {
        /// Process id.
        pid: u32,
    },
}

impl Row<'_> {
    /// Makes a row of an unchanged process, for a source that knows no time of its own for it.
    pub fn unchanged(pid: u32) -> Self {
        Self::Unchanged {
            pid,
            read_at_ns: None,
        }
    }

    /// Returns the pid of the row.
    pub fn pid(&self) -> u32 {
        match *self {
            Row::Process(ref row) => row.pid,
            Row::Unchanged { pid, .. } | Row::Unreadable { pid } => pid,
        }
    }
}

/// What was read of one process.
///
/// Start from [`unknown`](Self::unknown), and assign the known values.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ProcessRow<'a> {
    /// Process id.
    pub pid: u32,
    /// Start time in milliseconds since the Unix epoch.
    ///
    /// Its clock must not step while the source lives.
    pub start_time_ms: Option<u64>,
    /// Process id of its parent; `None` if none or unknown.
    pub parent_pid: Option<u32>,
    /// Name, in the system's own bytes.
    ///
    /// A process can give itself an empty one. Report one that was not read as unknown.
    pub name: Reading<&'a [u8]>,
    /// Arguments in the system's own bytes, each followed by a NUL.
    ///
    /// The form is that of proc_pid_cmdline(5). Empty: it is known to have none, such as a kernel
    /// thread, or a process that has wiped them. A NUL alone is one empty argument.
    pub command: Reading<&'a [u8]>,
    /// Status.
    pub status: Option<Status>,
    /// CPU time since its start, user and system, in nanoseconds.
    pub cpu_time_ns: Option<u64>,
    /// When the CPU time was read, in nanoseconds of the clock of [`Timestamp::monotonic_ns`](crate::Timestamp).
    ///
    /// CPU shares cover the time between two readings of one process. `None` is the time of the scan, which is
    /// exact only for sources that read all processes at once.
    pub read_at_ns: Option<u64>,
    /// The plain values, such as resident memory.
    pub resources: Resources,
    /// Whether it is a kernel thread.
    pub kernel_thread: Option<bool>,
    /// In a [change that was heard](crate::Happening::Changed): it has another program than before.
    ///
    /// Name and command line are unknown then if they are unknown in this row.
    pub is_other_program: bool,
    /// The optional fields that were read, each at most once.
    ///
    /// The values of the last row of this process apply to those that it lacks.
    pub details: &'a [DetailReading<'a>],
}

/// An optional field that a source has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetailReading<'a> {
    /// The field.
    pub detail: Detail,
    /// Its value.
    pub value: DetailValue<'a>,
}

/// The value of an optional field.
///
/// One that has another type than the field counts as unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailValue<'a> {
    /// Could not be read, or the process has none. The last value does not stay.
    Unknown,
    /// A number in the field's unit. One that can be negative is in two's complement.
    Number(u64),
    /// A text in the system's own bytes.
    Text(&'a [u8]),
}

impl ProcessRow<'_> {
    /// Creates a row of which only the pid is known.
    pub fn unknown(pid: u32) -> Self {
        Self {
            pid,
            start_time_ms: None,
            parent_pid: None,
            name: Reading::Unknown,
            command: Reading::Unknown,
            status: None,
            cpu_time_ns: None,
            read_at_ns: None,
            resources: Resources::default(),
            kernel_thread: None,
            is_other_program: false,
            details: &[],
        }
    }
}

/// A value that a source reads only when necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading<T> {
    /// Not read again. The value of the last row of this process applies.
    #[default]
    Unchanged,
    /// Could not be read. The last known value stays, except the command line of a process whose
    /// name has changed: it may belong to another program.
    Unknown,
    /// Read.
    Known(T),
}

impl<T> Reading<T> {
    /// Converts the value, if it was read.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Unchanged => Reading::Unchanged,
            Self::Unknown => Reading::Unknown,
            Self::Known(value) => Reading::Known(make(value)),
        }
    }

    /// Borrows the value.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Unchanged => Reading::Unchanged,
            Self::Unknown => Reading::Unknown,
            Self::Known(value) => Reading::Known(value),
        }
    }
}

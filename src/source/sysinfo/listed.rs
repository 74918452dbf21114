//! A process that sysinfo lists, and the result of emitting it.

use sysinfo::Pid;

use super::fresh::CpuTime;
use crate::model::Unreadable;

/// A process that sysinfo lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub(super) pid: Pid,
    /// Start time, name and command line are read now.
    pub(super) is_due: bool,
    /// CPU time before they are read.
    pub(super) cpu: Option<CpuTime>,
}

/// The result of emitting a process that sysinfo lists.
pub(super) enum Emitted {
    /// It was emitted, without these fields.
    Row(Unreadable),
    /// The process has exited, could not be read, or its pid was reused. sysinfo's values and those
    /// read beside it would not be of one process.
    NotReadable,
    /// A thread, which has the pid of an exited process.
    Gone,
}

//! Starts the command of `pscan run`, waits for it, and passes signals on to it.

mod cannot_start;
#[cfg(unix)]
mod orphans;
#[cfg(not(unix))]
mod plain_child;
mod rusage;
#[cfg(unix)]
mod unix_child;

use process_scanner::{ExitStatus, Timestamp};

pub(crate) use self::cannot_start::Refusal;
#[cfg(not(unix))]
pub(crate) use self::plain_child::Child;
pub(crate) use self::rusage::{own_cpu_ms, waited_cpu_ms};
#[cfg(unix)]
pub(crate) use self::unix_child::Child;
use crate::cli::outcome::RUN_FAILED;

/// How the command ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// `None` if the system reports a status that is no code from 0 to 255.
    pub(crate) exit: Option<ExitStatus>,
    /// Exit status for the caller of `pscan`: that of the command, or 128 + n for signal n.
    pub(crate) code: i32,
    /// When that was found, on the monotonic clock of scans.
    pub(crate) at_ns: u64,
}

impl End {
    /// Returns the end of a command that the system does not report, now.
    pub(crate) fn unknown() -> Self {
        Self {
            exit: None,
            code: RUN_FAILED.into(),
            at_ns: Timestamp::now().monotonic_ns,
        }
    }
}

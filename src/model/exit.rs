//! How a process ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::exit_usage::ExitUsage;

/// What is known of the end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Exit {
    /// Exit status; `None` if unknown.
    pub status: Option<ExitStatus>,
    /// When its last thread ended, in milliseconds since the Unix epoch by the clock of start times;
    /// `None` if unknown.
    pub ended_at_ms: Option<u64>,
    /// A time at which it had ended, by the same clock, where `ended_at_ms` is unknown.
    ///
    /// With it, the time that it lived is an upper limit. `None`: the time of the batch or scan.
    pub ended_by_ms: Option<u64>,
    /// Nanoseconds from its birth to the end of its last thread; `None` if the birth was not heard.
    ///
    /// It is exact, while start times have the resolution of their source.
    pub lived_ns: Option<u64>,
    /// Whether the kernel killed it for lack of memory; `None` if unknown.
    ///
    /// True only if SIGKILL ended it and its own cgroup counted such a kill that no other exit explains.
    /// A person can kill one process of a cgroup while the kernel kills another, so it is only likely.
    pub likely_oom: Option<bool>,
    /// What it has used in its whole life; `None` if unknown.
    pub usage: Option<ExitUsage>,
}

/// Exit status of a process, as wait(2) reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExitStatus {
    /// Exit code, 0 to 255; `None` if a signal ended it.
    pub code: Option<u8>,
    /// Number of the signal that ended it; `None` if it exited by itself.
    pub signal: Option<u8>,
    /// Whether the kernel reports a core dump.
    pub core_dumped: bool,
}

impl ExitStatus {
    /// Reads the form of wait(2): the code in the second byte, the signal in the lowest seven bits,
    /// and the bit 0x80 for a core dump.
    pub fn from_wait_status(status: u32) -> Self {
        let signal = (status & 0x7f) as u8;
        Self {
            code: (signal == 0).then_some((status >> 8) as u8),
            signal: (signal != 0).then_some(signal),
            core_dumped: signal != 0 && status & 0x80 != 0,
        }
    }

    /// Returns whether it exited by itself with code 0.
    pub fn is_success(self) -> bool {
        self.code == Some(0)
    }
}

/// Prints `exit 3`, `killed by signal 9`, or `killed by signal 11, core dumped`.
impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit {code}"),
            (None, Some(signal)) => write!(f, "killed by signal {signal}"),
            // One that was made by hand.
            (None, None) => f.write_str("unknown exit status"),
        }?;
        f.write_str(if self.core_dumped {
            ", core dumped"
        } else {
            ""
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        let of = |status| {
            let exit = ExitStatus::from_wait_status(status);
            (exit.code, exit.signal, exit.core_dumped)
        };
        let text = |status| ExitStatus::from_wait_status(status).to_string();
        assert_eq!(text(0x0300), "exit 3");
        assert_eq!(text(9), "killed by signal 9");
        assert_eq!(text(11 | 0x80), "killed by signal 11, core dumped");
        assert_eq!(of(0), (Some(0), None, false));
        assert_eq!(of(0x0300), (Some(3), None, false));
        assert_eq!(of(0xff00), (Some(255), None, false));
        assert_eq!(of(9), (None, Some(9), false));
        assert_eq!(of(11 | 0x80), (None, Some(11), true));
        assert!(ExitStatus::from_wait_status(0).is_success());
        assert!(!ExitStatus::from_wait_status(9).is_success());
    }
}

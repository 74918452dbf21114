//! How a life ended.

use process_scanner::Event;

/// The kind of an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitKind {
    /// By itself, with status 0.
    Ok,
    /// By itself, with another status.
    Failed,
    /// By a signal.
    Signal,
    /// By the kernel, likely for lack of memory.
    OutOfMemory,
    /// The exit status is unknown.
    Unknown,
}

impl ExitKind {
    /// All kinds, in the order of their [places](Self::place).
    pub(crate) const ALL: [Self; 5] = [
        Self::Ok,
        Self::Failed,
        Self::Signal,
        Self::OutOfMemory,
        Self::Unknown,
    ];

    /// Returns the kind of an exit; `Unknown` for any other event.
    pub(crate) fn of(event: &Event) -> Self {
        let Event::Exited {
            exit, likely_oom, ..
        } = event
        else {
            return Self::Unknown;
        };
        match exit {
            _ if *likely_oom == Some(true) => Self::OutOfMemory,
            Some(status) if status.is_success() => Self::Ok,
            Some(status) if status.signal.is_some() => Self::Signal,
            Some(status) if status.code.is_some() => Self::Failed,
            _ => Self::Unknown,
        }
    }

    /// Returns its place in [`ALL`](Self::ALL).
    pub(crate) fn place(self) -> usize {
        self as usize
    }

    /// Returns whether it is a failure: a status other than 0, or a signal.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Signal | Self::OutOfMemory)
    }

    /// Returns how many exits are failures; `None` if there are exits, and the outcome of none is known.
    ///
    /// `exits`: their numbers by [place](Self::place).
    pub(crate) fn failures(exits: &[u64; 5]) -> Option<u64> {
        let all: u64 = exits.iter().sum();
        let has_known = all == 0 || exits[Self::Unknown.place()] < all;
        let failures = Self::ALL.iter().filter(|kind| kind.is_failure());
        let failures = failures.map(|kind| exits[kind.place()]).sum();
        has_known.then_some(failures)
    }

    /// Returns its name in the data of a report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Signal => "signal",
            Self::OutOfMemory => "out_of_memory",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Exit, ExitStatus, ProcessInfo, ProcessKey};

    use super::*;

    #[test]
    fn each_exit_has_its_kind() {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let kind_of = |wait_status: Option<u32>, likely_oom| {
            let mut exit = Exit::default();
            exit.status = wait_status.map(ExitStatus::from_wait_status);
            exit.likely_oom = likely_oom;
            let event = Event::exited(ProcessInfo::unknown(key), None).with_exit(exit);
            ExitKind::of(&event)
        };
        assert_eq!(kind_of(Some(0), Some(false)), ExitKind::Ok);
        assert_eq!(kind_of(Some(0x0300), None), ExitKind::Failed);
        assert_eq!(kind_of(Some(9), Some(false)), ExitKind::Signal);
        assert_eq!(kind_of(Some(9), Some(true)), ExitKind::OutOfMemory);
        assert_eq!(kind_of(None, None), ExitKind::Unknown);
        assert_eq!(ExitKind::failures(&[0, 0, 0, 0, 0]), Some(0));
        assert_eq!(ExitKind::failures(&[0, 0, 0, 0, 3]), None);
        assert_eq!(ExitKind::failures(&[1, 0, 0, 0, 3]), Some(0));
        assert_eq!(ExitKind::failures(&[9, 1, 2, 4, 3]), Some(7));
        let places = ExitKind::ALL.map(ExitKind::place);
        assert_eq!(places, [0, 1, 2, 3, 4]);
    }
}

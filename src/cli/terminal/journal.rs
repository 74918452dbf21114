//! Priorities of messages in the journal of systemd.

use std::sync::OnceLock;

/// The priority of a message, as in syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    Error = 3,
    Warning = 4,
    Info = 6,
}

impl Priority {
    /// Returns what a line begins with on standard error: sd-daemon(3).
    ///
    /// It is empty unless that is the journal, and for the priority that lines without a prefix have.
    pub(crate) fn prefix(self) -> &'static str {
        static IS_JOURNAL: OnceLock<bool> = OnceLock::new();

        let is_journal = || {
            let variable = std::env::var("JOURNAL_STREAM").ok();
            variable.is_some_and(|text| is_stderr(&text))
        };
        match self {
            Self::Info => "",
            _ if !*IS_JOURNAL.get_or_init(is_journal) => "",
            Self::Error => "<3>",
            Self::Warning => "<4>",
        }
    }
}

/// Returns whether a device and an inode are those of standard error.
///
/// Children inherit the variable, and standard error can be another file meanwhile: systemd.exec(5).
#[cfg(target_os = "linux")]
fn is_stderr(device_and_inode: &str) -> bool {
    use std::os::linux::fs::MetadataExt;

    let found = std::fs::metadata("/proc/self/fd/2");
    found.is_ok_and(|stderr| {
        let own = format!("{}:{}", stderr.st_dev(), stderr.st_ino());
        own == device_and_inode
    })
}

/// Only Linux has systemd.
#[cfg(not(target_os = "linux"))]
fn is_stderr(_: &str) -> bool {
    false
}

//! Parses `/proc/PID/statm` (proc_pid_statm(5)).

use super::procfs::Unread;
use super::stat::number;

/// What `statm` contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Pages {
    Resident(u64),
    /// The thread is exiting or has ended: others may have memory.
    NoMemory,
}

/// Parses `statm`.
pub(in crate::source) fn pages(statm: &[u8]) -> Result<Pages, Unread> {
    let mut fields = statm.split(|&byte| byte == b' ').map(number);
    match (fields.next().flatten(), fields.next().flatten()) {
        (Some(0), Some(0)) => Ok(Pages::NoMemory),
        (Some(_), Some(resident)) => Ok(Pages::Resident(resident)),
        _ => Err(Unread::Failed),
    }
}

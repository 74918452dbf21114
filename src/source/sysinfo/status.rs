//! Converts the status of a process from sysinfo.

use sysinfo::ProcessStatus;

use crate::model::Status;

/// Converts the status; `None` where sysinfo does not know it.
pub(super) fn status(status: ProcessStatus) -> Option<Status> {
    // On Windows it is always `Run`.
    if cfg!(windows) {
        return None;
    }
    Some(match status {
        ProcessStatus::Run => Status::Running,
        ProcessStatus::Sleep => Status::Sleeping,
        ProcessStatus::Idle => Status::Idle,
        ProcessStatus::Stop | ProcessStatus::Suspended => Status::Stopped,
        ProcessStatus::Tracing => Status::Traced,
        ProcessStatus::Zombie => Status::Zombie,
        ProcessStatus::Dead => Status::Dead,
        ProcessStatus::UninterruptibleDiskSleep => Status::DiskSleep,
        ProcessStatus::Unknown(_) => return None,
        _ => Status::Other,
    })
}

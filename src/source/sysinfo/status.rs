//! The status of a process in our words.

use sysinfo::ProcessStatus;

use crate::model::Status;

/// The same status; `None` where sysinfo does not know it.
pub(super) fn status(status: ProcessStatus) -> Option<Status> {
    // It says `Run` of everything there.
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

//! What a step receives and reads, and how often.

use std::time::Duration;

use super::kernel_event::EXIT;
use crate::model::ListenStep;

/// What the socket receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reception {
    All,
    /// Exits alone, if the kernel can filter.
    Exits,
    /// There is no socket.
    Nothing,
}

impl Reception {
    pub(super) fn of(step: ListenStep) -> Self {
        match step {
            ListenStep::ExitsOnly => Self::Exits,
            ListenStep::Deaf => Self::Nothing,
            _ => Self::All,
        }
    }

    /// Returns the filter of the socket.
    pub(super) fn filter(self) -> Option<u32> {
        (self == Self::Exits).then_some(EXIT)
    }
}

/// Returns whether command lines are read at this step.
pub(super) fn reads_execs(step: ListenStep) -> bool {
    step <= ListenStep::Gathered
}

/// Returns the time between two receptions while there are events.
pub(super) fn beat(step: ListenStep) -> Duration {
    Duration::from_millis(match step {
        ListenStep::Prompt => 20,
        ListenStep::Gathered => 10,
        _ => 50,
    })
}

/// Returns the least time between two rings: each one costs the threads that it wakes, and the batch
/// that it leads to.
pub(super) fn rings_apart(step: ListenStep) -> Duration {
    Duration::from_millis(match step {
        ListenStep::Prompt => 0,
        ListenStep::Gathered => 100,
        _ => 200,
    })
}

//! Which of the optional fields of a process are due, and whether its command line is.

use super::details::Occasion;
use super::inspect::{Rules, Why};
use super::known::{CommandState, Known};
use crate::model::{Collect, Status};

impl Rules {
    /// Returns which of the optional fields are due.
    pub(super) fn occasion(&self, known: &Known, before: Option<&Known>, why: Why) -> Occasion {
        let is_turn = why == Why::Turn && self.has_details;
        Occasion {
            is_new: before.is_none(),
            is_exec: before.is_some_and(|before| known.has_another_program(before)),
            has_run: before.is_some_and(|before| before.cpu_ns != known.cpu_ns),
            is_turn,
            is_owner_turn: is_turn && known.has_run && !known.is_kernel_thread,
            has_late_name: known.has_late_name && self.has_new_names,
            is_ending: known.is_ending(),
            has_late_share: known.has_late_share && self.has_new_shares,
        }
    }

    /// Returns whether the command line is due.
    pub(super) fn command(&self, known: &Known, before: Option<&Known>, why: Why) -> CommandState {
        // A kernel thread has none, and a zombie has lost it.
        if !self.collect.contains(Collect::COMMAND)
            || known.is_kernel_thread
            || known.status == Some(Status::Zombie)
        {
            return CommandState::Done;
        }
        match before {
            Some(before)
                if before.command == CommandState::Done
                    && known.program == before.program
                    // A process that has run may have overwritten it.
                    && !(why == Why::Turn && known.has_run) =>
            {
                CommandState::Done
            }
            _ => CommandState::Needed,
        }
    }
}

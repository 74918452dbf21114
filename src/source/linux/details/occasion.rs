//! Why the optional fields of a process are read, which decides which of them.

/// Why a process is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::source::linux) struct Occasion {
    /// The scan before did not emit it, so all fields must be emitted.
    pub(in crate::source::linux) is_new: bool,
    /// It has another program than in the scan before.
    pub(in crate::source::linux) is_exec: bool,
    /// It has run since the scan before.
    pub(in crate::source::linux) has_run: bool,
    /// Its turn has come.
    pub(in crate::source::linux) is_turn: bool,
    /// Its owner and its control group are due too: it has run since its last turn, or was not read
    /// for long.
    pub(in crate::source::linux) is_owner_turn: bool,
    /// The name of its user was not known before, and may be by now.
    pub(in crate::source::linux) has_late_name: bool,
    /// It is ending, or has ended, and has lost its program and perhaps its control groups.
    pub(in crate::source::linux) is_ending: bool,
    /// The same of its share of memory.
    pub(in crate::source::linux) has_late_share: bool,
}

impl Occasion {
    /// Returns whether it may be another program, with other rights.
    pub(super) fn is_fresh(self) -> bool {
        self.is_new || self.is_exec
    }

    /// Returns whether its user may have changed, or was not read yet.
    pub(super) fn is_user_due(self) -> bool {
        self.is_fresh() || self.has_late_name || (self.is_owner_turn && !self.is_ending)
    }

    /// Returns whether its control group may have changed, or was not read yet. One that is ending
    /// keeps the one that it had.
    pub(super) fn is_cgroup_due(self) -> bool {
        self.is_new || (!self.is_ending && (self.is_exec || self.is_owner_turn))
    }

    /// Returns whether its row has to be emitted, even if nothing else has changed.
    pub(in crate::source::linux) fn must_be_emitted(self) -> bool {
        self.is_turn || self.has_late_name || self.has_late_share
    }

    /// Returns whether its counters may have changed, or one of them has arrived late.
    pub(super) fn is_active(self) -> bool {
        self.is_fresh() || self.has_run || self.is_turn || self.has_late_share
    }
}

//! Decides whether two readings of one pid are one process. The whole rule is [`compare`].

/// A new reading of a pid, compared with what the [`Table`](crate::table::Table) knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    /// Start time of the known process.
    pub(crate) known_start_ms: Option<u64>,
    /// Start time in the new reading.
    pub(crate) new_start_ms: Option<u64>,
    /// Start times are in whole seconds, so two processes can have equal ones.
    pub(crate) coarse_start_times: bool,
    /// The new CPU time is less than the known one. That of one process never shrinks.
    pub(crate) cpu_time_went_back: bool,
    /// Parent, name and command line are known in both readings, and all three differ.
    pub(crate) all_else_changed: bool,
}

/// Whether two readings of one pid are one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// One process.
    Same,
    /// Two processes: the pid was used again.
    Different,
    /// There is no evidence for two processes and no proof of one. The known one keeps its key.
    Unknown,
}

/// Compares two readings of one pid.
///
/// 1. Different start times: two processes. The comparison is `!=`, because a start time is used as a
///    name here, not as a quantity.
/// 2. Equal start times, finer than a second: one process.
/// 3. Equal start times in whole seconds, or an unknown one: evidence decides. If CPU time went back, or
///    parent, name and command line changed at once, there are two processes. An `exec` changes name and
///    command line but keeps the parent; an exit of the parent keeps name and command line.
/// 4. No evidence: equal start times are one process. With an unknown one, the answer is unknown.
pub(crate) fn compare(evidence: Evidence) -> Identity {
    let has_evidence_for_two = evidence.cpu_time_went_back || evidence.all_else_changed;
    match (evidence.known_start_ms, evidence.new_start_ms) {
        (Some(known), Some(new)) if known != new => Identity::Different,
        (Some(_), Some(_)) if !evidence.coarse_start_times => Identity::Same,
        _ if has_evidence_for_two => Identity::Different,
        (Some(_), Some(_)) => Identity::Same,
        _ => Identity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start_times(known_start_ms: Option<u64>, new_start_ms: Option<u64>) -> Evidence {
        Evidence {
            known_start_ms,
            new_start_ms,
            coarse_start_times: true,
            cpu_time_went_back: false,
            all_else_changed: false,
        }
    }

    #[test]
    fn different_start_times_are_two_processes() {
        assert_eq!(compare(start_times(Some(1), Some(2))), Identity::Different);
        assert_eq!(compare(start_times(Some(2), Some(1))), Identity::Different);
    }

    #[test]
    fn evidence_decides_between_start_times_equal_to_the_second() {
        let equal = start_times(Some(1), Some(1));
        let back = Evidence {
            cpu_time_went_back: true,
            ..equal
        };
        let other = Evidence {
            all_else_changed: true,
            ..equal
        };
        assert_eq!(compare(equal), Identity::Same);
        assert_eq!(compare(back), Identity::Different);
        assert_eq!(compare(other), Identity::Different);
        let fine = Evidence {
            coarse_start_times: false,
            ..back
        };
        assert_eq!(compare(fine), Identity::Same);
    }

    #[test]
    fn an_unknown_start_time_is_unknown_without_evidence() {
        for evidence in [
            start_times(None, None),
            start_times(None, Some(1)),
            start_times(Some(1), None),
        ] {
            assert_eq!(compare(evidence), Identity::Unknown);
            let back = Evidence {
                cpu_time_went_back: true,
                ..evidence
            };
            assert_eq!(compare(back), Identity::Different);
        }
    }
}

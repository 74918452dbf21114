//! When two sightings of one pid are one process. The whole rule is [`compare`].

/// What the [`Table`](crate::table::Table) holds against a new sighting of the same pid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    /// Start time of the process known so far.
    pub(crate) known_start_ms: Option<u64>,
    /// Start time in the new sighting.
    pub(crate) seen_start_ms: Option<u64>,
    /// Whether equal start times leave room for two processes: they are known to the second only.
    pub(crate) coarse_start_times: bool,
    /// The new CPU time is less than the known one. A process's never shrinks.
    pub(crate) cpu_time_went_back: bool,
    /// Parent, name and command are all known, before and now, and each is another.
    pub(crate) all_else_changed: bool,
}

/// How two sightings of one pid compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// One process.
    Same,
    /// Two processes: the pid was used again.
    Different,
    /// Nothing speaks for two processes, and nothing proves that it is one. The known one keeps
    /// its key.
    Unknown,
}

/// Compares two sightings of one pid.
///
/// 1. Two start times that differ are two processes. The comparison is `!=`, since a start time is
///    a name here and not a quantity.
/// 2. Two that are equal are one process where the source tells them finely.
/// 3. Where they are equal only to the second, or one is unknown, evidence decides. CPU time that
///    went back, or parent, name and command changed all at once, are two processes. An `exec`
///    changes name and command and keeps the parent; the loss of a parent keeps name and command.
/// 4. Otherwise equal start times are one process, and unknown ones leave it unknown.
pub(crate) fn compare(evidence: Evidence) -> Identity {
    let speaks_for_two = evidence.cpu_time_went_back || evidence.all_else_changed;
    match (evidence.known_start_ms, evidence.seen_start_ms) {
        (Some(known), Some(seen)) if known != seen => Identity::Different,
        (Some(_), Some(_)) if !evidence.coarse_start_times => Identity::Same,
        _ if speaks_for_two => Identity::Different,
        (Some(_), Some(_)) => Identity::Same,
        _ => Identity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(known_start_ms: Option<u64>, seen_start_ms: Option<u64>) -> Evidence {
        Evidence {
            known_start_ms,
            seen_start_ms,
            coarse_start_times: true,
            cpu_time_went_back: false,
            all_else_changed: false,
        }
    }

    #[test]
    fn start_times_decide_where_they_differ() {
        assert_eq!(compare(seen(Some(1), Some(2))), Identity::Different);
        assert_eq!(compare(seen(Some(2), Some(1))), Identity::Different);
    }

    #[test]
    fn evidence_decides_where_they_are_equal_only_to_the_second() {
        let equal = seen(Some(1), Some(1));
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
    fn an_unknown_start_time_stays_unknown_until_evidence_speaks() {
        for evidence in [seen(None, None), seen(None, Some(1)), seen(Some(1), None)] {
            assert_eq!(compare(evidence), Identity::Unknown);
            let back = Evidence {
                cpu_time_went_back: true,
                ..evidence
            };
            assert_eq!(compare(back), Identity::Different);
        }
    }
}

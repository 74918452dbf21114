//! Whether a process matches, where values can be unknown.

/// Whether a process matches; `None` if that depends on an unknown value.
pub(super) type Verdict = Option<bool>;

/// Returns whether one of several alternatives matches.
pub(super) fn any(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut result = Some(false);
    for verdict in verdicts {
        match verdict {
            Some(true) => return verdict,
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

/// Returns whether all of several conditions match.
pub(super) fn all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    any(verdicts.into_iter().map(not)).map(|is_any_wrong| !is_any_wrong)
}

fn not(verdict: Verdict) -> Verdict {
    verdict.map(|matches| !matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_verdict_counts_only_if_the_others_leave_it_open() {
        let (yes, no, unknown) = (Some(true), Some(false), None);
        for (verdicts, of_any, of_all) in [
            (&[][..], no, yes),
            (&[yes], yes, yes),
            (&[unknown], unknown, unknown),
            (&[unknown, yes], yes, unknown),
            (&[unknown, no], unknown, no),
            (&[yes, no], yes, no),
        ] {
            assert_eq!(any(verdicts.iter().copied()), of_any, "{verdicts:?}");
            assert_eq!(all(verdicts.iter().copied()), of_all, "{verdicts:?}");
        }
    }
}

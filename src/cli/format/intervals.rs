//! Formats changes of the scanner and its source for the user of `watch`.

use process_scanner::{Hearing, ListenStep, Transition};

/// What the user has requested of interval and budget.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) interval_ms: u64,
    pub(crate) max_interval_ms: Option<u64>,
    /// Percent of one core; `None`: no limit.
    pub(crate) budget_percent: Option<f64>,
}

/// Formats a transition.
///
/// Without terms, as in a replay, it has the reason of the library.
pub(super) fn text(transition: &Transition, terms: Option<Terms>) -> String {
    if let (
        Transition::Hearing {
            from, to, reason, ..
        },
        Some(_),
    ) = (transition, terms)
    {
        return hearing_text(*from, *to, reason);
    }
    if let (
        Transition::Listening {
            from, to, reason, ..
        },
        Some(_),
    ) = (transition, terms)
    {
        return listening_text(*from, *to, reason);
    }
    if let (Transition::Usage { to, reason, .. }, Some(_)) = (transition, terms) {
        return usage_text(*to, reason);
    }
    let budget = terms.and_then(|terms| Some((terms, terms.budget_percent?)));
    let Some((terms, percent)) = budget else {
        return transition.to_string();
    };
    match transition {
        Transition::Interval { to_ms, .. } => interval_text(*to_ms, terms, percent),
        Transition::Budget {
            exceeded: true,
            reason,
            ..
        } => format!("over the budget: {reason}"),
        Transition::Budget { .. } => "scans hold the budget again".into(),
        other => other.to_string(),
    }
}

/// Returns whether another transition of the batch says the same: that scans find births, or exits too.
pub(super) fn is_said_by_another(transition: &Transition, all: &[Transition]) -> bool {
    let leaves_births = |other: &Transition| matches!(other, Transition::Listening { from, to, .. } if to > from && *to > ListenStep::Bare);
    let is_loss = matches!(
        transition,
        Transition::Hearing {
            to: Hearing::Lossy | Hearing::Deaf,
            ..
        }
    );
    is_loss && all.iter().any(leaves_births)
}

/// Formats a change of what is heard, with its consequence.
pub(crate) fn hearing_text(before: Hearing, now: Hearing, reason: &str) -> String {
    match now {
        Hearing::Lossy if before == Hearing::Deaf => {
            format!("births and exits are heard again, and may be missing so far: {reason}")
        }
        Hearing::Complete => "all births and exits are reported again".into(),
        Hearing::Lossy => format!("births and exits may be missing: {reason}"),
        Hearing::Exits => format!("scans find births, and the kernel reports exits: {reason}"),
        _ => format!("only scans find births and exits now: {reason}"),
    }
}

fn listening_text(before: ListenStep, now: ListenStep, reason: &str) -> String {
    let is_closer = now < before;
    let what = match now {
        ListenStep::Prompt => return "short processes are read at once again".into(),
        ListenStep::Gathered if is_closer => "most short processes are read again",
        ListenStep::Bare if is_closer => "births are heard again, and scans find command lines",
        ListenStep::ExitsOnly if is_closer => "exits are heard again, and scans find births",
        ListenStep::Gathered => "the command lines of short processes may be missing",
        ListenStep::Bare => "only scans find command lines now",
        ListenStep::ExitsOnly => "only scans find births now",
        _ => "only scans find births and exits now",
    };
    format!("{what}: {reason}")
}

fn usage_text(is_reported: bool, reason: &str) -> String {
    match is_reported {
        true => "what exited processes used is reported again".into(),
        false => format!("what exited processes used is not reported now: {reason}"),
    }
}

fn interval_text(now_ms: u64, terms: Terms, percent: f64) -> String {
    let requested_ms = terms.interval_ms;
    if now_ms == requested_ms {
        return format!("scanning every {} again", rounded(now_ms));
    }
    let (now, requested) = match (rounded(now_ms), rounded(requested_ms)) {
        (now, requested) if now == requested => {
            (format!("{now_ms}ms"), format!("{requested_ms}ms"))
        }
        both => both,
    };
    let begin = format!("scanning every {now}, not every {requested}");
    match terms.max_interval_ms {
        Some(max_ms) if now_ms >= max_ms => format!(
            "{begin}, for the budget of {percent} % of a core (--max-interval allows no more)"
        ),
        _ => format!("{begin}, to stay under {percent} % of a core (--cpu-budget off lifts this)"),
    }
}

/// Rounds milliseconds for people.
pub(crate) fn rounded(ms: u64) -> String {
    let rough = |unit: f64, digits: f64| (ms as f64 / unit * digits).round() / digits;
    match ms {
        ..1000 => format!("{ms}ms"),
        1000..10_000 => format!("{}s", rough(1e3, 100.0)),
        10_000..60_000 => format!("{}s", rough(1e3, 10.0)),
        _ => format!("{}m", rough(60e3, 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::BreakerState;

    use super::*;

    const TERMS: Terms = Terms {
        interval_ms: 1000,
        max_interval_ms: Some(60_000),
        budget_percent: Some(0.75),
    };

    #[test]
    fn a_change_of_the_interval_names_both_and_the_option_that_lifts_it() {
        let stays_under = "to stay under 0.75 % of a core (--cpu-budget off lifts this)";
        for (to_ms, expected) in [
            (
                4000,
                format!("scanning every 4s, not every 1s, {stays_under}"),
            ),
            (
                1234,
                format!("scanning every 1.23s, not every 1s, {stays_under}"),
            ),
            (
                1003,
                format!("scanning every 1003ms, not every 1000ms, {stays_under}"),
            ),
            (
                54_321,
                format!("scanning every 54.3s, not every 1s, {stays_under}"),
            ),
            (1000, "scanning every 1s again".into()),
            (
                60_000,
                "scanning every 1m, not every 1s, for the budget of 0.75 % of a core \
                 (--max-interval allows no more)"
                    .into(),
            ),
        ] {
            let transition = Transition::interval(2000, to_ms, "a scan costs 31ms");
            assert_eq!(text(&transition, Some(TERMS)), expected);
            // The library's own text has its reason.
            assert!(text(&transition, None).ends_with(": a scan costs 31ms"));
        }
        let again = Transition::interval(900, 200, "cheap");
        let terms = Terms {
            interval_ms: 200,
            ..TERMS
        };
        assert_eq!(text(&again, Some(terms)), "scanning every 200ms again");
    }

    #[test]
    fn a_change_of_what_is_heard_has_its_consequence() {
        use Hearing::{Complete, Deaf, Lossy};

        let no_budget = Terms {
            budget_percent: None,
            ..TERMS
        };
        for (from, to, expected) in [
            (
                Complete,
                Lossy,
                "births and exits may be missing: the buffer was full",
            ),
            (
                Lossy,
                Deaf,
                "only scans find births and exits now: the buffer was full",
            ),
            (Deaf, Complete, "all births and exits are reported again"),
            (
                Deaf,
                Lossy,
                "births and exits are heard again, and may be missing so far: the buffer was full",
            ),
        ] {
            let change = Transition::hearing(from, to, "the buffer was full");
            assert_eq!(text(&change, Some(TERMS)), expected);
            assert_eq!(text(&change, Some(no_budget)), expected);
            let of_library = format!("hearing {from} → {to}: the buffer was full");
            assert_eq!(text(&change, None), of_library);
        }
    }

    #[test]
    fn a_change_of_how_closely_it_listens_has_its_consequence() {
        let change = |to| Transition::listening(ListenStep::Gathered, to, "a storm");
        for (to, expected) in [
            (ListenStep::Prompt, "short processes are read at once again"),
            (
                ListenStep::Bare,
                "only scans find command lines now: a storm",
            ),
            (ListenStep::ExitsOnly, "only scans find births now: a storm"),
            (
                ListenStep::Deaf,
                "only scans find births and exits now: a storm",
            ),
        ] {
            assert_eq!(text(&change(to), Some(TERMS)), expected);
        }
        for (to, expected) in [
            (
                ListenStep::Gathered,
                "most short processes are read again: it is over",
            ),
            (
                ListenStep::Bare,
                "births are heard again, and scans find command lines: it is over",
            ),
            (
                ListenStep::ExitsOnly,
                "exits are heard again, and scans find births: it is over",
            ),
        ] {
            let back = Transition::listening(ListenStep::Deaf, to, "it is over");
            assert_eq!(text(&back, Some(TERMS)), expected);
        }
        let of_library = "listening gathered → bare: a storm";
        assert_eq!(text(&change(ListenStep::Bare), None), of_library);
    }

    #[test]
    fn a_change_of_what_is_known_of_exits_has_its_consequence() {
        let change = |to| Transition::usage(to, "a storm");
        for (to, expected) in [
            (
                false,
                "what exited processes used is not reported now: a storm",
            ),
            (true, "what exited processes used is reported again"),
        ] {
            assert_eq!(text(&change(to), Some(TERMS)), expected);
            assert_eq!(text(&change(to), None), change(to).to_string());
        }
    }

    #[test]
    fn that_births_are_left_to_scans_is_said_once() {
        let lossy = Transition::hearing(Hearing::Complete, Hearing::Lossy, "a reason");
        let step = |from, to| Transition::listening(from, to, "a storm");
        let down = step(ListenStep::Bare, ListenStep::ExitsOnly);
        let all = [down, lossy.clone()];
        assert!(is_said_by_another(&all[1], &all));
        assert!(!is_said_by_another(&all[0], &all));
        // A loss that is news.
        for other in [
            step(ListenStep::Prompt, ListenStep::Bare),
            step(ListenStep::Deaf, ListenStep::ExitsOnly),
        ] {
            assert!(!is_said_by_another(&lossy, &[other, lossy.clone()]));
        }
    }

    #[test]
    fn a_change_of_the_budget_has_its_reason_once_exceeded() {
        let exceeded = Transition::budget(true, "a reason");
        let holds = Transition::budget(false, "another");
        assert_eq!(text(&exceeded, Some(TERMS)), "over the budget: a reason");
        assert_eq!(text(&holds, Some(TERMS)), "scans hold the budget again");
        assert_eq!(text(&holds, None), "budget holds: another");
        let breaker = Transition::breaker(BreakerState::Closed, BreakerState::Open, "bad");
        assert_eq!(text(&breaker, Some(TERMS)), breaker.to_string());
    }
}

//! At what pace a running scanner goes, and what changes it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a running scanner goes on after a scan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pace {
    /// Milliseconds from the start of one scan to the start of the next, while the breaker is not
    /// open: what was asked for, or more where the CPU budget takes it.
    pub interval_ms: u64,
    /// Whether it scans at all.
    pub breaker: BreakerState,
}

impl Pace {
    /// The same with the breaker in this state.
    pub(crate) fn with_breaker(self, breaker: BreakerState) -> Self {
        Self { breaker, ..self }
    }

    pub(crate) fn new(interval_ms: u64, breaker: BreakerState) -> Self {
        Self {
            interval_ms,
            breaker,
        }
    }
}

/// Whether a running scanner makes its scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakerState {
    /// It does.
    #[default]
    Closed,
    /// Scans failed, hung, or waited too long for the host: only a probe is made now and then.
    Open,
    /// A probe was good. It scans again, and one bad scan opens the breaker.
    HalfOpen,
}

impl BreakerState {
    /// The state's name as JSON has it, `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of the pace, and its reason.
///
/// It serialises as `pscan watch --json` has it, without what is the batch's: `event` is
/// `interval_changed` or `breaker_changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum Transition {
    /// The interval was stretched, or could shrink again, or another was
    /// [asked for](crate::ScannerControl::set_interval_ms).
    #[non_exhaustive]
    #[serde(rename = "interval_changed")]
    Interval {
        /// Milliseconds that it was.
        from_ms: u64,
        /// Milliseconds that it is now.
        to_ms: u64,
        /// Why, for people.
        reason: String,
    },
    /// The breaker opened, half opened or closed.
    #[non_exhaustive]
    #[serde(rename = "breaker_changed")]
    Breaker {
        /// What it was.
        from: BreakerState,
        /// What it is now.
        to: BreakerState,
        /// Why, for people.
        reason: String,
    },
}

impl Transition {
    /// An [`Interval`](Self::Interval), as tests of a consumer need them.
    pub fn interval(from_ms: u64, to_ms: u64, reason: impl Into<String>) -> Self {
        Self::Interval {
            from_ms,
            to_ms,
            reason: reason.into(),
        }
    }

    /// A [`Breaker`](Self::Breaker), as tests of a consumer need them.
    pub fn breaker(from: BreakerState, to: BreakerState, reason: impl Into<String>) -> Self {
        Self::Breaker {
            from,
            to,
            reason: reason.into(),
        }
    }
}

/// As in `interval 1 s → 4.21 s: a scan costs 31 ms, budget 0.75 %`.
impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interval {
                from_ms,
                to_ms,
                reason,
            } => write!(
                f,
                "interval {} → {}: {reason}",
                Rough(*from_ms),
                Rough(*to_ms)
            ),
            Self::Breaker { from, to, reason } => write!(f, "breaker {from} → {to}: {reason}"),
        }
    }
}

/// Milliseconds as a person would say it.
struct Rough(u64);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ms) = *self;
        // Whole numbers need no fraction.
        let rough = |unit: f64, digits: f64| (ms as f64 / unit * digits).round() / digits;
        match ms {
            ..1000 => write!(f, "{ms} ms"),
            1000..10_000 => write!(f, "{} s", rough(1e3, 100.0)),
            10_000..60_000 => write!(f, "{} s", rough(1e3, 10.0)),
            _ => write!(f, "{} min", rough(60e3, 10.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transition_reads_as_a_sentence() {
        let interval = |from_ms, to_ms| Transition::interval(from_ms, to_ms, "a reason");
        for (transition, expected) in [
            (interval(1000, 4213), "interval 1 s → 4.21 s: a reason"),
            (interval(60_000, 50), "interval 1 min → 50 ms: a reason"),
            (
                Transition::breaker(BreakerState::HalfOpen, BreakerState::Closed, "a reason"),
                "breaker half_open → closed: a reason",
            ),
        ] {
            assert_eq!(transition.to_string(), expected);
        }
    }

    #[test]
    fn what_is_said_of_the_pace_reads_back_as_it_was_written() {
        use BreakerState::{Closed, HalfOpen, Open};

        for (transition, expected) in [
            (
                Transition::interval(1000, 4213, "dear"),
                r#"{"event":"interval_changed","from_ms":1000,"to_ms":4213,"reason":"dear"}"#,
            ),
            (
                Transition::breaker(HalfOpen, Open, "bad"),
                r#"{"event":"breaker_changed","from":"half_open","to":"open","reason":"bad"}"#,
            ),
        ] {
            let json = serde_json::to_string(&transition).expect("plain data");
            assert_eq!(json, expected);
            let read: Transition = serde_json::from_str(&json).expect(&json);
            assert_eq!(read, transition);
        }
        for breaker in [Closed, Open, HalfOpen] {
            let pace = Pace::new(500, breaker);
            let json = serde_json::to_string(&pace).expect("plain data");
            assert_eq!(serde_json::from_str::<Pace>(&json).expect(&json), pace);
        }
    }
}

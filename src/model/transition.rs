//! Changes of interval, budget, hearing, listening, usage and breaker.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::escape::escape;
use super::listen_step::ListenStep;
use super::pace::{BreakerState, Hearing};

/// A change of interval, budget, hearing, listening, usage or breaker, and its reason.
///
/// It serialises as in `pscan watch --json`, without the fields of the batch: `event` is
/// `interval_changed`, `budget_changed`, `hearing_changed`, `listening_changed`, `usage_changed` or
/// `breaker_changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum Transition {
    /// The interval changed: for the budget, or because another one was
    /// [requested](crate::ScannerControl::set_interval_ms).
    #[non_exhaustive]
    #[serde(rename = "interval_changed")]
    Interval {
        /// Milliseconds before.
        from_ms: u64,
        /// Milliseconds now.
        to_ms: u64,
        /// The reason, for people.
        reason: String,
    },
    /// The scans began or ceased to use more CPU time than the budget allows.
    ///
    /// They do where the first scan alone costs more than ten minutes' budget, where a scan costs more than
    /// expected, and where [`max_interval_ms`](crate::Config::max_interval_ms) allows no longer interval.
    #[non_exhaustive]
    #[serde(rename = "budget_changed")]
    Budget {
        /// Whether the budget is exceeded now.
        exceeded: bool,
        /// The reason, for people.
        reason: String,
    },
    /// The source began or ceased to hear all births and exits.
    #[non_exhaustive]
    #[serde(rename = "hearing_changed")]
    Hearing {
        /// What it heard before.
        from: Hearing,
        /// What it hears now.
        to: Hearing,
        /// The reason, for people.
        reason: String,
    },
    /// The source listens less closely, because events cost more than they may, or more closely again.
    #[non_exhaustive]
    #[serde(rename = "listening_changed")]
    Listening {
        /// The step before.
        from: ListenStep,
        /// The step now.
        to: ListenStep,
        /// The reason, for people.
        reason: String,
    },
    /// The source ceased to hear what all exited processes used, or hears it again.
    #[non_exhaustive]
    #[serde(rename = "usage_changed")]
    Usage {
        /// Whether `usage` of exits is complete now.
        to: bool,
        /// The reason, for people.
        reason: String,
    },
    /// The breaker opened, half opened or closed.
    #[non_exhaustive]
    #[serde(rename = "breaker_changed")]
    Breaker {
        /// State before.
        from: BreakerState,
        /// State now.
        to: BreakerState,
        /// The reason, for people.
        reason: String,
    },
}

impl Transition {
    /// Creates a [`Budget`](Self::Budget), for tests of a consumer.
    pub fn budget(exceeded: bool, reason: impl Into<String>) -> Self {
        Self::Budget {
            exceeded,
            reason: reason.into(),
        }
    }

    /// Creates an [`Interval`](Self::Interval), for tests of a consumer.
    pub fn interval(from_ms: u64, to_ms: u64, reason: impl Into<String>) -> Self {
        Self::Interval {
            from_ms,
            to_ms,
            reason: reason.into(),
        }
    }

    /// Creates a [`Hearing`](Self::Hearing), for tests of a consumer.
    pub fn hearing(from: Hearing, to: Hearing, reason: impl Into<String>) -> Self {
        Self::Hearing {
            from,
            to,
            reason: reason.into(),
        }
    }

    /// Creates a [`Listening`](Self::Listening), for tests of a consumer.
    pub fn listening(from: ListenStep, to: ListenStep, reason: impl Into<String>) -> Self {
        Self::Listening {
            from,
            to,
            reason: reason.into(),
        }
    }

    /// Creates a [`Usage`](Self::Usage), for tests of a consumer.
    pub fn usage(to: bool, reason: impl Into<String>) -> Self {
        Self::Usage {
            to,
            reason: reason.into(),
        }
    }

    /// Creates a [`Breaker`](Self::Breaker), for tests of a consumer.
    pub fn breaker(from: BreakerState, to: BreakerState, reason: impl Into<String>) -> Self {
        Self::Breaker {
            from,
            to,
            reason: reason.into(),
        }
    }
}

/// Writes one line, such as `interval 1s → 4.21s: a scan costs 31 ms, budget 0.75 %`.
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
                Rounded(*from_ms),
                Rounded(*to_ms)
            ),
            Self::Budget {
                exceeded: true,
                reason,
            } => write!(f, "budget exceeded: {reason}"),
            Self::Budget { reason, .. } => write!(f, "budget holds: {reason}"),
            // The reason of a source, which may come from a recording.
            Self::Hearing { from, to, reason } => {
                write!(f, "hearing {from} → {to}: {}", escape(reason))
            }
            Self::Listening { from, to, reason } => {
                write!(f, "listening {from} → {to}: {}", escape(reason))
            }
            Self::Usage { to: true, reason } => {
                write!(f, "usage of exits reported: {}", escape(reason))
            }
            Self::Usage { reason, .. } => {
                write!(f, "usage of exits not reported: {}", escape(reason))
            }
            Self::Breaker { from, to, reason } => write!(f, "breaker {from} → {to}: {reason}"),
        }
    }
}

/// Milliseconds, rounded for people.
struct Rounded(u64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ms) = *self;
        let rough = |unit: f64, digits: f64| (ms as f64 / unit * digits).round() / digits;
        match ms {
            ..1000 => write!(f, "{ms}ms"),
            1000..10_000 => write!(f, "{}s", rough(1e3, 100.0)),
            10_000..60_000 => write!(f, "{}s", rough(1e3, 10.0)),
            _ => write!(f, "{}m", rough(60e3, 10.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::Pace;
    use super::*;

    #[test]
    fn a_transition_prints_on_one_line() {
        let interval = |from_ms, to_ms| Transition::interval(from_ms, to_ms, "a reason");
        for (transition, expected) in [
            (interval(1000, 4213), "interval 1s → 4.21s: a reason"),
            (interval(60_000, 50), "interval 1m → 50ms: a reason"),
            (
                Transition::budget(true, "a reason"),
                "budget exceeded: a reason",
            ),
            (
                Transition::budget(false, "a reason"),
                "budget holds: a reason",
            ),
            (
                Transition::breaker(BreakerState::HalfOpen, BreakerState::Closed, "a reason"),
                "breaker half_open → closed: a reason",
            ),
            (
                Transition::listening(ListenStep::Bare, ListenStep::ExitsOnly, "a\nreason"),
                "listening bare → exits_only: a\\nreason",
            ),
            (
                Transition::usage(false, "a\nreason"),
                "usage of exits not reported: a\\nreason",
            ),
            (
                Transition::usage(true, "a reason"),
                "usage of exits reported: a reason",
            ),
        ] {
            assert_eq!(transition.to_string(), expected);
        }
    }

    #[test]
    fn transitions_and_pace_survive_a_json_round_trip() {
        use BreakerState::{Closed, HalfOpen, Open};

        for (transition, expected) in [
            (
                Transition::interval(1000, 4213, "expensive"),
                r#"{"event":"interval_changed","from_ms":1000,"to_ms":4213,"reason":"expensive"}"#,
            ),
            (
                Transition::budget(true, "expensive"),
                r#"{"event":"budget_changed","exceeded":true,"reason":"expensive"}"#,
            ),
            (
                Transition::breaker(HalfOpen, Open, "bad"),
                r#"{"event":"breaker_changed","from":"half_open","to":"open","reason":"bad"}"#,
            ),
            (
                Transition::listening(ListenStep::Bare, ListenStep::ExitsOnly, "a storm"),
                r#"{"event":"listening_changed","from":"bare","to":"exits_only","reason":"a storm"}"#,
            ),
            (
                Transition::usage(false, "a storm"),
                r#"{"event":"usage_changed","to":false,"reason":"a storm"}"#,
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

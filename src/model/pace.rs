//! Interval and breaker of a running scanner, and how much a source hears.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Interval and breaker of a running scanner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pace {
    /// Milliseconds from the start of one scan to the next.
    ///
    /// The requested interval, or a longer one where the CPU budget requires it. An open breaker
    /// waits longer.
    pub interval_ms: u64,
    /// State of the breaker.
    pub breaker: BreakerState,
}

impl Pace {
    /// Sets the state of the breaker.
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

/// Whether a running scanner scans, or the breaker stops it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakerState {
    /// The scanner scans at its interval.
    #[default]
    Closed,
    /// Scans failed, hung or waited too long. The scanner only probes now and then.
    Open,
    /// A probe was good. The scanner scans again, and one bad scan opens the breaker.
    HalfOpen,
}

impl BreakerState {
    /// Returns the name of the state in JSON, in `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How much a source hears of births and exits between scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Hearing {
    /// It does not listen: births and exits come from scans.
    #[default]
    Off,
    /// It hears all of them.
    Complete,
    /// It hears exits of processes that scans have found. Births come from scans, and exits too where
    /// it cannot hear them.
    Exits,
    /// It has missed some. The next scan finds what is left of them.
    Lossy,
    /// It hears nothing any more.
    Deaf,
}

impl Hearing {
    /// Returns its name in JSON, in `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Complete => "complete",
            Self::Exits => "exits",
            Self::Lossy => "lossy",
            Self::Deaf => "deaf",
        }
    }
}

impl Hearing {
    /// Returns how much is missing: the more, the higher.
    pub(crate) fn severity(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Complete => 1,
            Self::Exits => 2,
            Self::Lossy => 3,
            Self::Deaf => 4,
        }
    }
}

impl fmt::Display for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

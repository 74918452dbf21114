//! What was measured of a promise.

use std::fmt::{self, Display, Formatter};

/// The result for one promise.
pub(super) struct Finding {
    /// The name of the promise.
    pub(super) promise: &'static str,
    value: Value,
    /// The figure, or why there is none.
    pub(super) text: String,
}

enum Value {
    /// What is compared with the limit.
    Measured(f64),
    /// This host does not allow it.
    NotMeasured,
    /// The measurement broke.
    Failed,
}

impl Finding {
    pub(super) fn new(promise: &'static str, value: f64, text: String) -> Self {
        Self {
            promise,
            value: Value::Measured(value),
            text,
        }
    }

    pub(super) fn not_measured(promise: &'static str, why: impl ToString) -> Self {
        Self {
            promise,
            value: Value::NotMeasured,
            text: why.to_string(),
        }
    }

    pub(super) fn failed(promise: &'static str, error: impl ToString) -> Self {
        Self {
            promise,
            value: Value::Failed,
            text: error.to_string(),
        }
    }

    /// Compares the value with the limit. Of a quick run only values that must be 0 are compared: the others
    /// depend on the time and the size.
    pub(super) fn outcome(&self, at_most: f64, is_quick: bool) -> Outcome {
        match self.value {
            Value::Measured(_) if is_quick && at_most > 0.0 => Outcome::NotCompared,
            Value::Measured(value) if value <= at_most => Outcome::Holds,
            Value::Measured(_) => Outcome::Missed,
            Value::NotMeasured => Outcome::NotMeasured,
            Value::Failed => Outcome::Failed,
        }
    }
}

/// Whether a promise holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Holds,
    Missed,
    NotMeasured,
    NotCompared,
    Failed,
}

impl Outcome {
    /// Returns whether the run can succeed with it.
    pub(super) fn is_good(self, is_quick: bool) -> bool {
        match self {
            Self::Holds | Self::NotCompared => true,
            // A quick run must also work on a host that does not allow all measurements.
            Self::NotMeasured => is_quick,
            Self::Missed | Self::Failed => false,
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Holds => "holds",
            Self::Missed => "**missed**",
            Self::NotMeasured => "not measured",
            Self::NotCompared => "not compared",
            Self::Failed => "not measured: the measurement failed",
        })
    }
}

/// Returns a share in percent; an error if it is a share of nothing.
pub(super) fn percent(part: u64, all: u64) -> Result<f64, &'static str> {
    match all {
        0 => Err("there was nothing to measure"),
        all => Ok(part as f64 / all as f64 * 100.0),
    }
}

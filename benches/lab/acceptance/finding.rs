//! What was measured of a promise.

/// The result for one promise.
pub(super) struct Finding {
    /// The name of the promise.
    pub(super) promise: &'static str,
    /// The value that is compared with the limit; `None` if it was not measured.
    pub(super) value: Option<f64>,
    /// The figure, or why there is none.
    pub(super) text: String,
}

impl Finding {
    pub(super) fn new(promise: &'static str, value: f64, text: String) -> Self {
        Self {
            promise,
            value: Some(value),
            text,
        }
    }

    pub(super) fn not_measured(promise: &'static str, why: impl ToString) -> Self {
        Self {
            promise,
            value: None,
            text: why.to_string(),
        }
    }

    /// Returns whether the value is within the limit; `None` if there is no value.
    pub(super) fn holds(&self, at_most: f64) -> Option<bool> {
        self.value.map(|value| value <= at_most)
    }
}

/// Returns a share in percent; an error if it is a share of nothing.
pub(super) fn percent(part: u64, all: u64) -> Result<f64, &'static str> {
    match all {
        0 => Err("there was nothing to measure"),
        all => Ok(part as f64 / all as f64 * 100.0),
    }
}

//! What the scanner says of itself.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::batch::Batch;
use crate::error::ErrorClass;

/// What a scanner has done since it was made. All are counts that only grow.
///
/// Scans are counted as their batches are handed out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    /// Scans, good and failed.
    pub scans_total: u64,
    /// Failed scans, and notices that a scan or a consumer is stuck, by the class of the error.
    pub failures_total: BTreeMap<ErrorClass, u64>,
    /// Callbacks that panicked and were removed.
    pub consumer_panics_total: u64,
    /// Times a consumer that blocks has held up the scans for longer than
    /// [`scan_deadline_ms`](crate::Config::scan_deadline_ms).
    pub consumer_stalls_total: u64,
}

impl Metrics {
    /// A batch that a scan gave.
    pub(crate) fn count_scan(&mut self, batch: &Batch) {
        self.scans_total += 1;
        if let Some(failure) = &batch.failure {
            self.count_failure(failure.class());
        }
    }

    pub(crate) fn count_failure(&mut self, class: ErrorClass) {
        *self.failures_total.entry(class).or_default() += 1;
    }
}

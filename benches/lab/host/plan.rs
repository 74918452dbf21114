//! How much to measure.

use std::time::Duration;

use crate::sizes;

const SIZES: [usize; 3] = [1000, 3000, 10_000];

pub(super) struct Plan {
    is_quick: bool,
    pub(super) sizes: Vec<usize>,
}

impl Plan {
    /// Measures at these sizes, or at the default ones if there are none.
    pub(super) fn new(sizes: Vec<usize>, is_quick: bool) -> Self {
        let sizes = sizes::or_default(sizes, &SIZES, is_quick);
        Self { is_quick, sizes }
    }

    pub(super) fn smallest(&self) -> usize {
        self.sizes.iter().copied().min().unwrap_or(0)
    }

    /// Returns a number of rounds that takes about as long at each size.
    pub(super) fn rounds(&self, size: usize) -> usize {
        match self.is_quick {
            true => 5,
            false => (200_000 / size.max(1)).clamp(20, 200),
        }
    }

    /// Returns the number of scans during which failures are counted.
    pub(super) fn scans_with_churn(&self) -> u64 {
        if self.is_quick { 50 } else { 1000 }
    }

    pub(super) fn batches(&self) -> u64 {
        if self.is_quick { 10 } else { 200 }
    }

    pub(super) fn watch_time(&self) -> Duration {
        Duration::from_secs(if self.is_quick { 5 } else { 60 })
    }
}

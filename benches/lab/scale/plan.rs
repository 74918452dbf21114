//! How much to measure.

use crate::sizes;

const SIZES: [usize; 5] = [1000, 2000, 5000, 10_000, 20_000];

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

    /// Returns the rounds of our scan and its system calls, which take about as long at each size.
    pub(super) fn calls_rounds(&self, size: usize) -> usize {
        match self.is_quick {
            true => 5,
            false => (300_000 / size.max(1)).clamp(30, 100),
        }
    }

    /// Returns the rounds of our scan and sysinfo, which takes a second for 20,000 processes.
    pub(super) fn sysinfo_rounds(&self, size: usize) -> usize {
        match self.is_quick {
            true => 5,
            false => (200_000 / size.max(1)).clamp(10, 50),
        }
    }
}

//! How much is measured.

use std::env;
use std::time::Duration;

const SIZES: [usize; 3] = [1000, 3000, 10_000];
const QUICK_SIZES: [usize; 1] = [100];

/// The promises are made for a host of so many processes.
const GOALS_SIZE: usize = 3000;

pub(super) struct Plan {
    is_quick: bool,
    pub(super) sizes: Vec<usize>,
}

impl Plan {
    pub(super) fn from_args() -> Self {
        let args: Vec<String> = env::args().skip(1).collect();
        let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
        let mut sizes: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
        if sizes.is_empty() {
            sizes.extend_from_slice(if is_quick { &QUICK_SIZES } else { &SIZES });
        }
        Self { is_quick, sizes }
    }

    pub(super) fn smallest(&self) -> usize {
        self.sizes.iter().copied().min().unwrap_or(0)
    }

    /// The size that is held against the promises.
    pub(super) fn goals_size(&self) -> usize {
        let has_it = self.sizes.contains(&GOALS_SIZE);
        if has_it { GOALS_SIZE } else { self.smallest() }
    }

    /// About as long for each size.
    pub(super) fn rounds(&self, size: usize) -> usize {
        match self.is_quick {
            true => 5,
            false => (200_000 / size.max(1)).clamp(20, 200),
        }
    }

    pub(super) fn scans_to_fail(&self) -> u64 {
        if self.is_quick { 50 } else { 1000 }
    }

    pub(super) fn batches(&self) -> u64 {
        if self.is_quick { 10 } else { 200 }
    }

    pub(super) fn watch_for(&self) -> Duration {
        Duration::from_secs(if self.is_quick { 5 } else { 60 })
    }
}

//! How much is measured.

use std::env;

const SIZES: [usize; 5] = [1000, 2000, 5000, 10_000, 20_000];
const QUICK_SIZES: [usize; 1] = [100];

pub(super) struct Plan {
    is_quick: bool,
    /// Whether the figures are kept.
    pub(super) writes: bool,
    pub(super) sizes: Vec<usize>,
}

impl Plan {
    pub(super) fn from_args() -> Self {
        let args: Vec<String> = env::args().skip(1).collect();
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        let is_quick = has("--quick") || has("--test");
        let mut sizes: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
        if sizes.is_empty() {
            sizes.extend_from_slice(if is_quick { &QUICK_SIZES } else { &SIZES });
        }
        Self {
            is_quick,
            writes: has("--write"),
            sizes,
        }
    }

    /// Of ours and its bare calls. About as long for each size.
    pub(super) fn calls_rounds(&self, size: usize) -> usize {
        match self.is_quick {
            true => 5,
            false => (3_000_000 / size.max(1)).clamp(50, 500),
        }
    }

    /// Of ours and sysinfo, which takes a second for twenty thousand processes.
    pub(super) fn sysinfo_rounds(&self, size: usize) -> usize {
        match self.is_quick {
            true => 5,
            false => (200_000 / size.max(1)).clamp(10, 100),
        }
    }
}

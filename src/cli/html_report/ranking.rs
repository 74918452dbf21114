//! The best of many lives.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::cli::history::{ExitKind, Life, LifeId};

/// A measure by which lives matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// CPU time.
    Costly,
    /// Time in the recording.
    Long,
    /// Failed; for lack of memory first, then the longest.
    Failed,
}

impl Measure {
    /// All measures, in the order in which they choose.
    pub(super) const ALL: [Self; 3] = [Self::Costly, Self::Long, Self::Failed];

    /// Returns how much a life matters by this measure; `None`: not at all.
    pub(super) fn score(self, life: &Life, from_ms: u64, to_ms: u64) -> Option<Score> {
        let lived_ms = life.within_ms(from_ms, to_ms);
        let cpu_ns = life.cpu_ns().unwrap_or(0);
        match self {
            Self::Costly => Some((cpu_ns, lived_ms)),
            // Kernel threads are there all the time.
            Self::Long if life.is_kernel_thread => Some((0, cpu_ns)),
            Self::Long => Some((lived_ms, life.peak_rss_bytes.unwrap_or(0))),
            Self::Failed => life.has_failed().then(|| {
                let is_oom = life.kind() == Some(ExitKind::OutOfMemory);
                (u64::from(is_oom), lived_ms)
            }),
        }
    }
}

/// How much a life matters: the larger, the more.
pub(super) type Score = (u64, u64);

/// The lives with the highest scores.
#[derive(Debug)]
pub(super) struct Ranking {
    limit: usize,
    /// The lowest on top. Of equal ones, the earliest stays.
    best: BinaryHeap<Reverse<(Score, Reverse<LifeId>)>>,
}

impl Ranking {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            best: BinaryHeap::new(),
        }
    }

    /// Adds a life, and returns the one that leaves, which can be the same.
    pub(super) fn add(&mut self, score: Score, id: LifeId) -> Option<LifeId> {
        self.best.push(Reverse((score, Reverse(id))));
        if self.best.len() <= self.limit {
            return None;
        }
        self.best.pop().map(|Reverse((_, Reverse(id)))| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_stay_and_of_equal_ones_the_earliest() {
        let mut ranking = Ranking::new(2);
        let mut left = Vec::new();
        for (id, score) in [(0, 5), (1, 3), (2, 4), (3, 4), (4, 9)] {
            left.push(ranking.add((score, 0), id));
        }
        assert_eq!(left, [None, None, Some(1), Some(3), Some(2)]);
    }
}

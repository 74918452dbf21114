//! Births and exits per second.

use std::collections::VecDeque;

/// Time over which rates are measured, in nanoseconds.
const RATE_NS: u64 = 10_000_000_000;

/// Shortest time that rates are measured over, in nanoseconds.
const LEAST_NS: u64 = 500_000_000;

/// Most counts that are kept: batches come every few milliseconds in a storm.
const MAX_COUNTS: usize = 400;

/// Births and exits of one batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    /// When the batch was taken, by the monotonic clock.
    pub(super) at_ns: u64,
    pub(super) births: u32,
    pub(super) exits: u32,
    pub(super) failed: u32,
}

/// Births and exits per second, of all processes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    pub(super) births: f64,
    pub(super) exits: f64,
    pub(super) failed: f64,
}

/// The counts of the last batches.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    counts: VecDeque<Count>,
    first_ns: Option<u64>,
    last_ns: u64,
}

impl Counts {
    /// Adds those of a batch.
    pub(super) fn take(&mut self, count: Count) {
        self.first_ns.get_or_insert(count.at_ns);
        self.last_ns = self.last_ns.max(count.at_ns);
        if count.births + count.exits > 0 {
            self.counts.push_back(count);
        }
        let since = self.last_ns.saturating_sub(RATE_NS);
        let is_old = |count: &&Count| count.at_ns <= since && since > 0;
        let old = self.counts.iter().take_while(is_old).count();
        self.counts.drain(..old);
        if self.counts.len() > MAX_COUNTS {
            self.merge();
        }
    }

    /// Merges each two counts, to bound their number.
    fn merge(&mut self) {
        let counts: Vec<Count> = self.counts.drain(..).collect();
        let merged = counts.chunks(2).map(|pair| Count {
            at_ns: pair[pair.len() - 1].at_ns,
            births: pair.iter().map(|count| count.births).sum(),
            exits: pair.iter().map(|count| count.exits).sum(),
            failed: pair.iter().map(|count| count.failed).sum(),
        });
        self.counts.extend(merged);
    }

    /// Returns how many there were per second; `None` before that can be known.
    pub(super) fn rates(&self) -> Option<Rates> {
        let since = self.last_ns.saturating_sub(self.first_ns?).min(RATE_NS);
        if since < LEAST_NS {
            return None;
        }
        let per_second = |of: fn(&Count) -> u32| {
            let sum: u64 = self.counts.iter().map(|count| u64::from(of(count))).sum();
            sum as f64 / (since as f64 / 1e9)
        };
        Some(Rates {
            births: per_second(|count| count.births),
            exits: per_second(|count| count.exits),
            failed: per_second(|count| count.failed),
        })
    }

    /// Returns about how many bytes they use.
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<Count>()
    }
}

//! What the last scans cost, and what the next ones are expected to cost.

use std::collections::VecDeque;
use std::time::Duration;

/// Number of scans that an estimate is made of.
pub(super) const SPREAD: usize = 10;

/// Two scans in a row that cost more than this many times the mean are not noise: a crowd has come.
const CROWD_RATIO: f64 = 1.5;

/// No scan counts as more expensive: some thirty years.
const MAX_COST: Duration = Duration::from_secs(1 << 30);

/// CPU time of one scan and of all that came with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ScanCost {
    /// Reading processes for the first time, and delivering them.
    pub(super) first_reads: Duration,
    /// Everything else: what a scan costs again and again.
    pub(super) settled: Duration,
}

impl ScanCost {
    pub(super) fn total(self) -> Duration {
        self.first_reads.saturating_add(self.settled)
    }

    /// Returns a cost that can be added and multiplied without overflow.
    pub(super) fn bounded(self) -> Self {
        Self {
            first_reads: self.first_reads.min(MAX_COST),
            settled: self.settled.min(MAX_COST),
        }
    }
}

/// Costs of the last scans, oldest first.
#[derive(Debug, Default)]
pub(super) struct RecentCosts(VecDeque<ScanCost>);

impl RecentCosts {
    pub(super) fn push(&mut self, cost: ScanCost) {
        if self.0.len() == SPREAD {
            self.0.pop_front();
        }
        self.0.push_back(cost);
    }

    /// Returns the mean settled cost; the cheapest so far stands for those to come.
    pub(super) fn settled(&self) -> Duration {
        let settled = || self.0.iter().map(|cost| cost.settled);
        let to_come = (SPREAD - self.0.len()) as u32;
        let sum = settled().sum::<Duration>() + settled().min().unwrap_or_default() * to_come;
        let mean = sum / SPREAD as u32;
        let last_two = settled().rev().take(2).min();
        last_two
            .filter(|cost| *cost > mean.mul_f64(CROWD_RATIO))
            .unwrap_or(mean)
    }

    /// Returns what first reads are expected to cost in the next scan: what they did in both of the
    /// last two, since a crowd that comes at once is only in one.
    pub(super) fn first_reads(&self) -> Duration {
        let last_two = self.0.iter().rev().take(2).map(|cost| cost.first_reads);
        last_two.min().unwrap_or_default()
    }
}

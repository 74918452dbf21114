//! What was spent in the last ten minutes.

use std::collections::VecDeque;
use std::time::Duration;

/// The stretch of time over which the budget holds.
pub(super) const WINDOW: Duration = Duration::from_secs(600);

/// Costs closer together than this share an entry, so that entries stay few.
const GRAIN: Duration = Duration::from_secs(1);

/// First reads within this time of each other are one crowd.
const CROWD: Duration = Duration::from_secs(60);

/// First reads within this time are expected to go on, and those of this number of entries.
const RECENT: Duration = Duration::from_secs(180);
const RECENT_ENTRIES: usize = 10;

/// CPU time by when it was spent. Times are since any fixed moment, and never go back.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: VecDeque<Entry>,
    total: Duration,
}

#[derive(Debug)]
struct Entry {
    first_at: Duration,
    /// It leaves the window so long after this.
    last_at: Duration,
    cost: Duration,
    /// The part of it that read processes for the first time, except in the first scan.
    first_reads: Duration,
    scans: u32,
}

impl Ledger {
    /// Enters what a scan at this time cost, and how much of that were first reads that may recur.
    pub(super) fn enter(&mut self, at: Duration, cost: Duration, first_reads: Duration) {
        self.forget_before(at);
        self.total = self.total.saturating_add(cost);
        match self.entries.back_mut() {
            Some(last) if at.saturating_sub(last.first_at) < GRAIN => {
                last.last_at = at;
                last.cost = last.cost.saturating_add(cost);
                last.first_reads = last.first_reads.saturating_add(first_reads);
                last.scans += 1;
            }
            _ => self.entries.push_back(Entry {
                first_at: at,
                last_at: at,
                cost,
                first_reads,
                scans: 1,
            }),
        }
    }

    /// Returns what first reads are expected to cost in each scan at this interval: their mean over
    /// some minutes, without the most expensive one.
    ///
    /// A crowd that comes at once is in that minute, so it is not expected to come again. Zero
    /// before there are two minutes to compare.
    pub(super) fn usual_first_reads(&self, interval: Duration) -> Duration {
        let Some(last) = self.entries.back() else {
            return Duration::ZERO;
        };
        let is_old = |entry: &Entry| last.last_at.saturating_sub(entry.first_at) >= RECENT;
        let from = self.entries.partition_point(is_old);
        let from = from.min(self.entries.len().saturating_sub(RECENT_ENTRIES));
        let span = last.last_at.saturating_sub(self.entries[from].first_at);
        if span < 2 * CROWD {
            return Duration::ZERO;
        }
        let (mut all, mut inside, mut crowd) = (Sum::default(), Sum::default(), Sum::default());
        let mut oldest = from;
        for entry in self.entries.range(from..) {
            all.add(entry);
            inside.add(entry);
            while entry.last_at.saturating_sub(self.entries[oldest].first_at) > CROWD {
                inside.remove(&self.entries[oldest]);
                oldest += 1;
            }
            if inside.first_reads >= crowd.first_reads {
                crowd = inside;
            }
        }
        let scans = (all.scans - crowd.scans).max(1);
        let mean = (all.first_reads - crowd.first_reads) / scans;
        // The more time is between two scans, the more processes are born in it.
        let interval_before = span / all.scans.max(1);
        mean.mul_f64((interval.as_secs_f64() / interval_before.as_secs_f64()).clamp(1.0, 2.0))
    }

    /// Returns what was spent within the window that ends with the last entry.
    pub(super) fn total(&self) -> Duration {
        self.total
    }

    /// Returns the shortest interval at which scans of this cost keep every window within the
    /// credit, as far as what was spent already allows it.
    ///
    /// Until the oldest entries leave the window, only what they and the others leave of the credit
    /// can be spent. So for each entry: the scans before it leaves are at most as many as fit.
    pub(super) fn affordable(&self, now: Duration, cost: Duration, credit: Duration) -> Duration {
        let mut spent = self.total;
        let mut interval = Duration::ZERO;
        for entry in &self.entries {
            let until = (entry.last_at + WINDOW).saturating_sub(now);
            let left = credit.saturating_sub(spent);
            let scans = match left.is_zero() {
                true => 0.0,
                false => (left.as_secs_f64() / cost.as_secs_f64()).min(f64::from(u32::MAX - 1)),
            };
            interval = interval.max(until / (scans as u32 + 1));
            spent = spent.saturating_sub(entry.cost);
        }
        interval
    }

    /// Returns the time from now until this cost fits the credit.
    ///
    /// A cost above the whole credit fits once nothing else is in the window.
    pub(super) fn wait_for(&self, now: Duration, cost: Duration, credit: Duration) -> Duration {
        let mut spent = self.total;
        let mut wait = Duration::ZERO;
        for entry in &self.entries {
            if spent.saturating_add(cost) <= credit {
                break;
            }
            wait = (entry.last_at + WINDOW).saturating_sub(now);
            spent = spent.saturating_sub(entry.cost);
        }
        wait
    }

    fn forget_before(&mut self, now: Duration) {
        while let Some(oldest) = self.entries.front()
            && oldest.last_at + WINDOW <= now
        {
            self.total = self.total.saturating_sub(oldest.cost);
            self.entries.pop_front();
        }
    }
}

/// First reads and scans of several entries.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    first_reads: Duration,
    scans: u32,
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        self.first_reads += entry.first_reads;
        self.scans += entry.scans;
    }

    fn remove(&mut self, entry: &Entry) {
        self.first_reads -= entry.first_reads;
        self.scans -= entry.scans;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const S: Duration = Duration::from_secs(1);

    #[test]
    fn an_entry_counts_until_the_window_has_passed() {
        let mut ledger = Ledger::default();
        ledger.enter(S, 5 * MS, Duration::ZERO);
        ledger.enter(S * 2, 7 * MS, Duration::ZERO);
        assert_eq!(ledger.total(), 12 * MS);
        ledger.enter(WINDOW + S, Duration::ZERO, Duration::ZERO);
        assert_eq!(ledger.total(), 7 * MS);
        ledger.enter(WINDOW * 9, Duration::ZERO, Duration::ZERO);
        assert_eq!(ledger.total(), Duration::ZERO);
    }

    #[test]
    fn costs_within_a_second_share_an_entry() {
        let mut ledger = Ledger::default();
        for at in 0..100_000 {
            ledger.enter(at * 10 * MS, MS, Duration::ZERO);
        }
        assert!(ledger.entries.len() <= 601);
        assert!(ledger.total() <= 60_000 * MS + S);
    }

    #[test]
    fn steady_first_reads_are_expected_to_go_on_and_a_crowd_is_not() {
        let mut ledger = Ledger::default();
        for second in 0..120 {
            ledger.enter(S * second, 9 * MS, 2 * MS);
            assert_eq!(ledger.usual_first_reads(S), Duration::ZERO);
        }
        for second in 120..300 {
            ledger.enter(S * second, 9 * MS, 2 * MS);
        }
        let usual = ledger.usual_first_reads(S);
        assert!(usual > MS && usual < 3 * MS, "{usual:?}");
        // At twice the interval, twice as many are born.
        assert!(ledger.usual_first_reads(2 * S) > 3 * MS);
        ledger.enter(S * 300, S, S);
        assert!(ledger.usual_first_reads(S) < 3 * MS);
        for second in 301..600 {
            ledger.enter(S * second, 7 * MS, Duration::ZERO);
        }
        assert_eq!(ledger.usual_first_reads(S), Duration::ZERO);
    }

    #[test]
    fn what_is_left_of_the_credit_is_spread_over_the_window() {
        let mut ledger = Ledger::default();
        ledger.enter(Duration::ZERO, S, Duration::ZERO);
        // 3.5 s are left: 350 scans of 10 ms in ten minutes, and one as the entry leaves.
        let interval = ledger.affordable(Duration::ZERO, 10 * MS, 4500 * MS);
        assert_eq!(interval, WINDOW / 351);
        // Nothing is left: not before the entry leaves.
        assert_eq!(ledger.affordable(60 * S, 10 * MS, S), WINDOW - 60 * S);
        assert_eq!(ledger.affordable(60 * S, 10 * MS, MS), WINDOW - 60 * S);
        // Scans that cost nothing can always be made.
        assert!(ledger.affordable(60 * S, Duration::ZERO, 2 * S) < MS);
    }

    #[test]
    fn a_cost_waits_until_enough_has_left_the_window() {
        let mut ledger = Ledger::default();
        ledger.enter(Duration::ZERO, 3 * S, Duration::ZERO);
        ledger.enter(60 * S, S, Duration::ZERO);
        let wait = |cost, credit| ledger.wait_for(60 * S, cost, credit);
        assert_eq!(wait(S, 5 * S), Duration::ZERO);
        assert_eq!(wait(2 * S, 5 * S), WINDOW - 60 * S);
        assert_eq!(wait(5 * S, 5 * S), WINDOW);
        // It never fits, but then nothing else is in the window.
        assert_eq!(wait(9 * S, 5 * S), WINDOW);
        assert_eq!(
            ledger.wait_for(60 * S, Duration::MAX, S),
            WINDOW,
            "no overflow"
        );
    }
}

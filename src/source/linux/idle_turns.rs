//! When idle processes are read again: each has its own moment in a period, so that scans share the work
//! evenly at any interval.

use std::time::Duration;

/// How often something is read of an idle process, as the exponent of a cycle's length in ticks.
///
/// A cycle of many periods begins only where one of few does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cycle {
    /// A period: memory.
    Memory = 27,
    /// Two periods: everything. Its parent changes only when that ends, which scans notice, and the rest
    /// seldom changes.
    Full = 28,
    /// 32 periods: its owner and its control group, where each costs a file.
    ExpensiveOwner = 32,
}

/// Periods in 2 to the power of 32 ticks.
const LONGEST: u128 = 32;

/// Longest period: a day.
const MAX_PERIOD: Duration = Duration::from_secs(86_400);

/// Which idle processes have their turn in a scan.
#[derive(Debug)]
pub(super) struct IdleTurns {
    period: Duration,
    /// When the scan before began.
    last_ticks: u64,
    /// When this scan began.
    now_ticks: u64,
    hurries_until_ticks: u64,
}

impl Default for IdleTurns {
    fn default() -> Self {
        Self::every(Duration::from_secs(60))
    }
}

impl IdleTurns {
    /// `period`: at most a day. Less than a millisecond is none.
    pub(super) fn every(period: Duration) -> Self {
        let has_period = period >= Duration::from_millis(1);
        Self {
            period: match has_period {
                true => period.min(MAX_PERIOD),
                false => Duration::ZERO,
            },
            last_ticks: 0,
            now_ticks: 0,
            hurries_until_ticks: 0,
        }
    }

    /// Begins a scan.
    ///
    /// `is_change_likely`: idle processes are changing, or their changes cannot be noticed. Then turns come
    /// twice as often until each process has had a full one.
    pub(super) fn begin_scan(&mut self, now_ns: u64, is_change_likely: bool) {
        self.last_ticks = self.now_ticks;
        let longest_ns = self.period.as_nanos() * LONGEST;
        let ticks = (u128::from(now_ns) << 32).checked_div(longest_ns);
        self.now_ticks = match ticks {
            Some(ticks) => ticks as u64,
            // Without a period, everything has its turn in each scan.
            None => self.last_ticks.wrapping_add(1 << 33),
        };
        if is_change_likely {
            self.hurries_until_ticks = self.now_ticks.wrapping_add(1 << (Cycle::Full as u32 - 1));
        }
    }

    /// Returns whether the turn of a process has come since the scan before.
    pub(super) fn has_come(&self, pid: u32, cycle: Cycle) -> bool {
        // Multiples of the golden ratio are spread evenly, whichever pids follow each other.
        let moment_ticks = u64::from(pid.wrapping_mul(0x9e37_79b9));
        let hurries = self.now_ticks <= self.hurries_until_ticks;
        let cycles =
            |ticks: u64| ticks.wrapping_add(moment_ticks) >> (cycle as u32 - u32::from(hurries));
        cycles(self.last_ticks) != cycles(self.now_ticks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::linux::LinuxSource;
    use crate::source::linux::made_up_proc::{MadeUpProc, pids};
    use crate::source::linux::proc::reclaim::Reclaim;

    const PERIOD_MS: u64 = 60_000;

    /// From the longest on, with their periods.
    const CYCLES: [(Cycle, u64); 3] = [
        (Cycle::ExpensiveOwner, 32),
        (Cycle::Full, 2),
        (Cycle::Memory, 1),
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the intervals, pauses of several periods included.
        #[test]
        fn no_reading_is_older_than_its_cycle_and_an_interval(
            begin_ms in 0..10_000_000_u64,
            intervals_ms in prop::collection::vec(prop_oneof![50..2000_u64, 2000..300_000_u64], 1..300),
            pid: u32,
            likely in prop::collection::vec(any::<bool>(), 300),
        ) {
            for (cycle, periods) in CYCLES {
                let mut turns = IdleTurns::default();
                let (mut now_ms, mut read_ms) = (begin_ms, begin_ms);
                turns.begin_scan(now_ms * 1_000_000, false);
                for (interval_ms, &is_likely) in intervals_ms.iter().zip(&likely) {
                    now_ms += interval_ms;
                    turns.begin_scan(now_ms * 1_000_000, is_likely);
                    if turns.has_come(pid, cycle) {
                        read_ms = now_ms;
                    }
                    prop_assert!(now_ms - read_ms <= periods * PERIOD_MS);
                }
            }
        }

        #[test]
        fn a_turn_of_a_long_cycle_is_one_of_a_short_cycle(
            last_ms in 0..10_000_000_u64,
            interval_ms in 0..300_000_u64,
            pid: u32,
        ) {
            let mut turns = IdleTurns::default();
            turns.begin_scan(last_ms * 1_000_000, false);
            turns.begin_scan((last_ms + interval_ms) * 1_000_000, false);
            let has_come = CYCLES.map(|(cycle, _)| turns.has_come(pid, cycle));
            prop_assert!(has_come.is_sorted());
        }
    }

    /// How many of these processes have their turn in each scan of some minutes, at 1 s.
    fn shares(pids: impl Iterator<Item = u32> + Clone, cycle: Cycle) -> Vec<usize> {
        let mut turns = IdleTurns::default();
        let scans = (0..1000).map(|second| {
            turns.begin_scan(second * 1_000_000_000, false);
            pids.clone()
                .filter(|&pid| turns.has_come(pid, cycle))
                .count()
        });
        scans.skip(1).collect()
    }

    #[test]
    fn scans_share_the_work_evenly() {
        for step in [1, 2, 3, 64, 1000] {
            let pids = (1..=3000).map(move |number| number * step);
            for (cycle, periods) in &CYCLES[1..] {
                let even = 3000 / (60 * *periods as usize);
                let shares = shares(pids.clone(), *cycle);
                let most = shares.iter().max().copied();
                assert!(
                    most <= Some(even * 3 / 2 + 2),
                    "every {step}: {most:?}, not {even}"
                );
            }
        }
    }

    #[test]
    fn everything_is_read_soon_after_a_change_was_likely() {
        let mut turns = IdleTurns::default();
        let mut waiting: Vec<u32> = (1..500).collect();
        for second in 0..=60 {
            turns.begin_scan((1000 + second) * 1_000_000_000, second == 0);
            if second > 0 {
                waiting.retain(|&pid| !turns.has_come(pid, Cycle::Full));
            }
        }
        assert!(waiting.is_empty(), "{waiting:?}");
    }

    /// Returns whether each process has its full turn within half of the usual time after a scan.
    fn hurries_after_a_scan(source: &mut LinuxSource) -> bool {
        pids(source);
        // As if that scan had begun so long ago.
        let turns = &mut source.turns;
        turns.now_ticks = turns.now_ticks.wrapping_sub(1 << (Cycle::Full as u32 - 1));
        pids(source);
        (1..500).all(|pid| source.turns.has_come(pid, Cycle::Full))
    }

    #[test]
    fn changes_are_likely_while_the_kernel_reclaims_memory() {
        let made_up = MadeUpProc::new();
        made_up.write("vmstat", "nr_dirty 1\npgsteal_anon 5\npgsteal_file 6\n");
        for (pages_before, hurries) in [(11, false), (10, true)] {
            let mut source = made_up.source();
            source.reclaim = Reclaim::with_pages(pages_before);
            assert_eq!(hurries_after_a_scan(&mut source), hurries, "{pages_before}");
        }
    }

    #[test]
    fn the_end_of_a_parent_cannot_be_noticed_while_process_1_is_hidden() {
        let made_up = MadeUpProc::new();
        let mut source = made_up.source();
        assert!(!hurries_after_a_scan(&mut source));
        made_up.remove(1);
        assert!(hurries_after_a_scan(&mut source));
        // Without CPU clocks each scan reads the parents.
        let made_up = MadeUpProc::new();
        let mut source = made_up.source();
        source.rules.has_clocks = false;
        made_up.remove(1);
        assert!(!hurries_after_a_scan(&mut source));
    }

    #[test]
    fn without_a_period_every_scan_reads_all() {
        let mut turns = IdleTurns::every(Duration::ZERO);
        turns.begin_scan(5, false);
        assert!(turns.has_come(7, Cycle::Memory) && turns.has_come(7, Cycle::ExpensiveOwner));
        for period in [Duration::from_nanos(1), Duration::MAX] {
            let mut turns = IdleTurns::every(period);
            turns.begin_scan(0, true);
            turns.begin_scan(u64::MAX, true);
            assert!(turns.has_come(7, Cycle::Memory) && turns.has_come(7, Cycle::ExpensiveOwner));
        }
    }
}

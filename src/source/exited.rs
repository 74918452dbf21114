//! Processes that have exited, for as long as another one can start in their tick.

use std::collections::HashMap;

use ahash::RandomState;

/// Milliseconds in a tick, the unit of start times on Linux: `USER_HZ` is 100 on every architecture
/// that sysinfo and this crate know (include/asm-generic/param.h).
pub(super) const TICK_MS: u64 = 10;

/// Returns the start time of the `nth` process with one pid and start tick, counted from 0: one
/// millisecond after that of the one before. From the tenth on they are equal.
pub(super) fn within_tick(tick_ms: u64, nth: u8) -> u64 {
    tick_ms.saturating_add(u64::from(nth).min(TICK_MS - 1))
}

/// Processes that have exited. Another process with the same pid can have the same start time, in
/// ticks of 10 ms, even if a scan between them reported neither.
///
/// The key is the pid and the start, in any unit that distinguishes ticks.
#[derive(Debug, Default)]
pub(super) struct Exited(HashMap<(u32, u64), Lives, RandomState>);

/// The exited processes with one pid and start tick.
#[derive(Debug, Clone, Copy, Default)]
struct Lives {
    count: u8,
    /// When the last exit was found, on the monotonic clock.
    found_at_ns: u64,
}

impl Exited {
    /// Adds a process that is known to have exited, the `nth` with its pid and start tick.
    pub(super) fn add(&mut self, pid: u32, start: u64, nth: u8, now_ns: u64) {
        let lives = self.0.entry((pid, start)).or_default();
        lives.count = lives.count.max(nth.saturating_add(1));
        lives.found_at_ns = lives.found_at_ns.max(now_ns);
    }

    /// Returns how many of them had this pid and start tick.
    pub(super) fn count(&self, pid: u32, start: u64) -> u8 {
        self.0.get(&(pid, start)).map_or(0, |lives| lives.count)
    }

    /// Removes those whose tick was over when a scan began that has ended. It has found what
    /// started in that tick.
    pub(super) fn end_scan(&mut self, began_ns: u64) {
        const TICK_NS: u64 = TICK_MS * 1_000_000;
        /// Kept without exits, so that a scan with a few does not allocate.
        const KEPT: usize = 256;
        // A tick lasts at most until a tick after the exit was found.
        self.0
            .retain(|_, lives| began_ns < lives.found_at_ns.saturating_add(TICK_NS));
        // After a mass exit it would be large, and each scan walks through all of it.
        if self.0.capacity() / 8 > self.0.len().max(KEPT) {
            self.0.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exited_count_until_a_scan_has_begun_after_their_tick() {
        const MS: u64 = 1_000_000;
        let mut exited = Exited::default();
        assert_eq!(exited.count(7, 5), 0);
        exited.add(7, 5, 0, 100 * MS);
        assert_eq!(exited.count(7, 5), 1);
        assert_eq!((exited.count(7, 6), exited.count(8, 5)), (0, 0));
        exited.add(7, 5, 1, 103 * MS);
        assert_eq!(exited.count(7, 5), 2);
        exited.end_scan(109 * MS);
        assert_eq!(exited.count(7, 5), 2);
        exited.end_scan(111 * MS);
        assert_eq!(exited.count(7, 5), 2);
        exited.end_scan(113 * MS);
        assert_eq!(exited.count(7, 5), 0);
        exited.add(7, 5, u8::MAX, 200 * MS);
        assert_eq!(exited.count(7, 5), u8::MAX);
    }

    /// With a search through all of them for each one, this test would hardly end.
    #[test]
    fn a_mass_exit_and_as_many_births_take_no_search_and_leave_no_memory() {
        const MANY: u32 = 500_000;
        let mut exited = Exited::default();
        for pid in 1..=MANY {
            exited.add(pid, 5, 0, 0);
        }
        for pid in 1..=MANY {
            assert_eq!((exited.count(pid, 5), exited.count(pid, 6)), (1, 0));
        }
        exited.end_scan(u64::MAX);
        assert!(exited.0.is_empty() && exited.0.capacity() < 1000);
    }
}

//! Processes that have exited, for as long as another one can start in their tick.

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
#[derive(Debug, Default)]
pub(super) struct Exited(Vec<Life>);

#[derive(Debug, Clone, Copy)]
struct Life {
    pid: u32,
    /// Its start, in any unit that distinguishes ticks.
    start: u64,
    nth: u8,
    /// When its exit was found, on the monotonic clock.
    found_at_ns: u64,
}

impl Exited {
    /// Adds a process that is known to have exited, the `nth` with its pid and start tick.
    pub(super) fn add(&mut self, pid: u32, start: u64, nth: u8, now_ns: u64) {
        self.0.push(Life {
            pid,
            start,
            nth,
            found_at_ns: now_ns,
        });
    }

    /// Returns how many of them had this pid and start tick.
    pub(super) fn count(&self, pid: u32, start: u64) -> u8 {
        let earlier = self
            .0
            .iter()
            .filter(|life| life.pid == pid && life.start == start);
        earlier
            .map(|life| life.nth.saturating_add(1))
            .max()
            .unwrap_or(0)
    }

    /// Removes those whose tick was over when a scan began that has ended. It has found what
    /// started in that tick.
    pub(super) fn end_scan(&mut self, began_ns: u64) {
        const TICK_NS: u64 = TICK_MS * 1_000_000;
        // A tick lasts at most until a tick after the exit was found.
        self.0
            .retain(|life| began_ns < life.found_at_ns.saturating_add(TICK_NS));
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
}

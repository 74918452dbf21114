//! Processes that have ended, and whose parents take their time to reap them.
//!
//! Reaping sends no event. So each is checked again after as long as it has waited already, which finds
//! a late parent soon and costs little where a parent never reaps.

/// For so long an exit is checked in each round, and after that now and then.
pub(super) const FRESH_NS: u64 = 100_000_000;

/// The longest time between two checks.
const MOST_NS: u64 = 4_000_000_000;

/// What has waited for so long is checked after scans only.
const PATIENCE_NS: u64 = 60_000_000_000;

/// A process that has ended, and was not reaped soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) pid: u32,
    /// When it is checked again, as in timestamps; `None`: after scans only.
    pub(super) check_ns: Option<u64>,
}

impl Waiting {
    /// Creates the entry of a process that ended at `ended_ns`.
    pub(super) fn new(pid: u32, ended_ns: u64, now_ns: u64) -> Self {
        let age_ns = now_ns.saturating_sub(ended_ns);
        let is_checked = age_ns < PATIENCE_NS;
        let check_ns = now_ns.saturating_add(age_ns.clamp(FRESH_NS, MOST_NS));
        Self {
            pid,
            check_ns: is_checked.then_some(check_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_come_less_and_less_often_and_end() {
        const SECOND: u64 = 1_000_000_000;
        let mut now_ns = SECOND / 10;
        let mut checks = Vec::new();
        while let Some(check_ns) = Waiting::new(7, 0, now_ns).check_ns {
            assert!(check_ns > now_ns);
            now_ns = check_ns;
            checks.push(check_ns);
        }
        assert_eq!(checks[..3], [SECOND / 5, SECOND * 2 / 5, SECOND * 4 / 5]);
        assert!(checks.len() < 25 && now_ns < 70 * SECOND, "{checks:?}");
    }
}

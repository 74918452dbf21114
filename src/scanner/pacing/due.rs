//! When the next scan is due.

use std::time::{Duration, Instant};

/// Returns the first time after `now` of a schedule that was last due at `due`. `before` is the
/// interval used so far.
///
/// Missed times are skipped, not made up for. If `due` is still to come, the last scan was a
/// requested one and `due` stays. But if that scan made the interval longer, the next one comes no
/// sooner than a whole interval from now; otherwise it comes no later than that.
pub(in crate::scanner) fn next(
    due: Instant,
    before: Duration,
    interval: Duration,
    now: Instant,
) -> Instant {
    if now < due {
        return match interval > before {
            true => due.max(now + interval),
            false => due.min(now + interval),
        };
    }
    let late = now.saturating_duration_since(due);
    let skipped = late.as_nanos() / interval.as_nanos().max(1);
    let intervals = u32::try_from(skipped).unwrap_or(u32::MAX).saturating_add(1);
    due + interval.saturating_mul(intervals)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn next_after(late_ms: u64) -> u128 {
        let due = Instant::now();
        let next = next(due, SECOND, SECOND, due + Duration::from_millis(late_ms));
        (next - due).as_millis()
    }

    #[test]
    fn a_short_scan_keeps_the_schedule() {
        assert_eq!(next_after(0), 1000);
        assert_eq!(next_after(40), 1000);
        assert_eq!(next_after(999), 1000);
    }

    #[test]
    fn a_long_scan_skips_missed_times() {
        assert_eq!(next_after(1000), 2000);
        assert_eq!(next_after(3500), 4000);
    }

    #[test]
    fn a_requested_scan_does_not_move_the_next_one() {
        let due = Instant::now() + SECOND;
        assert_eq!(next(due, SECOND, SECOND, due - SECOND / 2), due);
    }

    #[test]
    fn a_schedule_that_begins_later_keeps_its_beginning() {
        let start = Instant::now();
        let (second, end) = (start + SECOND / 4, start + SECOND / 20);
        let due = next(second, SECOND, SECOND, end);
        assert_eq!(due, second);
        let after_second = second + SECOND / 20;
        assert_eq!(next(due, SECOND, SECOND, after_second), second + SECOND);
        // A first scan that takes longer keeps it too.
        let due = next(second, SECOND, SECOND, start + SECOND / 2);
        assert_eq!(due, second + SECOND);
    }

    #[test]
    fn a_requested_scan_that_shortens_the_interval_advances_the_next_one() {
        let due = Instant::now() + SECOND * 60;
        let now = due - SECOND * 50;
        assert_eq!(next(due, SECOND * 60, SECOND, now), now + SECOND);
        assert_eq!(next(due, SECOND * 60, SECOND * 55, now), due);
        // The same if the breaker was open until now, and its wait is over.
        assert_eq!(next(due, SECOND, SECOND, now), now + SECOND);
    }

    #[test]
    fn a_requested_scan_that_lengthens_the_interval_delays_the_next_one() {
        let due = Instant::now() + SECOND;
        let now = due - SECOND / 2;
        assert_eq!(next(due, SECOND, SECOND * 20, now), now + SECOND * 20);
    }
}

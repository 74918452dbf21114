//! When the next scan is due.

use std::time::{Duration, Instant};

/// The first beat after `now` of a clock that last struck at `due` and strikes every `interval`; `before`:
/// what the interval was until now.
///
/// Beats that passed in the meantime are skipped, never made up for. Where one is still to come, the scan
/// just made was one that somebody asked for, and the beat stays. But if that scan has made the interval
/// longer, the next one comes no sooner than after a whole one, and never does it come later than that
/// otherwise.
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
    let beats = u32::try_from(skipped).unwrap_or(u32::MAX).saturating_add(1);
    due + interval.saturating_mul(beats)
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
    fn a_short_scan_keeps_the_beat() {
        assert_eq!(next_after(0), 1000);
        assert_eq!(next_after(40), 1000);
        assert_eq!(next_after(999), 1000);
    }

    #[test]
    fn a_long_scan_skips_beats_and_does_not_bunch_them() {
        assert_eq!(next_after(1000), 2000);
        assert_eq!(next_after(3500), 4000);
    }

    #[test]
    fn a_scan_between_two_beats_takes_the_place_of_neither() {
        let due = Instant::now() + SECOND;
        assert_eq!(next(due, SECOND, SECOND, due - SECOND / 2), due);
    }

    #[test]
    fn a_scan_between_two_beats_that_makes_the_interval_shorter_brings_the_next_one_near() {
        let due = Instant::now() + SECOND * 60;
        let now = due - SECOND * 50;
        assert_eq!(next(due, SECOND * 60, SECOND, now), now + SECOND);
        assert_eq!(next(due, SECOND * 60, SECOND * 55, now), due);
        // So it does where the wait was that of a breaker which is no longer open.
        assert_eq!(next(due, SECOND, SECOND, now), now + SECOND);
    }

    #[test]
    fn a_scan_between_two_beats_that_makes_the_interval_longer_puts_the_next_one_off() {
        let due = Instant::now() + SECOND;
        let now = due - SECOND / 2;
        assert_eq!(next(due, SECOND, SECOND * 20, now), now + SECOND * 20);
    }
}

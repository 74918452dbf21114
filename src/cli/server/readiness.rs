//! Whether the scanner lives, and whether its values are current.

use process_scanner::{BreakerState, Timestamp};

use crate::cli::exposition::Freshness;

/// Intervals without a good scan, after which values are old.
const INTERVALS: u64 = 3;

/// Shortest time after which values are old, in milliseconds: one slow scan is no reason.
const MIN_AGE_MS: u64 = 10_000;

/// Returns why the values are not current; `None` if they are.
pub(super) fn not_ready(freshness: &Freshness) -> Option<String> {
    let failure = freshness.failure.as_deref();
    let because = failure.map_or(String::new(), |failure| format!(": {failure}"));
    let Some(good_ns) = freshness.good_scan_ns else {
        return Some(format!("no scan has succeeded yet{because}"));
    };
    if freshness.breaker == BreakerState::Open {
        return Some(format!("the breaker is open, and scans are rare{because}"));
    }
    let age_ms = Timestamp::now().monotonic_ns.saturating_sub(good_ns) / 1_000_000;
    let interval_ms = freshness.interval_ms.unwrap_or_default();
    let limit_ms = interval_ms.saturating_mul(INTERVALS).max(MIN_AGE_MS);
    (age_ms > limit_ms).then(|| {
        let seconds = age_ms / 1000;
        format!("the last good scan was {seconds} s ago{because}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_current_for_three_intervals() {
        let now_ns = Timestamp::now().monotonic_ns;
        let scanned = |interval_ms| Freshness {
            good_scan_ns: Some(now_ns.saturating_sub(20_000_000_000)),
            interval_ms: Some(interval_ms),
            ..Freshness::default()
        };
        let mut old = scanned(1000);
        if now_ns > 20_000_000_000 {
            old.failure = Some("no answer".into());
            let reason = not_ready(&old).expect("20 s are too much");
            assert_eq!(reason, "the last good scan was 20 s ago: no answer");
        }
        assert_eq!(not_ready(&scanned(3_600_000)), None);
        let mut open = scanned(3_600_000);
        open.breaker = BreakerState::Open;
        assert!(not_ready(&open).is_some_and(|reason| reason.contains("breaker")));
        assert!(not_ready(&Freshness::default()).is_some());
    }
}

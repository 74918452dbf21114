//! Detects from another thread that the current scan takes too long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::BreakerState;

/// Set by the scanning thread, checked by the dispatcher's.
#[derive(Debug, Clone)]
pub(crate) struct Watchdog {
    current: Arc<Mutex<Option<CurrentScan>>>,
    deadline: Duration,
}

#[derive(Debug)]
struct CurrentScan {
    began: Instant,
    breaker: Option<BreakerState>,
    is_reported: bool,
}

/// A scan that takes too long.
#[derive(Debug, PartialEq)]
pub(crate) struct Overdue {
    pub(crate) elapsed: Duration,
    /// The breaker's state when the scan began; `None` without a breaker.
    pub(crate) breaker: Option<BreakerState>,
}

impl Watchdog {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self {
            current: Arc::default(),
            deadline,
        }
    }

    /// Marks the begin of a scan, which lasts until the guard is ended or dropped.
    pub(crate) fn begin(&self, breaker: Option<BreakerState>) -> ScanGuard<'_> {
        *self.lock() = Some(CurrentScan {
            began: Instant::now(),
            breaker,
            is_reported: false,
        });
        ScanGuard(self)
    }

    /// Returns the current scan if it is overdue and not yet reported, and marks it as reported.
    pub(crate) fn take_overdue(&self, now: Instant) -> Option<Overdue> {
        let mut current = self.lock();
        let scan = current.as_mut().filter(|scan| !scan.is_reported)?;
        let elapsed = now.saturating_duration_since(scan.began);
        (elapsed >= self.deadline).then(|| {
            scan.is_reported = true;
            Overdue {
                elapsed,
                breaker: scan.breaker,
            }
        })
    }

    /// Returns how long the current scan has taken so far, if there is one.
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.lock().as_ref().map(|scan| scan.began.elapsed())
    }

    /// Returns when to check again.
    pub(crate) fn next_check(&self, now: Instant) -> Instant {
        match &*self.lock() {
            Some(scan) if !scan.is_reported => scan.began + self.deadline,
            // A scan that begins now is not overdue before that.
            _ => now + self.deadline,
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<CurrentScan>> {
        // No holder can panic half way.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the current scan. A panic drops it too, so that the scan does not count as stuck.
pub(crate) struct ScanGuard<'w>(&'w Watchdog);

impl ScanGuard<'_> {
    /// Ends the scan. Returns whether it was reported as overdue.
    pub(crate) fn end(self) -> bool {
        self.0.lock().take().is_some_and(|scan| scan.is_reported)
    }
}

impl Drop for ScanGuard<'_> {
    fn drop(&mut self) {
        self.0.lock().take();
    }
}

/// Advice for a scan that hangs.
pub(crate) const SOURCE_ADVICE: &str = "find what the source waits for";

/// Returns the reason to open the breaker for a late scan.
pub(crate) fn late_reason(elapsed: Duration) -> String {
    format!(
        "a scan took {:.1}s, longer than its deadline",
        elapsed.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_reported_as_overdue_once() {
        let deadline = Duration::from_secs(10);
        let watchdog = Watchdog::new(deadline);
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert_eq!(watchdog.take_overdue(later(60)), None);
        assert_eq!(watchdog.elapsed(), None);
        let scan = watchdog.begin(None);
        assert!(watchdog.elapsed().is_some());
        assert_eq!(watchdog.take_overdue(Instant::now()), None);
        assert!(watchdog.next_check(later(3)) < later(11));
        assert!(
            watchdog
                .take_overdue(later(11))
                .is_some_and(|overdue| overdue.elapsed >= deadline)
        );
        assert_eq!(watchdog.take_overdue(later(12)), None);
        assert!(scan.end());
        assert_eq!(watchdog.elapsed(), None);
        assert_eq!(watchdog.take_overdue(later(60)), None);
        assert!(!watchdog.begin(None).end());
        // A scan that panicked is not stuck.
        drop(watchdog.begin(None));
        assert_eq!(watchdog.take_overdue(later(60)), None);
        let _scan = watchdog.begin(Some(BreakerState::HalfOpen));
        let overdue = watchdog.take_overdue(later(11)).expect("it is overdue");
        assert_eq!(overdue.breaker, Some(BreakerState::HalfOpen));
    }
}

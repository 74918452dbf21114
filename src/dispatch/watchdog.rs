//! Whether the scan under way is taking too long, as another thread can see it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::BreakerState;

/// Set by the thread that scans, watched by the dispatcher's.
#[derive(Debug, Clone)]
pub(crate) struct Watchdog {
    under_way: Arc<Mutex<Option<UnderWay>>>,
    deadline: Duration,
}

#[derive(Debug)]
struct UnderWay {
    began: Instant,
    breaker: Option<BreakerState>,
    told: bool,
}

/// A scan that takes too long.
#[derive(Debug, PartialEq)]
pub(crate) struct Overdue {
    pub(crate) taken: Duration,
    /// What the breaker was when the scan began; `None` where none watches.
    pub(crate) breaker: Option<BreakerState>,
}

impl Watchdog {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self {
            under_way: Arc::default(),
            deadline,
        }
    }

    /// A scan begins. It is under way until what this returns is ended or dropped.
    pub(crate) fn begin(&self, breaker: Option<BreakerState>) -> ScanUnderWay<'_> {
        *self.lock() = Some(UnderWay {
            began: Instant::now(),
            breaker,
            told: false,
        });
        ScanUnderWay(self)
    }

    /// The scan under way, if it has been going on for too long and that was not said yet.
    pub(crate) fn take_overdue(&self, now: Instant) -> Option<Overdue> {
        let mut under_way = self.lock();
        let scan = under_way.as_mut().filter(|scan| !scan.told)?;
        let taken = now.saturating_duration_since(scan.began);
        (taken >= self.deadline).then(|| {
            scan.told = true;
            Overdue {
                taken,
                breaker: scan.breaker,
            }
        })
    }

    /// How long the scan under way has taken by now, if there is one.
    pub(crate) fn taken(&self) -> Option<Duration> {
        self.lock().as_ref().map(|scan| scan.began.elapsed())
    }

    /// When to look again.
    pub(crate) fn look_again(&self, now: Instant) -> Instant {
        match &*self.lock() {
            Some(scan) if !scan.told => scan.began + self.deadline,
            // One that begins right now is due no earlier.
            _ => now + self.deadline,
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<UnderWay>> {
        // Nothing that holds it can panic half way.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropped when a scan panics too, so that it is not taken for one that hangs.
pub(crate) struct ScanUnderWay<'p>(&'p Watchdog);

impl ScanUnderWay<'_> {
    /// It came back. Whether it was told as overdue.
    pub(crate) fn end(self) -> bool {
        self.0.lock().take().is_some_and(|scan| scan.told)
    }
}

impl Drop for ScanUnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().take();
    }
}

/// Why a scan that takes too long opens the breaker.
pub(crate) fn late(taken: Duration) -> String {
    format!(
        "a scan took {:.1} s, longer than its deadline",
        taken.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_overdue_once() {
        let deadline = Duration::from_secs(10);
        let watchdog = Watchdog::new(deadline);
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert_eq!(watchdog.take_overdue(later(60)), None);
        assert_eq!(watchdog.taken(), None);
        let scan = watchdog.begin(None);
        assert!(watchdog.taken().is_some());
        assert_eq!(watchdog.take_overdue(Instant::now()), None);
        assert!(watchdog.look_again(later(3)) < later(11));
        assert!(
            watchdog
                .take_overdue(later(11))
                .is_some_and(|overdue| overdue.taken >= deadline)
        );
        assert_eq!(watchdog.take_overdue(later(12)), None);
        assert!(scan.end());
        assert_eq!(watchdog.taken(), None);
        assert_eq!(watchdog.take_overdue(later(60)), None);
        assert!(!watchdog.begin(None).end());
        // One that panicked does not hang.
        drop(watchdog.begin(None));
        assert_eq!(watchdog.take_overdue(later(60)), None);
        let _scan = watchdog.begin(Some(BreakerState::HalfOpen));
        let overdue = watchdog.take_overdue(later(11)).expect("it is overdue");
        assert_eq!(overdue.breaker, Some(BreakerState::HalfOpen));
    }
}

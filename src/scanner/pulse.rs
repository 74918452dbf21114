//! Whether the scan under way is taking too long, as another thread can see it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Set by the thread that scans, watched by the dispatcher's.
#[derive(Debug, Clone)]
pub(crate) struct Pulse {
    under_way: Arc<Mutex<Option<UnderWay>>>,
    deadline: Duration,
}

#[derive(Debug)]
struct UnderWay {
    began: Instant,
    told: bool,
}

impl Pulse {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self {
            under_way: Arc::default(),
            deadline,
        }
    }

    /// A scan begins.
    pub(super) fn begin(&self) {
        *self.lock() = Some(UnderWay {
            began: Instant::now(),
            told: false,
        });
    }

    /// It came back.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    /// How long the scan under way has been going on, if that is too long and was not said yet.
    pub(crate) fn take_overdue(&self, now: Instant) -> Option<Duration> {
        let mut under_way = self.lock();
        let scan = under_way.as_mut().filter(|scan| !scan.told)?;
        let taken = now.saturating_duration_since(scan.began);
        (taken >= self.deadline).then(|| {
            scan.told = true;
            taken
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_overdue_once() {
        let deadline = Duration::from_secs(10);
        let pulse = Pulse::new(deadline);
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert_eq!(pulse.take_overdue(later(60)), None);
        pulse.begin();
        assert_eq!(pulse.take_overdue(Instant::now()), None);
        assert!(pulse.look_again(later(3)) < later(11));
        assert!(
            pulse
                .take_overdue(later(11))
                .is_some_and(|taken| taken >= deadline)
        );
        assert_eq!(pulse.take_overdue(later(12)), None);
        pulse.end();
        assert_eq!(pulse.take_overdue(later(60)), None);
        pulse.begin();
        assert!(pulse.take_overdue(later(11)).is_some());
    }
}

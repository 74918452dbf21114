//! Whether scans still return: what the watchdog of a service manager asks.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use process_scanner::{Batch, BreakerState, Config};

/// Waits between two scans that may pass without one: as for values that are current.
const WAITS: u32 = 3;

/// When a scan has returned last, and how long the next one may take.
///
/// A failed scan has returned too: a restart would not mend the host. A scan that hangs has not.
#[derive(Debug)]
pub(super) struct Heartbeat {
    deadline: Duration,
    longest_probe_wait: Duration,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    at: Instant,
    /// Number of that scan's batch. A notice repeats it, so that it is no new scan.
    seq: u64,
    /// The longest wait for the next scan, by the last batch.
    wait: Duration,
}

impl Heartbeat {
    /// `config`: that of the scanner. The first scan may take as long as any other.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            deadline: Duration::from_millis(config.scan_deadline_ms),
            longest_probe_wait: Duration::from_millis(config.breaker_max_wait_ms),
            last: Mutex::new(Last {
                at: Instant::now(),
                seq: 0,
                wait: Duration::ZERO,
            }),
        }
    }

    /// Takes a batch of the scanner.
    pub(super) fn take(&self, batch: &Batch) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if batch.of_scan && batch.seq > last.seq {
            (last.at, last.seq) = (Instant::now(), batch.seq);
        }
        if let Some(pace) = batch.pace {
            // The budget can stretch an interval to minutes. Probes of an open breaker are rarer still.
            let interval = Duration::from_millis(pace.interval_ms);
            last.wait = match pace.breaker {
                BreakerState::Open => interval.max(self.longest_probe_wait),
                _ => interval,
            };
        }
    }

    /// Returns how long no scan has returned, if that is longer than any wait explains.
    ///
    /// `asked`: the interval of the settings, which can be newer than the last batch.
    pub(super) fn overdue(&self, asked: Duration) -> Option<Duration> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = last.at.elapsed();
        let limit = last.wait.max(asked) * WAITS + self.deadline;
        (silent > limit).then_some(silent)
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Error, ErrorClass};

    use super::*;

    fn hasty() -> Heartbeat {
        let mut config = Config::default();
        config.scan_deadline_ms = 0;
        config.breaker_max_wait_ms = 3_600_000;
        Heartbeat::new(&config)
    }

    /// Returns whether some nanoseconds without a scan are too long.
    fn is_overdue(heartbeat: &Heartbeat) -> bool {
        heartbeat.overdue(Duration::ZERO).is_some()
    }

    fn batch(seq: u64) -> Batch {
        Batch::new(seq, 1000, Vec::new())
    }

    #[test]
    fn a_notice_is_no_scan() {
        let heartbeat = hasty();
        heartbeat.take(&batch(1));
        let at = |heartbeat: &Heartbeat| heartbeat.last.lock().unwrap().at;
        let first = at(&heartbeat);
        let mut stuck = batch(1);
        stuck.failure = Some(Error::new(ErrorClass::Stuck, "no answer"));
        heartbeat.take(&stuck);
        let mut heard = batch(2);
        heard.of_scan = false;
        heartbeat.take(&heard);
        assert_eq!(at(&heartbeat), first);
        let mut failed = batch(3);
        failed.failure = Some(Error::new(ErrorClass::Stuck, "no answer"));
        heartbeat.take(&failed);
        assert!(at(&heartbeat) > first);
    }

    #[test]
    fn waits_are_those_of_the_interval_and_of_the_breaker() {
        let heartbeat = hasty();
        assert!(is_overdue(&heartbeat));
        assert!(heartbeat.overdue(Duration::from_secs(3600)).is_none());
        let with_pace = |interval_ms: u64, breaker: &str| {
            let pace = format!(r#"{{"interval_ms":{interval_ms},"breaker":"{breaker}"}}"#);
            let mut batch = batch(1);
            batch.pace = Some(serde_json::from_str(&pace).unwrap());
            batch
        };
        heartbeat.take(&with_pace(0, "open"));
        assert!(!is_overdue(&heartbeat));
        heartbeat.take(&with_pace(0, "closed"));
        assert!(is_overdue(&heartbeat));
        heartbeat.take(&with_pace(3_600_000, "closed"));
        assert!(!is_overdue(&heartbeat));
    }
}

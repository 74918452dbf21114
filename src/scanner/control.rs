//! Requests to a running scanner, from any thread.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::config::Config;
use crate::dispatch::{Registry, STOP_WITHIN, StopLimits};
use crate::metrics::Observation;
use crate::model::Result;

/// Sends requests to a scanner, without waiting for their effect.
///
/// Clones are the same control. They can be used on any thread and in callbacks, and do not keep
/// the scanner running. [`ScannerHandle::control`](crate::ScannerHandle::control) and
/// [`Scanner::control`](crate::Scanner::control) return it. Requests made before a scanner is
/// started take effect with its first scan. Once the scanner has ended, requests do nothing.
///
/// ```
/// use std::sync::Arc;
/// use process_scanner::{Batch, ConsumerOptions, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// let control = scanner.control().clone();
/// // This callback stops the scanner. A thread that waits for signals can do the same.
/// let stop_after_a_good_scan = move |batch: &Arc<Batch>| {
///     if batch.failure.is_none() {
///         control.request_stop();
///     }
/// };
/// scanner.consumers().register(ConsumerOptions::default(), stop_after_a_good_scan)?;
/// // Returns when it was stopped and all has ended.
/// scanner.wait()?;
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct ScannerControl {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Arc<Registry>,
    scan: Sender<()>,
    retime: Sender<()>,
    interval_ms: Mutex<u64>,
    max_interval_ms: Option<u64>,
    /// Closes when there are no more scans.
    scanning: Receiver<Infallible>,
    stop: Mutex<Stop>,
    stopped: Receiver<Infallible>,
}

struct Stop {
    /// Dropped to wake all threads that wait for the stop.
    signal: Option<Sender<Infallible>>,
    /// Limits of the last stop request.
    limits: Option<StopLimits>,
}

/// Requests, as the scanning thread receives them.
pub(super) struct Requests {
    /// Closes when a stop is requested.
    pub(super) stopped: Receiver<Infallible>,
    /// Requests for a scan.
    pub(super) scan: Receiver<()>,
    /// Requests for another interval, which is [`interval_ms`](Self::interval_ms).
    pub(super) retime: Receiver<()>,
    shared: Arc<Shared>,
    /// Held for as long as there can be another scan.
    pub(super) scanning: Option<Sender<Infallible>>,
}

impl Requests {
    pub(super) fn interval_ms(&self) -> u64 {
        *lock(&self.shared.interval_ms)
    }

    /// Returns whether a stop is requested.
    pub(super) fn is_stopped(&self) -> bool {
        lock(&self.shared.stop).limits.is_some()
    }

    /// Drops pending requests for a scan or an interval.
    pub(super) fn clear(&self) {
        self.scan
            .try_iter()
            .chain(self.retime.try_iter())
            .for_each(drop);
    }
}

impl ScannerControl {
    pub(super) fn new(config: &Config, registry: Arc<Registry>) -> (Self, Requests) {
        // A pending request already covers the next one.
        let (scan, scans) = bounded(1);
        let (retime, retimes) = bounded(1);
        let (signal, stopped) = bounded(0);
        let (is_scanning, scanning) = bounded(0);
        let shared = Arc::new(Shared {
            registry,
            scan,
            retime,
            interval_ms: Mutex::new(config.interval_ms),
            max_interval_ms: config.max_interval_ms,
            scanning,
            stop: Mutex::new(Stop {
                signal: Some(signal),
                limits: None,
            }),
            stopped: stopped.clone(),
        });
        let requests = Requests {
            stopped,
            scan: scans,
            retime: retimes,
            shared: Arc::clone(&shared),
            scanning: Some(is_scanning),
        };
        (Self { shared }, requests)
    }

    /// Requests a scan now, in addition to those at the interval.
    ///
    /// It starts after the current scan, if there is one, and at least 50 ms after the end of the
    /// last one, because CPU use over a shorter time means nothing. The other scans keep their
    /// times, unless the cost of this one changes the interval. If the breaker is open, the wait
    /// for the next probe starts again.
    ///
    /// CPU budget and breaker do not delay it. Its cost and its failure count, so later scans may
    /// come later.
    pub fn scan_now(&self) {
        // An error means that a request is already pending, or that there are no more scans.
        let _ = self.shared.scan.try_send(());
    }

    /// Sets the interval between scans, in milliseconds: 50 to 3,600,000 (one hour).
    ///
    /// It replaces [`Config::interval_ms`](crate::Config::interval_ms). A shorter interval takes
    /// effect at once, a longer one after the next scan, which still comes at its time. Where the
    /// CPU budget requires it, a longer interval is used than this one. An open breaker computes
    /// its waits from it.
    ///
    /// If the interval in use changes, the batch of the next scan reports it as a
    /// [`Transition::Interval`](crate::Transition::Interval); the batch of a scan that has already
    /// begun does not. [`Metrics::interval_asked_ms`](crate::Metrics::interval_asked_ms) has the
    /// new value at once.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](crate::ErrorClass::Config), as
    /// [`Config::validate`](crate::Config::validate) does, if the interval is outside its limits,
    /// which include [`Config::max_interval_ms`](crate::Config::max_interval_ms). The interval then
    /// stays the same.
    pub fn set_interval_ms(&self, interval_ms: u64) -> Result<()> {
        let config = Config {
            interval_ms,
            max_interval_ms: self.shared.max_interval_ms,
            ..Config::default()
        };
        config.validate()?;
        if !self.is_running() {
            return Ok(());
        }
        {
            // Held until the meter has it, so that of two concurrent requests the same one is used
            // and counted.
            let mut requested_ms = lock(&self.shared.interval_ms);
            *requested_ms = interval_ms;
            let meter = self.shared.registry.meter();
            meter.observe(Observation::IntervalAsked { interval_ms });
        }
        // An error means that a request is already pending, or that there are no more scans.
        let _ = self.shared.retime.try_send(());
        Ok(())
    }

    /// Returns whether there can be another scan.
    ///
    /// False once the source has ended, failed [for good](crate::Error::is_final) or panicked, once a
    /// stop was requested, and once the scanner was dropped. The last scan may still be running then.
    pub fn is_running(&self) -> bool {
        // Nothing is ever sent on it.
        self.stop_limits().is_none() && self.shared.scanning.try_recv() == Err(TryRecvError::Empty)
    }

    /// Requests a stop with the limits of [`ScannerHandle::stop`](crate::ScannerHandle::stop), and
    /// returns.
    ///
    /// The limits count from now on. [`ScannerHandle::wait`](crate::ScannerHandle::wait) returns
    /// when the scanner has stopped. It can be called from a callback. Further calls change
    /// nothing.
    pub fn request_stop(&self) {
        let stop = self.lock_stop();
        if stop.limits.is_none() {
            self.apply_stop(stop, StopLimits::of(STOP_WITHIN));
        }
    }

    /// Stops the scanner within these limits. They replace those of earlier requests.
    pub(super) fn stop(&self, limits: StopLimits) {
        self.apply_stop(self.lock_stop(), limits);
    }

    fn apply_stop(&self, mut stop: MutexGuard<'_, Stop>, limits: StopLimits) {
        stop.limits = Some(limits);
        self.shared.registry.stop(limits);
        // Last, because a thread that sees the stop must find the limits set and the dispatcher
        // informed.
        stop.signal = None;
    }

    /// Returns the limits of the last stop request, if there is one.
    pub(super) fn stop_limits(&self) -> Option<StopLimits> {
        self.lock_stop().limits
    }

    /// Closes when a stop is requested.
    pub(super) fn stopped(&self) -> &Receiver<Infallible> {
        &self.shared.stopped
    }

    /// Closes when the scanning thread has ended.
    pub(super) fn scanning(&self) -> &Receiver<Infallible> {
        &self.shared.scanning
    }

    fn lock_stop(&self) -> MutexGuard<'_, Stop> {
        lock(&self.shared.stop)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No holder of these locks can leave the value half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ScannerControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerControl")
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

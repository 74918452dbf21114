//! What may be asked of a running scanner, from any thread.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::config::Config;
use crate::dispatch::{Registry, STOP_WITHIN, StopLimits};
use crate::metrics::Observation;
use crate::model::Result;

/// Requests something of a scanner, and waits for nothing.
///
/// Clones are the same, and can go to any thread and into callbacks. They do not keep the scanner running.
/// From [`ScannerHandle::control`](crate::ScannerHandle::control) and
/// [`Scanner::control`](crate::Scanner::control). What is requested before a scanner is started holds from
/// its first scan on. Once the scanner has ended, requests do nothing.
///
/// ```
/// use std::sync::Arc;
/// use process_scanner::{Batch, ConsumerOptions, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// let control = scanner.control().clone();
/// // A callback that has seen enough. A thread that waits for signals does the same.
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
    /// Closes when no more scans will be made.
    scanning: Receiver<Infallible>,
    stop: Mutex<Stop>,
    stopped: Receiver<Infallible>,
}

struct Stop {
    /// Dropped to wake all threads that listen.
    signal: Option<Sender<Infallible>>,
    /// Those of the last request.
    limits: Option<StopLimits>,
}

/// What is requested, as the thread that scans receives it.
pub(super) struct Requests {
    /// Closes when it is to stop.
    pub(super) stopped: Receiver<Infallible>,
    /// A scan.
    pub(super) scan: Receiver<()>,
    /// Another interval: [`interval_ms`](Self::interval_ms).
    pub(super) retime: Receiver<()>,
    shared: Arc<Shared>,
    /// Held for as long as there may be another scan.
    pub(super) scanning: Option<Sender<Infallible>>,
}

impl Requests {
    pub(super) fn interval_ms(&self) -> u64 {
        *lock(&self.shared.interval_ms)
    }

    /// Whether it is to stop.
    pub(super) fn is_stopped(&self) -> bool {
        lock(&self.shared.stop).limits.is_some()
    }

    /// Forgets scans and intervals that were requested.
    pub(super) fn clear(&self) {
        self.scan
            .try_iter()
            .chain(self.retime.try_iter())
            .for_each(drop);
    }
}

impl ScannerControl {
    pub(super) fn new(config: &Config, registry: Arc<Registry>) -> (Self, Requests) {
        // One that is pending covers the next one.
        let (scan, scans) = bounded(1);
        let (retime, retimes) = bounded(1);
        let (signal, stopped) = bounded(0);
        let (is_scanning, scanning) = bounded(0);
        let shared = Arc::new(Shared {
            registry,
            scan,
            retime,
            interval_ms: Mutex::new(config.interval_ms),
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

    /// Has it scan now, and not only when the next scan is due: after the scan under way, if there is one, and
    /// 50 ms after the end of the one before, since CPU use over less time says nothing. The other scans keep
    /// their beat, unless its cost changes the interval, or the breaker is open: then the wait for the next
    /// probe begins anew.
    ///
    /// Neither the CPU budget nor an open breaker holds it up. What it costs counts, so that the scans after
    /// it may come later, and so does its failure.
    pub fn scan_now(&self) {
        // An error means that this is asked for already, or that there are no more scans.
        let _ = self.shared.scan.try_send(());
    }

    /// Has it scan every `interval_ms` milliseconds from now on, as
    /// [`Config::interval_ms`](crate::Config::interval_ms) does from the beginning. A shorter interval holds
    /// at once, a longer one from the next scan on, which still comes when it was due. Where the CPU budget
    /// takes more time, the interval is stretched from this one, and an open breaker waits by it.
    ///
    /// The batch of the next scan that begins tells it as a
    /// [`Transition::Interval`](crate::Transition::Interval), if it changes the interval in use; that of a scan
    /// under way does not. [`Metrics::interval_asked_ms`](crate::Metrics::interval_asked_ms) has it at once.
    ///
    /// # Errors
    ///
    /// That of [`Config::validate`](crate::Config::validate), of class [`Config`](crate::ErrorClass::Config),
    /// when it is less than 50 or more than 3,600,000 (one hour); nothing is changed then.
    pub fn set_interval_ms(&self, interval_ms: u64) -> Result<()> {
        let config = Config {
            interval_ms,
            ..Config::default()
        };
        config.validate()?;
        if !self.is_running() {
            return Ok(());
        }
        {
            // Held until it is told, so that of two who ask at once the same one is used and told.
            let mut asked = lock(&self.shared.interval_ms);
            *asked = interval_ms;
            let meter = self.shared.registry.meter();
            meter.observe(Observation::IntervalAsked { interval_ms });
        }
        // An error means that it is about to look anyway, or that there are no more scans.
        let _ = self.shared.retime.try_send(());
        Ok(())
    }

    /// Returns whether there may be another scan.
    ///
    /// There is none once the source has ended, has failed [for good](crate::Error::is_final) or has panicked,
    /// and once the scanner has stopped or was dropped.
    pub fn is_running(&self) -> bool {
        // Nothing is ever sent on it.
        self.shared.scanning.try_recv() == Err(TryRecvError::Empty)
    }

    /// Tells it to stop as [`ScannerHandle::stop`](crate::ScannerHandle::stop) does, with the same limits from
    /// now on, and does not wait for that. Who [waits](crate::ScannerHandle::wait) for the scanner does. It can
    /// be called from within a callback. Once it is told to stop, this changes nothing.
    pub fn request_stop(&self) {
        let stop = self.lock_stop();
        if stop.limits.is_none() {
            self.tell(stop, StopLimits::of(STOP_WITHIN));
        }
    }

    /// Tells it to stop within these limits, whatever it was told before.
    pub(super) fn stop(&self, limits: StopLimits) {
        self.tell(self.lock_stop(), limits);
    }

    fn tell(&self, mut stop: MutexGuard<'_, Stop>, limits: StopLimits) {
        stop.limits = Some(limits);
        self.shared.registry.stop(limits);
        // Last: who finds that it is stopped finds the limits, and a dispatcher that knows them.
        stop.signal = None;
    }

    /// Within which limits it was told to stop, if it was.
    pub(super) fn stop_limits(&self) -> Option<StopLimits> {
        self.lock_stop().limits
    }

    /// Closes when it is told to stop.
    pub(super) fn stopped(&self) -> &Receiver<Infallible> {
        &self.shared.stopped
    }

    /// Closes when the thread has ended that scans.
    pub(super) fn scanning(&self) -> &Receiver<Infallible> {
        &self.shared.scanning
    }

    fn lock_stop(&self) -> MutexGuard<'_, Stop> {
        lock(&self.shared.stop)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these can leave it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ScannerControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerControl")
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

//! What may be asked of a running scanner, from any thread.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::config::Config;
use crate::dispatch::{Consumers, STOP_WITHIN, StopLimits};
use crate::model::Result;

/// Asks a running scanner for something, and waits for nothing. Clones are the same, and can go to any
/// thread and into callbacks; they do not keep the scanner running. From
/// [`ScannerHandle::control`](crate::ScannerHandle::control).
///
/// Once the scanner has ended there is nobody to ask: then it does nothing.
///
/// ```
/// use process_scanner::Scanner;
///
/// let scanner = Scanner::builder().start()?;
/// let control = scanner.control().clone();
/// // A callback that has seen enough. A thread that waits for signals does it alike.
/// scanner.on_batch(move |batch| {
///     if batch.failure.is_none() {
///         control.request_stop();
///     }
/// })?;
/// // Returns when it was stopped and all has ended.
/// scanner.wait()?;
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct ScannerControl {
    shared: Arc<Shared>,
}

struct Shared {
    consumers: Consumers,
    scan: Sender<()>,
    retime: Sender<()>,
    interval_ms: Mutex<u64>,
    /// Closes when the thread has ended that scans.
    scanning: Receiver<Infallible>,
    stop: Mutex<Stop>,
    stopped: Receiver<Infallible>,
}

struct Stop {
    /// Dropped to tell all who listen.
    signal: Option<Sender<Infallible>>,
    /// Those of the last who asked.
    limits: Option<StopLimits>,
}

/// What the thread that scans listens to.
pub(super) struct Wishes {
    /// Closes when it is to stop.
    pub(super) stopped: Receiver<Infallible>,
    /// A scan.
    pub(super) scan: Receiver<()>,
    /// Another interval: the one that stands [there](Self::interval).
    pub(super) retime: Receiver<()>,
    shared: Arc<Shared>,
}

impl Wishes {
    pub(super) fn interval(&self) -> Duration {
        Duration::from_millis(*lock(&self.shared.interval_ms))
    }
}

impl ScannerControl {
    /// `scanning`: closes when the thread has ended that has the wishes.
    pub(super) fn new(
        config: &Config,
        consumers: Consumers,
        scanning: Receiver<Infallible>,
    ) -> (Self, Wishes) {
        // A wish that is there already is for the same.
        let (scan, scans) = bounded(1);
        let (retime, retimes) = bounded(1);
        let (signal, stopped) = bounded(0);
        let shared = Arc::new(Shared {
            consumers,
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
        let wishes = Wishes {
            stopped,
            scan: scans,
            retime: retimes,
            shared: Arc::clone(&shared),
        };
        (Self { shared }, wishes)
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
            self.shared.consumers.set_interval_asked(interval_ms);
        }
        // An error means that it is about to look anyway, or that there are no more scans.
        let _ = self.shared.retime.try_send(());
        Ok(())
    }

    /// Whether it still scans, if only now and then: not once the source has ended, has failed
    /// [for good](crate::Error::is_final) or has panicked.
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
        self.shared.consumers.stop(limits);
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

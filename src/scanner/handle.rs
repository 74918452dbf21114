//! A scanner that runs by itself, and how it is stopped.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{bounded, select_biased};

use super::core::Core;
use super::pacing::Throttle;
use super::{ScannerControl, run};
use crate::config::Config;
use crate::dispatch::{
    Consumer, ConsumerOptions, Consumers, Dispatch, STOP_WITHIN, StopLimits, Subscription, discard,
};
use crate::metrics::Metrics;
use crate::model::{Batch, ConsumerId, Error, Result, Snapshot};

/// A running scanner. Dropping it stops it, as [`stop`](Self::stop) does.
#[must_use = "a scanner stops when its handle is dropped"]
pub struct ScannerHandle {
    dispatch: Dispatch,
    control: ScannerControl,
    thread: Option<JoinHandle<Result<()>>>,
    /// It was waited for, and whether all has ended was told.
    is_over: bool,
}

impl ScannerHandle {
    pub(super) fn start(core: Core, mut dispatch: Dispatch, config: Config) -> Result<Self> {
        // Open for as long as the thread may hand out another batch.
        let (alive, scanning) = bounded::<Infallible>(0);
        let consumers = dispatch.consumers().clone();
        let (control, wishes) = ScannerControl::new(&config, consumers, scanning);
        let feed = dispatch.take_feed();
        let ending = dispatch.ending();
        let cpu = Arc::clone(dispatch.consumers().cpu());
        let thread = thread::Builder::new()
            .name("pscan-scan".into())
            .spawn(move || {
                let throttle = Throttle::new(&config, cpu);
                let outcome = run::run(core, throttle, &feed, &wishes);
                // Before the feed: whose batches have ended is to find that the scanner has.
                drop(alive);
                drop(feed);
                drop(ending);
                outcome
            })
            .map_err(|error| Error::from_io("cannot start the scanner's thread", error))?;
        Ok(Self {
            dispatch,
            control,
            thread: Some(thread),
            is_over: false,
        })
    }

    /// Registers a consumer that fetches its batches itself.
    pub fn subscribe(&self) -> Subscription {
        self.consumers().subscribe()
    }

    /// [`subscribe`](Self::subscribe) with options of its own.
    pub fn subscribe_with(&self, options: ConsumerOptions) -> Subscription {
        self.consumers().subscribe_with(options)
    }

    /// Has a closure called with each batch, on a thread of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Consumers::on_batch`].
    pub fn on_batch(
        &self,
        consumer: impl FnMut(&Arc<Batch>) + Send + 'static,
    ) -> Result<ConsumerId> {
        self.consumers().on_batch(consumer)
    }

    /// [`on_batch`](Self::on_batch) with options of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Consumers::on_batch`].
    pub fn on_batch_with(
        &self,
        options: ConsumerOptions,
        consumer: impl FnMut(&Arc<Batch>) + Send + 'static,
    ) -> Result<ConsumerId> {
        self.consumers().on_batch_with(options, consumer)
    }

    /// Registers a consumer that is called with each batch, on a thread of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Consumers::on_batch`].
    pub fn register(&self, consumer: impl Consumer + 'static) -> Result<ConsumerId> {
        self.consumers().register(consumer)
    }

    /// [`register`](Self::register) with options of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Consumers::on_batch`].
    pub fn register_with(
        &self,
        options: ConsumerOptions,
        consumer: impl Consumer + 'static,
    ) -> Result<ConsumerId> {
        self.consumers().register_with(options, consumer)
    }

    /// Removes a consumer. What is in its queue already still reaches it.
    pub fn leave(&self, id: ConsumerId) {
        self.consumers().leave(id);
    }

    /// The processes as of the last scan handed out; without any before the first.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.consumers().snapshot()
    }

    /// What the scanner has done so far.
    pub fn metrics(&self) -> Metrics {
        self.consumers().metrics()
    }

    /// Where consumers register and leave, which the methods above do too; a clone of it can go to any
    /// thread.
    pub fn consumers(&self) -> &Consumers {
        self.dispatch.consumers()
    }

    /// What may be asked of it, which the next three methods do too; a clone of it can go to any thread and
    /// into callbacks.
    pub fn control(&self) -> &ScannerControl {
        &self.control
    }

    /// [Has it scan now](ScannerControl::scan_now), and not only when the next scan is due.
    ///
    /// ```
    /// use process_scanner::{Config, Scanner};
    ///
    /// let mut config = Config::default();
    /// config.interval_ms = 3_600_000;
    /// let scanner = Scanner::builder().config(config).start()?;
    /// let batches = scanner.subscribe();
    /// assert!(batches.recv().expect("it scans").full);
    /// scanner.scan_now();
    /// assert!(!batches.recv().expect("nobody has to wait for an hour").full);
    /// # Ok::<(), process_scanner::Error>(())
    /// ```
    pub fn scan_now(&self) {
        self.control.scan_now();
    }

    /// [Has it scan](ScannerControl::set_interval_ms) every so many milliseconds from now on.
    ///
    /// # Errors
    ///
    /// Those of [`ScannerControl::set_interval_ms`].
    pub fn set_interval_ms(&self, interval_ms: u64) -> Result<()> {
        self.control.set_interval_ms(interval_ms)
    }

    /// Whether it still scans, if only now and then: not once the source has ended, has failed
    /// [for good](Error::is_final) or has panicked.
    pub fn is_running(&self) -> bool {
        self.control.is_running()
    }

    /// Waits until the scanner ends by itself and every callback has taken its last batch. On a live host
    /// that is for ever, unless another thread or a callback [requests](ScannerControl::request_stop) that it
    /// stops: then it returns as [`stop`](Self::stop) does.
    ///
    /// Until then it waits also for a consumer that [blocks](crate::Overflow::Block) and has no room. It may
    /// not be called from within a callback.
    ///
    /// # Errors
    ///
    /// What ended it, if that is not that the source has [ended](crate::ErrorClass::Ended): a failure that
    /// [is final](Error::is_final), of the class that the source gave it. Of class
    /// [`SourceGone`](crate::ErrorClass::SourceGone) when the source panicked. Where a stop was requested, those
    /// of [`stop`](Self::stop).
    ///
    /// ```
    /// use process_scanner::{ReplaySource, Scanner, TopN};
    ///
    /// let recording = concat!(
    ///     r#"{"pscan_recording":1,"source":"doc","start_time_resolution_ms":10,"own_pid":null}"#, "\n",
    ///     r#"{"scan":{"wall_ms":1,"monotonic_ns":1,"shown":{"rows":[{"pid":7,"rss_bytes":4096}]}}}"#, "\n",
    /// );
    /// let largest = TopN::largest(1);
    /// let scanner = Scanner::builder().source(ReplaySource::new(recording.as_bytes())?).build()?;
    /// scanner.consumers().register(largest.clone())?;
    /// scanner.start()?.wait()?;
    /// assert_eq!(largest.ranking()[0].process.pid, 7);
    /// # Ok::<(), process_scanner::Error>(())
    /// ```
    pub fn wait(mut self) -> Result<()> {
        select_biased! {
            recv(self.control.stopped()) -> _ => {}
            recv(self.control.scanning()) -> _ => {
                if self.dispatch.finish_unless(self.control.stopped()) {
                    self.is_over = true;
                    return self.join();
                }
            }
        }
        let limits = self.control.stop_limits();
        self.halt(limits.expect("BUG: who closes it has set the limits"))
    }

    /// Lets the scan under way end, hands out what is left, closes all consumers and joins the
    /// threads; all that within a second. What a consumer had no room for, its last batch makes up
    /// for, and says how many it lost.
    ///
    /// # Errors
    ///
    /// Of class [`Stuck`](crate::ErrorClass::Stuck) when a source or a callback did not come back in that
    /// time. It names the scan and the consumers that did not. Their threads are left to themselves, and end
    /// when they do. So it is when called from within
    /// a callback, which cannot come back before this does:
    /// [`request_stop`](ScannerControl::request_stop) is for that. Otherwise those of [`wait`](Self::wait), for a
    /// scanner that has ended by itself before.
    pub fn stop(self) -> Result<()> {
        self.stop_within(STOP_WITHIN)
    }

    /// [`stop`](Self::stop) with a time of one's own in place of 0.9 s, for callbacks that take longer for
    /// what is in their queues. A third of it is for consumers that [block](crate::Overflow::Block) to make
    /// room, five sixths for the scan under way, and all of it for callbacks.
    ///
    /// Of no time at all ([`Duration::ZERO`]) nobody gets any: it closes all consumers, with what is handed out by
    /// then, and as a rule returns the error at once. [`Duration::MAX`], as any time of more than 136 years, is
    /// for ever.
    ///
    /// # Errors
    ///
    /// Those of [`stop`](Self::stop).
    pub fn stop_within(mut self, within: Duration) -> Result<()> {
        let limits = StopLimits::of(within);
        self.control.stop(limits);
        self.halt(limits)
    }

    /// Waits for the end of a scanner that was told to stop within these limits.
    fn halt(&mut self, limits: StopLimits) -> Result<()> {
        self.is_over = true;
        let outcome = self.dispatch.end_within(limits);
        // What hangs is left to itself, and comes before what ended the scanner: that was told in its last batch.
        outcome.and_then(|()| self.join())
    }

    fn join(&mut self) -> Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        thread.join().unwrap_or_else(|panic| {
            let error = Error::of_panic("the scanner", &*panic);
            discard(panic);
            Err(error)
        })
    }
}

impl fmt::Debug for ScannerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerHandle").finish_non_exhaustive()
    }
}

impl Drop for ScannerHandle {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let limits = StopLimits::of(STOP_WITHIN);
        self.control.stop(limits);
        if let Err(error) = self.halt(limits) {
            log::warn!("{}", error.full_message());
        }
    }
}

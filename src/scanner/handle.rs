//! A scanner that runs by itself, and how it is stopped.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select_biased};

use super::beat;
use super::core::Core;
use super::throttle::{Next, Throttle};
use crate::batch::Batch;
use crate::config::Config;
use crate::dispatch::{
    Consumer, ConsumerId, ConsumerOptions, Consumers, Dispatch, Feed, Subscription,
};
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::snapshot::Snapshot;

/// From the end of a scan to one that is asked for: as long as the shortest interval.
const LEAST_APART: Duration = Duration::from_millis(50);

/// A running scanner. Dropping it stops it, as [`stop`](Self::stop) does.
#[must_use = "a scanner stops when its handle is dropped"]
pub struct ScannerHandle {
    dispatch: Dispatch,
    /// Dropped to tell the thread to stop.
    stop: Option<Sender<()>>,
    /// Has the thread scan at once.
    ask: Sender<()>,
    thread: Option<JoinHandle<Result<()>>>,
    /// Lives for as long as the thread may hand out another batch.
    scanning: Weak<()>,
}

impl ScannerHandle {
    pub(super) fn start(core: Core, mut dispatch: Dispatch, config: Config) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        // One that is there already asks for the same.
        let (ask, asked) = bounded(1);
        let feed = dispatch.take_feed();
        let ending = dispatch.ending();
        let cpu = Arc::clone(dispatch.consumers().cpu());
        let alive = Arc::new(());
        let scanning = Arc::downgrade(&alive);
        let thread = thread::Builder::new()
            .name("pscan-scan".into())
            .spawn(move || {
                let throttle = Throttle::new(&config, cpu);
                let outcome = run(core, throttle, &feed, &stopped, &asked);
                // Before the feed: whose batches have ended is to find that the scanner has.
                drop(alive);
                drop(feed);
                drop(ending);
                outcome
            })
            .map_err(|error| Error::from_io("cannot start the scanner's thread", error))?;
        Ok(Self {
            dispatch,
            stop: Some(stop),
            ask,
            thread: Some(thread),
            scanning,
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

    /// Has it scan now, and not only when the next scan is due: after the scan under way, if there is one, and
    /// 50 ms after the end of the one before, since CPU use over less time says nothing. The other scans keep
    /// their beat, unless the breaker is open: then the wait for the next probe begins anew.
    ///
    /// Neither the CPU budget nor an open breaker holds it up. What it costs counts, so that the scans after
    /// it may come later, and so does its failure.
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
        // An error means that this is asked for already, or that there are no more scans.
        let _ = self.ask.try_send(());
    }

    /// Whether it still scans, if only now and then: not once the source has ended, has failed
    /// [for good](Error::is_final) or has panicked.
    pub fn is_running(&self) -> bool {
        self.scanning.strong_count() > 0
    }

    /// Waits until the scanner ends by itself and every callback has taken its last batch. On a live host
    /// that is for ever.
    ///
    /// It waits also for a consumer that [blocks](crate::Overflow::Block) and has no room, and may not be
    /// called from within a callback.
    ///
    /// # Errors
    ///
    /// What ended it, if that is not that the source has [ended](crate::ErrorClass::Ended): a failure that
    /// [is final](Error::is_final), of the class that the source gave it. Of class
    /// [`SourceGone`](crate::ErrorClass::SourceGone) when the source panicked.
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
        let outcome = self.join();
        self.stop = None;
        self.dispatch.finish();
        outcome
    }

    /// Lets the scan under way end, hands out what is left, closes all consumers and joins the
    /// threads; all that within a second. What a consumer had no room for, its last batch makes up
    /// for, and says how many it lost.
    ///
    /// # Errors
    ///
    /// Of class [`Stuck`](crate::ErrorClass::Stuck) when a source or a callback did not come back in that
    /// time. Its thread is left to itself, and ends when it does. So it is when called from within
    /// a callback, which cannot come back before this does. Otherwise those of [`wait`](Self::wait), for a
    /// scanner that has ended by itself before.
    pub fn stop(mut self) -> Result<()> {
        self.halt()
    }

    fn halt(&mut self) -> Result<()> {
        let Some(stop) = self.stop.take() else {
            return Ok(());
        };
        drop(stop);
        let outcome = self.dispatch.stop();
        let is_finished = self.thread.as_ref().is_some_and(JoinHandle::is_finished);
        // One that hangs is left to itself.
        match outcome.is_ok() || is_finished {
            true => self.join().and(outcome),
            false => outcome,
        }
    }

    fn join(&mut self) -> Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        thread
            .join()
            .unwrap_or_else(|panic| Err(Error::of_panic("the scanner", &*panic)))
    }
}

impl fmt::Debug for ScannerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerHandle").finish_non_exhaustive()
    }
}

impl Drop for ScannerHandle {
    fn drop(&mut self) {
        if let Err(error) = self.halt() {
            log::warn!("{}", error.full_message());
        }
    }
}

/// Scans until it is stopped, or until the source ends; an error is what ended it.
fn run(
    mut core: Core,
    mut throttle: Throttle,
    feed: &Feed,
    stopped: &Receiver<()>,
    asked: &Receiver<()>,
) -> Result<()> {
    let mut due = Instant::now();
    let mut was_asked_for = false;
    loop {
        let began = Instant::now();
        // What a panic leaves half done is the core's, which makes no scan after it.
        let scan = AssertUnwindSafe(|| core.scan(Some(throttle.breaker())));
        let mut scan = match catch_unwind(scan) {
            Ok(Some(scan)) => scan,
            Ok(None) => return Ok(()),
            Err(panic) => {
                let failure = Error::of_panic("the source", &*panic).mark_final();
                let batch = core.panicked(failure.clone(), began.elapsed());
                feed.send_unless(Arc::new(batch), stopped);
                return Err(failure);
            }
        };
        let next = throttle.after(&mut scan);
        let end = scan.batch.failure.clone().filter(Error::is_final);
        let is_handed_out = feed.send_unless(Arc::new(scan.batch), stopped);
        if let Some(end) = end {
            return Err(end);
        }
        if !is_handed_out {
            return Ok(());
        }
        let now = Instant::now();
        due = match next {
            Next::Beat(interval) => beat::next(due, interval, now),
            Next::In(wait) => now + wait,
        };
        let apart = now + LEAST_APART;
        // Rates need their time also after a scan that was asked for just before the beat.
        let next = if was_asked_for { due.max(apart) } else { due };
        was_asked_for = false;
        select_biased! {
            // Nothing is ever sent on it: the handle is gone.
            recv(stopped) -> _ => return Ok(()),
            recv(asked) -> asked => {
                let is_stopped = stopped.recv_deadline(apart) != Err(RecvTimeoutError::Timeout);
                if asked.is_err() || is_stopped {
                    return Ok(());
                }
                was_asked_for = true;
            }
            default(next.saturating_duration_since(now)) => {}
        }
    }
}

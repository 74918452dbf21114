//! A scanner that runs by itself, and how it is stopped.

use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::beat;
use super::core::Core;
use super::throttle::{Next, Throttle};
use crate::batch::Batch;
use crate::config::Config;
use crate::dispatch::{
    Consumer, ConsumerId, ConsumerOptions, Consumers, Dispatch, Feed, Subscription,
};
use crate::error::{Error, ErrorClass, Result};
use crate::metrics::Metrics;
use crate::snapshot::Snapshot;

/// A running scanner. Dropping it stops it, as [`stop`](Self::stop) does.
#[must_use = "a scanner stops when its handle is dropped"]
pub struct ScannerHandle {
    dispatch: Dispatch,
    /// Dropped to tell the thread to stop.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ScannerHandle {
    pub(super) fn start(core: Core, mut dispatch: Dispatch, config: Config) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        let feed = dispatch.take_feed();
        let ending = dispatch.ending();
        let cpu = dispatch.consumers().cpu();
        let thread = thread::Builder::new()
            .name("pscan-scan".into())
            .spawn(move || {
                let throttle = Throttle::new(&config, cpu);
                run(core, throttle, &feed, &stopped);
                drop(ending);
            })
            .map_err(|error| Error::from_io("cannot start the scanner's thread", error))?;
        Ok(Self {
            dispatch,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Registers a consumer that fetches its batches itself.
    pub fn subscribe(&self) -> Subscription {
        self.consumers().subscribe()
    }

    /// The same with options of its own.
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

    /// The same with options of its own.
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

    /// The same with options of its own.
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

    /// Lets the scan under way end, hands out what is left, closes all consumers and joins the
    /// threads; all that within a second. What a consumer had no room for, its last batch makes up
    /// for, and says how many it lost.
    ///
    /// # Errors
    ///
    /// Of class [`Stuck`](ErrorClass::Stuck) when a source or a callback did not come back in that
    /// time. Its thread is left to itself, and ends when it does. So it is when called from within
    /// a callback, which cannot come back before this does. Of class
    /// [`SourceGone`](ErrorClass::SourceGone) when the source has panicked.
    pub fn stop(mut self) -> Result<()> {
        self.halt()
    }

    fn halt(&mut self) -> Result<()> {
        let Some(stop) = self.stop.take() else {
            return Ok(());
        };
        drop(stop);
        let outcome = self.dispatch.stop();
        if let Some(thread) = self.thread.take()
            // One that hangs is left to itself.
            && (outcome.is_ok() || thread.is_finished())
            && thread.join().is_err()
        {
            return Err(Error::new(
                ErrorClass::SourceGone,
                "the source panicked, and the scanner with it",
            ));
        }
        outcome
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

fn run(mut core: Core, mut throttle: Throttle, feed: &Feed, stopped: &Receiver<()>) {
    let mut due = Instant::now();
    while let Some(mut scan) = core.scan(Some(throttle.breaker())) {
        let next = throttle.after(&mut scan);
        if !feed.send_unless(Arc::<Batch>::new(scan.batch), stopped) {
            return;
        }
        let now = Instant::now();
        due = match next {
            Next::Beat(interval) => beat::next(due, interval, now),
            Next::In(wait) => now + wait,
        };
        // Nothing is ever sent on it: it times out, or the handle is gone.
        if stopped.recv_deadline(due) != Err(crossbeam_channel::RecvTimeoutError::Timeout) {
            return;
        }
    }
}

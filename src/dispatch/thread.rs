//! The dispatcher's thread, as its owner starts, feeds and stops it.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Sender, bounded, never, select_biased, unbounded,
};

use super::callback::discard;
use super::consumers::Consumers;
use super::dispatcher::Dispatcher;
use super::registry::Registry;
use super::stop::{STOP_WITHIN, StopLimits};
use super::watchdog::{SOURCE_ADVICE, Watchdog};
use crate::config::Config;
use crate::model::{Batch, Collect, Error, ErrorClass, Result};

/// Batches between scanner and dispatcher: enough that neither waits for the other to wake up.
const FEED_LEN: usize = 4;

/// The dispatcher's thread, as its owner holds it.
pub(crate) struct Dispatch {
    consumers: Consumers,
    registry: Arc<Registry>,
    feed: Option<Feed>,
    /// The threads were waited for, as long as they may take.
    is_over: bool,
    ended: Receiver<Infallible>,
    watchdog: Watchdog,
}

/// Sends batches to the dispatcher.
pub(crate) struct Feed(Sender<Arc<Batch>>);

impl Dispatch {
    /// `collects`: the fields that the source reads.
    pub(crate) fn start(config: &Config, collects: Collect, watchdog: Watchdog) -> Result<Self> {
        let (requests, received) = unbounded();
        let (feed, batches) = bounded(FEED_LEN);
        let (ending, ended) = bounded(0);
        let registry = Arc::new(Registry::new(config, collects, requests, ending.clone()));
        let dispatcher =
            Dispatcher::new(received, batches, Arc::clone(&registry), watchdog.clone());
        let thread = thread::Builder::new()
            .name("pscan-dispatch".into())
            .spawn(move || {
                dispatcher.run();
                drop(ending);
            })
            .map_err(|error| {
                Error::of_thread("cannot start the thread of the dispatcher", error)
            })?;
        registry.keep(thread, None);
        Ok(Self {
            consumers: Consumers::new(Arc::clone(&registry)),
            registry,
            feed: Some(Feed(feed)),
            is_over: false,
            ended,
            watchdog,
        })
    }

    pub(crate) fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Returns what a thread must hold so that stopping waits for it.
    pub(crate) fn ending(&self) -> Option<Sender<Infallible>> {
        self.registry.ending()
    }

    /// Takes the feed, for another thread.
    pub(crate) fn take_feed(&mut self) -> Feed {
        self.feed
            .take()
            .expect("BUG: only starting takes the feed, once")
    }

    pub(crate) fn feed(&self, batch: Arc<Batch>) {
        let feed = self
            .feed
            .as_ref()
            .expect("BUG: a scanner driven by hand keeps its feed");
        // The dispatcher outlives its feed. If it panicked, the scans continue without it.
        let _ = feed.0.send(batch);
    }

    /// Sends all batches and waits for the threads, without a limit.
    pub(crate) fn finish(&mut self) {
        self.finish_unless(&never());
    }

    /// Does the same, unless `stopped` closes first: then it returns false.
    pub(crate) fn finish_unless(&mut self, stopped: &Receiver<Infallible>) -> bool {
        drop(self.feed.take());
        self.registry.release_ending();
        // Nothing is ever sent on it. It closes when the last thread has ended.
        select_biased! {
            recv(self.ended) -> _ => {}
            recv(stopped) -> _ => return false,
        }
        self.join();
        self.is_over = true;
        true
    }

    /// Waits for the threads of a dispatcher that is stopping within these limits.
    pub(crate) fn end_within(&mut self, limits: StopLimits) -> Result<()> {
        drop(self.feed.take());
        self.is_over = true;
        match self.ended.recv_deadline(limits.give_up_at) {
            Err(RecvTimeoutError::Disconnected) => {
                self.join();
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Err(self.still_running(limits)),
            Ok(never) => match never {},
        }
    }

    /// Creates the error that names what is still running, with advice.
    fn still_running(&self, limits: StopLimits) -> Error {
        let scan = self
            .watchdog
            .elapsed()
            .map(|elapsed| format!("the scan that began {:.1}s ago", elapsed.as_secs_f64()));
        let callbacks = self.registry.running_callbacks();
        let advice = match (&scan, callbacks.is_empty()) {
            (Some(_), true) => SOURCE_ADVICE,
            (None, false) => {
                "find what these callbacks wait for, or give them more time with stop_within"
            }
            (Some(_), false) => "find what the source and these callbacks wait for",
            (None, true) => "give it more time with stop_within",
        };
        let mut running: Vec<_> = scan.into_iter().chain(callbacks).collect();
        if running.is_empty() {
            running.push("one of its threads".into());
        }
        let message = format!(
            "cannot stop the scanner within {:?}; still running: {}",
            limits.within,
            running.join("; ")
        );
        Error::new(ErrorClass::Stuck, message).with_advice(advice)
    }

    /// Joins threads that have ended.
    fn join(&self) {
        // Without the lock, because a callback that is about to end may need it.
        for thread in self.registry.take_threads() {
            if let Err(panic) = thread.join() {
                log::error!("BUG: a thread of the dispatcher panicked");
                discard(panic);
            }
        }
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        // A stop or a finish has done this already, and returned the error.
        if self.is_over {
            return;
        }
        let limits = StopLimits::of(STOP_WITHIN);
        self.registry.stop(limits);
        if let Err(error) = self.end_within(limits) {
            log::warn!("{}", error.full_message());
        }
    }
}

impl Feed {
    /// Sends a batch, and waits for room. Returns false if the dispatcher has ended, which it does
    /// in its time after a stop.
    pub(crate) fn send(&self, batch: Arc<Batch>) -> bool {
        self.0.send(batch).is_ok()
    }
}

//! The dispatcher's thread as its owner holds it: it is fed, and it is ended.

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
use super::watchdog::Watchdog;
use crate::config::Config;
use crate::model::{Batch, Error, ErrorClass, Result};

/// Batches between the scanner and the dispatcher: enough that neither waits for the other to wake.
const FEED_LEN: usize = 4;

/// The dispatcher's thread as its owner holds it.
pub(crate) struct Dispatch {
    consumers: Consumers,
    registry: Arc<Registry>,
    feed: Option<Feed>,
    ended: Receiver<Infallible>,
    watchdog: Watchdog,
}

/// Where batches go in.
pub(crate) struct Feed(Sender<Arc<Batch>>);

impl Dispatch {
    pub(crate) fn start(config: &Config, watchdog: Watchdog) -> Result<Self> {
        let (requests, to_obey) = unbounded();
        let (feed, batches) = bounded(FEED_LEN);
        let (ending, ended) = bounded(0);
        let registry = Arc::new(Registry::new(config, requests, ending.clone()));
        let dispatcher = Dispatcher::new(to_obey, batches, Arc::clone(&registry), watchdog.clone());
        let thread = thread::Builder::new()
            .name("pscan-dispatch".into())
            .spawn(move || {
                dispatcher.run();
                drop(ending);
            })
            .map_err(|error| Error::from_io("cannot start the dispatcher's thread", error))?;
        registry.keep(thread, None);
        Ok(Self {
            consumers: Consumers::new(Arc::clone(&registry)),
            registry,
            feed: Some(Feed(feed)),
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

    /// What a thread holds for as long as stopping has to wait for it.
    pub(crate) fn ending(&self) -> Option<Sender<Infallible>> {
        self.registry.ending()
    }

    /// The way in, for another thread to use from now on.
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
        // The dispatcher outlives its feed; if it panicked, the scans go on without it.
        let _ = feed.0.send(batch);
    }

    /// Hands out everything, and waits for the threads for as long as that takes.
    pub(crate) fn finish(&mut self) {
        self.finish_unless(&never());
    }

    /// The same, unless `stopped` closes first: false then.
    pub(crate) fn finish_unless(&mut self, stopped: &Receiver<Infallible>) -> bool {
        drop(self.feed.take());
        self.registry.release_ending();
        // Nothing is ever sent on it: it closes when the last thread has ended.
        select_biased! {
            recv(self.ended) -> _ => {}
            recv(stopped) -> _ => return false,
        }
        self.join();
        true
    }

    /// Waits for the threads of a dispatcher that was told to stop within these limits.
    pub(crate) fn end_within(&mut self, limits: StopLimits) -> Result<()> {
        drop(self.feed.take());
        match self.ended.recv_deadline(limits.give_up_at) {
            Err(RecvTimeoutError::Disconnected) => {
                self.join();
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Err(self.what_hangs(limits)),
            Ok(never) => match never {},
        }
    }

    /// Who has not come back, and what to do about it.
    fn what_hangs(&self, limits: StopLimits) -> Error {
        let scan = self
            .watchdog
            .taken()
            .map(|taken| format!("the scan that began {:.1} s ago", taken.as_secs_f64()));
        let callbacks = self.registry.callbacks_that_run();
        let advice = match (&scan, callbacks.is_empty()) {
            (Some(_), true) => "find what the source waits for",
            (None, false) => {
                "see what these callbacks wait for, or give them more time with stop_within"
            }
            (Some(_), false) => "find what the source and these callbacks wait for",
            (None, true) => "give it more time with stop_within",
        };
        let mut who: Vec<_> = scan.into_iter().chain(callbacks).collect();
        if who.is_empty() {
            who.push("one of its threads".into());
        }
        let message = format!(
            "the scanner was stopped, and within {:?} this has not come back: {}",
            limits.within,
            who.join("; ")
        );
        Error::new(ErrorClass::Stuck, message).with_advice(advice)
    }

    /// Joins threads that have done their work.
    fn join(&self) {
        // Not with the lock held: a callback that is still to end may want it.
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
        // A handle that was stopped has done this already, and said so.
        if self.ending().is_none() {
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
    /// Hands in a batch, waiting for room. False if nobody takes it any more: a dispatcher that is told to
    /// stop ends in its time, whatever it waits for.
    pub(crate) fn send(&self, batch: Arc<Batch>) -> bool {
        self.0.send(batch).is_ok()
    }
}

//! Fan-out: every batch to every consumer, none of which can hold up another.
//!
//! The scanner's thread feeds a dispatcher thread, which puts the same `Arc<Batch>` into the
//! bounded queue of each consumer. It keeps a [`Snapshot`] of its own, from which it makes the full
//! batch that a newcomer begins with and that sets right a consumer that lost some.

mod callback;
mod consumer;
mod consumers;
mod dispatcher;
mod inbox;
mod member;

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender, bounded, unbounded};

pub(crate) use self::callback::discard;
pub use self::consumer::{
    Batches, Consumer, ConsumerId, ConsumerOptions, Overflow, RecvError, Subscription,
};
pub use self::consumers::Consumers;
pub(crate) use self::consumers::MAX_QUEUE_LEN;
use self::dispatcher::{Dispatcher, Stop};
use crate::batch::Batch;
use crate::config::Config;
use crate::error::{Error, ErrorClass, Result};
#[cfg(feature = "metrics")]
use crate::metrics::facade;
use crate::scanner::Pulse;

/// Batches between the scanner and the dispatcher: enough that neither waits for the other to wake.
const FEED_LEN: usize = 4;

/// How long stopping waits for all threads together.
const STOP_WITHIN: Duration = Duration::from_millis(900);

/// How much of it is for the scan under way; the rest is for callbacks.
const SCAN_WITHIN: Duration = Duration::from_millis(750);

/// How much of it is for consumers that block to make room.
const ROOM_WITHIN: Duration = Duration::from_millis(300);

/// The dispatcher's thread as its owner holds it.
pub(crate) struct Dispatch {
    consumers: Consumers,
    feed: Option<Feed>,
    ended: Receiver<Infallible>,
}

/// Where batches go in.
pub(crate) struct Feed(Sender<Arc<Batch>>);

impl Dispatch {
    pub(crate) fn start(config: &Config, pulse: Pulse) -> Result<Self> {
        #[cfg(feature = "metrics")]
        facade::describe(config);
        let (control, controls) = unbounded();
        let (feed, batches) = bounded(FEED_LEN);
        let (ending, ended) = bounded(0);
        let consumers = Consumers::new(config, control, ending.clone());
        let dispatcher = Dispatcher::new(controls, batches, consumers.clone(), pulse);
        let thread = thread::Builder::new()
            .name("pscan-dispatch".into())
            .spawn(move || {
                dispatcher.run();
                drop(ending);
            })
            .map_err(|error| Error::from_io("cannot start the dispatcher's thread", error))?;
        consumers.keep(thread);
        Ok(Self {
            consumers,
            feed: Some(Feed(feed)),
            ended,
        })
    }

    pub(crate) fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    /// What a thread holds for as long as stopping has to wait for it.
    pub(crate) fn ending(&self) -> Option<Sender<Infallible>> {
        self.consumers.ending()
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
        drop(self.feed.take());
        self.consumers.release_ending();
        // Nothing is ever sent on it: it closes when the last thread has ended.
        let _ = self.ended.recv();
        self.join();
    }

    /// Closes everything and waits for the threads, within limits.
    pub(crate) fn stop(&mut self) -> Result<()> {
        drop(self.feed.take());
        let now = Instant::now();
        let stop = Stop {
            room_by: now + ROOM_WITHIN,
            end_by: now + SCAN_WITHIN,
        };
        self.consumers.stop(stop);
        self.consumers.release_ending();
        match self.ended.recv_deadline(now + STOP_WITHIN) {
            Err(RecvTimeoutError::Disconnected) => {
                self.join();
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Err(Error::new(
                ErrorClass::Stuck,
                "the scanner was stopped, and its source or a callback has not come back",
            )),
            Ok(never) => match never {},
        }
    }

    /// Joins threads that have done their work.
    fn join(&self) {
        // Not with the lock held: a callback that is still to end may want it.
        for thread in self.consumers.take_threads() {
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
        if self.ending().is_some()
            && let Err(error) = self.stop()
        {
            log::warn!("{}", error.full_message());
        }
    }
}

impl Feed {
    /// Hands in a batch, waiting for room; once `stopped` has closed, not for long. False if there
    /// was none.
    pub(crate) fn send_unless(&self, batch: Arc<Batch>, stopped: &Receiver<()>) -> bool {
        // A batch for which there is room goes in though the scanner is stopping.
        let Err(unsent) = self.0.try_send(batch) else {
            return true;
        };
        let batch = unsent.into_inner();
        let mut select = Select::new();
        let room = select.send(&self.0);
        select.recv(stopped);
        let ready = select.select();
        if ready.index() == room {
            return ready.send(&self.0, batch).is_ok();
        }
        let _ = ready.recv(stopped);
        self.0.send_timeout(batch, SCAN_WITHIN).is_ok()
    }
}

//! Fan-out: every batch to every consumer, none of which can hold up another.
//!
//! The scanner's thread feeds a dispatcher thread, which puts the same `Arc<Batch>` into the
//! bounded queue of each consumer. It keeps a [`Snapshot`] of its own, from which it makes the full
//! batch that a newcomer begins with and that sets right a consumer that lost some.

mod callback;
mod consumer;
mod dispatcher;
mod inbox;
mod member;

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender, bounded, unbounded};

use self::consumer::Call;
pub use self::consumer::{
    Batches, Consumer, ConsumerId, ConsumerOptions, Overflow, RecvError, Subscription,
};
use self::dispatcher::{Control, Dispatcher, Stop};
use self::inbox::{Inbox, bounded_box};
use self::member::Member;
use crate::batch::Batch;
use crate::config::Config;
use crate::error::{Error, ErrorClass, Result};
#[cfg(feature = "metrics")]
use crate::metrics::facade;
use crate::metrics::{CpuTimes, Metrics, Tally, Totals, Traffic};
use crate::scanner::Pulse;
use crate::snapshot::Snapshot;

/// Batches between the scanner and the dispatcher: enough that neither waits for the other to wake.
const FEED_LEN: usize = 4;

/// How long stopping waits for all threads together.
const STOP_WITHIN: Duration = Duration::from_millis(900);

/// How much of it is for the scan under way; the rest is for callbacks.
const SCAN_WITHIN: Duration = Duration::from_millis(750);

/// How much of it is for consumers that block to make room.
const ROOM_WITHIN: Duration = Duration::from_millis(300);

/// The most batches that may wait for one consumer.
pub(crate) const MAX_QUEUE_LEN: usize = 65_536;

/// Where consumers register and leave. Clones are the same place, and can go to any thread.
///
/// ```
/// use std::thread;
/// use process_scanner::Scanner;
///
/// let scanner = Scanner::builder().start()?;
/// let consumers = scanner.consumers().clone();
/// // A part of the agent that comes later, on its own thread, and knows no scanner.
/// let part = thread::spawn(move || {
///     let batches = consumers.subscribe();
///     let first = batches.recv().ok()?;
///     assert!(first.full);
///     let id = consumers.on_batch(|batch| println!("scan {}", batch.seq)).ok()?;
///     consumers.leave(id);
///     Some(consumers.snapshot().len())
/// });
/// assert!(part.join().expect("it does not panic") > Some(0));
/// scanner.stop()?;
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct Consumers {
    shared: Arc<Shared>,
}

struct Shared {
    control: Sender<Control>,
    snapshot: Mutex<Arc<Snapshot>>,
    queue_len: usize,
    tally: Mutex<Tally>,
    cpu: Arc<CpuTimes>,
    totals: Arc<Totals>,
    /// One for each consumer that has not left.
    traffic: Mutex<Vec<Arc<Traffic>>>,
    /// The dispatcher's thread and those of callbacks, to be joined.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Dropped with the last thread that holds a clone: how stopping knows that all have ended.
    ending: Mutex<Option<Sender<Infallible>>>,
}

impl Consumers {
    /// Registers a consumer that fetches its batches itself. Once the scanner has ended, it is closed from
    /// the beginning.
    pub fn subscribe(&self) -> Subscription {
        self.subscribe_with(ConsumerOptions::new())
    }

    /// [`subscribe`](Self::subscribe) with options of its own.
    pub fn subscribe_with(&self, options: ConsumerOptions) -> Subscription {
        let (id, inbox, _) = self.join(options);
        Subscription::new(id, inbox, self.clone())
    }

    /// Has a closure called with each batch, on a thread of its own. One that panics is removed; the
    /// others go on.
    ///
    /// # Errors
    ///
    /// Of class [`Ended`](ErrorClass::Ended) once the scanner has ended or is being stopped, since it would
    /// never be called; in the very moment of the end it may not be called without that error. Otherwise when no thread can be started, as a rule of class
    /// [`ResourcesExhausted`](ErrorClass::ResourcesExhausted).
    pub fn on_batch(
        &self,
        consumer: impl FnMut(&Arc<Batch>) + Send + 'static,
    ) -> Result<ConsumerId> {
        self.register(Call(consumer))
    }

    /// [`on_batch`](Self::on_batch) with options of its own.
    ///
    /// # Errors
    ///
    /// Those of [`on_batch`](Self::on_batch).
    pub fn on_batch_with(
        &self,
        options: ConsumerOptions,
        consumer: impl FnMut(&Arc<Batch>) + Send + 'static,
    ) -> Result<ConsumerId> {
        self.register_with(options, Call(consumer))
    }

    /// Registers a consumer that is called with each batch, on a thread of its own: what
    /// [`on_batch`](Self::on_batch) does for a closure.
    ///
    /// # Errors
    ///
    /// Those of [`on_batch`](Self::on_batch).
    pub fn register(&self, consumer: impl Consumer + 'static) -> Result<ConsumerId> {
        self.register_with(ConsumerOptions::new(), consumer)
    }

    /// [`register`](Self::register) with options of its own.
    ///
    /// # Errors
    ///
    /// Those of [`on_batch`](Self::on_batch).
    pub fn register_with(
        &self,
        options: ConsumerOptions,
        consumer: impl Consumer + 'static,
    ) -> Result<ConsumerId> {
        let (id, inbox, joined) = self.join(options);
        joined
            .and_then(|ending| callback::spawn(id, inbox, self, ending, consumer))
            .map(|thread| self.keep(thread))
            .inspect_err(|_| self.leave(id))?;
        Ok(id)
    }

    /// Removes a consumer. What is in its queue already still reaches it. One that is not there any
    /// more is fine.
    pub fn leave(&self, id: ConsumerId) {
        self.lock_traffic().retain(|traffic| traffic.id() != id);
        // An error means that the dispatcher has ended, and every consumer with it.
        let _ = self.shared.control.send(Control::Leave(id));
    }

    /// The processes as of the last batch handed out; without any before the first.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock_snapshot())
    }

    /// What the scanner has done so far, and how it is now. No scan waits for it.
    pub fn metrics(&self) -> Metrics {
        let metrics = self
            .lock_tally()
            .read(&self.shared.cpu, &self.shared.totals);
        let traffic = self.lock_traffic().clone();
        Metrics {
            consumers: traffic.iter().map(|traffic| traffic.read()).collect(),
            ..metrics
        }
    }

    /// A batch that a scan gave.
    fn count_scan(&self, batch: &Batch) {
        self.lock_tally().count_scan(batch);
        // With no lock held: whoever listens may ask for the metrics.
        #[cfg(feature = "metrics")]
        {
            facade::scan(batch);
            facade::notice(batch);
        }
    }

    /// Word that something is stuck.
    fn count_notice(&self, notice: &Batch) {
        self.lock_tally().count_notice(notice);
        #[cfg(feature = "metrics")]
        facade::notice(notice);
    }

    /// A batch that is in all queues that had room for it.
    fn count_dispatch(&self, took: Duration) {
        self.lock_tally().count_dispatch(took);
        #[cfg(feature = "metrics")]
        facade::dispatch(took);
    }

    fn count_panic(&self) {
        self.lock_tally().count_panic();
        #[cfg(feature = "metrics")]
        facade::panic();
    }

    fn count_stall(&self) {
        self.lock_tally().count_stall();
        #[cfg(feature = "metrics")]
        facade::stall();
    }

    pub(crate) fn cpu(&self) -> Arc<CpuTimes> {
        Arc::clone(&self.shared.cpu)
    }

    /// Has the dispatcher serve one more, unless the scanner has ended: then its inbox is closed. What a
    /// thread of its own holds for as long as stopping has to wait for it.
    fn join(&self, options: ConsumerOptions) -> (ConsumerId, Inbox, Result<Sender<Infallible>>) {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = ConsumerId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let queue_len = options.queue_len.unwrap_or(self.shared.queue_len);
        let queue_len = queue_len.clamp(1, MAX_QUEUE_LEN);
        let totals = Arc::clone(&self.shared.totals);
        let traffic = Arc::new(Traffic::new(id, options.name, queue_len, totals));
        self.lock_traffic().push(Arc::clone(&traffic));
        let (outbox, inbox) = bounded_box(queue_len, traffic);
        let member = Member::new(id, outbox, options.overflow);
        let joined = self.shared.control.send(Control::Join(member));
        // An error means that the dispatcher has ended; without an ending it is about to.
        let joined = joined.ok().and_then(|()| self.ending());
        let joined = joined.ok_or_else(|| {
            Error::new(
                ErrorClass::Ended,
                "cannot register a consumer: the scanner has ended",
            )
        });
        (id, inbox, joined)
    }

    /// Keeps a callback's thread to be joined.
    fn keep(&self, thread: JoinHandle<()>) {
        let mut threads = self.lock_threads();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }

    fn lock_threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.shared
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_tally(&self) -> MutexGuard<'_, Tally> {
        // Numbers cannot be left half changed.
        self.shared
            .tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_traffic(&self) -> MutexGuard<'_, Vec<Arc<Traffic>>> {
        self.shared
            .traffic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_snapshot(&self) -> MutexGuard<'_, Arc<Snapshot>> {
        // Nothing that holds it can leave it half changed.
        self.shared
            .snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn ending(&self) -> Option<Sender<Infallible>> {
        self.shared
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumers").finish_non_exhaustive()
    }
}

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
        let consumers = Consumers {
            shared: Arc::new(Shared {
                control,
                snapshot: Mutex::default(),
                queue_len: config.queue_len,
                tally: Mutex::new(Tally::new(config.interval_ms)),
                cpu: Arc::default(),
                totals: Arc::default(),
                traffic: Mutex::default(),
                threads: Mutex::default(),
                ending: Mutex::new(Some(ending.clone())),
            }),
        };
        let dispatcher = Dispatcher::new(controls, batches, consumers.clone(), pulse);
        let thread = thread::Builder::new()
            .name("pscan-dispatch".into())
            .spawn(move || {
                dispatcher.run();
                drop(ending);
            })
            .map_err(|error| Error::from_io("cannot start the dispatcher's thread", error))?;
        consumers.lock_threads().push(thread);
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
        self.release_ending();
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
        // An error means that the dispatcher has ended already.
        let _ = self.consumers.shared.control.send(Control::Stop(stop));
        self.release_ending();
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
        let threads = std::mem::take(&mut *self.consumers.lock_threads());
        for thread in threads {
            if thread.join().is_err() {
                log::error!("BUG: a thread of the dispatcher panicked");
            }
        }
    }

    /// From now on only the threads that are there are waited for.
    fn release_ending(&self) {
        self.consumers
            .shared
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
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

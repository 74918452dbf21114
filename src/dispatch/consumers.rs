//! Where consumers register and leave, and what all threads of a dispatcher share.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::consumer::{Call, Consumer, ConsumerOptions, Subscription};
use super::dispatcher::Control;
use super::inbox::{Inbox, bounded_box};
use super::queue::Member;
use super::{StopLimits, callback};
use crate::config::{Config, MAX_QUEUE_LEN};
#[cfg(feature = "metrics")]
use crate::metrics::facade;
use crate::metrics::{CpuTimes, Metrics, Tally, Totals, Traffic};
use crate::model::{Batch, ConsumerId, Error, ErrorClass, Result, Snapshot};

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
    threads: Mutex<Vec<Thread>>,
    /// Dropped with the last thread that holds a clone: how stopping knows that all have ended.
    ending: Mutex<Option<Sender<Infallible>>>,
}

/// A thread, and whose it is if it is a callback's.
struct Thread {
    handle: JoinHandle<()>,
    callback: Option<Arc<Traffic>>,
}

impl Consumers {
    /// Of a dispatcher that listens to `control`, and whose end drops the last clone of `ending`.
    pub(super) fn new(
        config: &Config,
        control: Sender<Control>,
        ending: Sender<Infallible>,
    ) -> Self {
        let shared = Shared {
            control,
            snapshot: Mutex::default(),
            queue_len: config.queue_len,
            tally: Mutex::new(Tally::new(config.interval_ms)),
            cpu: Arc::default(),
            totals: Arc::default(),
            traffic: Mutex::default(),
            threads: Mutex::default(),
            ending: Mutex::new(Some(ending)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

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
        let traffic = Arc::clone(inbox.traffic());
        joined
            .and_then(|ending| callback::spawn(id, inbox, self, ending, consumer))
            .map(|thread| self.keep(thread, Some(traffic)))
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
    pub(super) fn count_scan(&self, batch: &Batch) {
        self.lock_tally().count_scan(batch);
        // With no lock held: whoever listens may ask for the metrics.
        #[cfg(feature = "metrics")]
        {
            facade::scan(batch);
            facade::notice(batch);
        }
    }

    /// Word that something is stuck.
    pub(super) fn count_notice(&self, notice: &Batch) {
        self.lock_tally().count_notice(notice);
        #[cfg(feature = "metrics")]
        facade::notice(notice);
    }

    /// A batch that is in all queues that had room for it.
    pub(super) fn count_dispatch(&self, took: Duration) {
        self.lock_tally().count_dispatch(took);
        #[cfg(feature = "metrics")]
        facade::dispatch(took);
    }

    pub(super) fn count_panic(&self) {
        self.lock_tally().count_panic();
        #[cfg(feature = "metrics")]
        facade::panic();
    }

    pub(crate) fn set_interval_asked(&self, interval_ms: u64) {
        self.lock_tally().set_interval_asked(interval_ms);
        #[cfg(feature = "metrics")]
        facade::interval_asked(interval_ms);
    }

    pub(super) fn count_stall(&self) {
        self.lock_tally().count_stall();
        #[cfg(feature = "metrics")]
        facade::stall();
    }

    pub(crate) fn cpu(&self) -> &Arc<CpuTimes> {
        &self.shared.cpu
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

    /// Keeps a thread to be joined; `callback`: whose it is, if it is a callback's.
    pub(super) fn keep(&self, handle: JoinHandle<()>, callback: Option<Arc<Traffic>>) {
        let mut threads = self.lock_threads();
        threads.retain(|thread| !thread.handle.is_finished());
        threads.push(Thread { handle, callback });
    }

    /// The threads that were kept, for who joins them now.
    pub(super) fn take_threads(&self) -> impl Iterator<Item = JoinHandle<()>> {
        let threads = std::mem::take(&mut *self.lock_threads());
        threads.into_iter().map(|thread| thread.handle)
    }

    /// The callbacks whose threads have not ended.
    pub(super) fn callbacks_that_run(&self) -> Vec<String> {
        let threads = self.lock_threads();
        let running = threads.iter().filter(|thread| !thread.handle.is_finished());
        running
            .filter_map(|thread| thread.callback.as_ref())
            .map(|traffic| traffic.to_string())
            .collect()
    }

    fn lock_threads(&self) -> MutexGuard<'_, Vec<Thread>> {
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

    pub(super) fn lock_snapshot(&self) -> MutexGuard<'_, Arc<Snapshot>> {
        // Nothing that holds it can leave it half changed.
        self.shared
            .snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the dispatcher to stop. From now on only the threads that are there are waited for.
    pub(crate) fn stop(&self, limits: StopLimits) {
        // An error means that it has ended already.
        let _ = self.shared.control.send(Control::Stop(limits));
        self.release_ending();
    }

    /// What a thread holds for as long as stopping has to wait for it.
    pub(super) fn ending(&self) -> Option<Sender<Infallible>> {
        self.lock_ending().clone()
    }

    /// From now on only the threads that are there are waited for.
    pub(super) fn release_ending(&self) {
        self.lock_ending().take();
    }

    fn lock_ending(&self) -> MutexGuard<'_, Option<Sender<Infallible>>> {
        self.shared
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumers").finish_non_exhaustive()
    }
}

//! What the threads of a dispatcher share: its consumers, its snapshot, and how they end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;

use super::consumer::ConsumerOptions;
use super::queue::{ConsumerQueue, Inbox, bounded_queue};
use super::stop::StopLimits;
use crate::config::{Config, MAX_QUEUE_LEN};
use crate::metrics::{Meter, Metrics, Observation, Traffic};
use crate::model::{Batch, ConsumerId, Error, ErrorClass, Result, Snapshot};

/// What the dispatcher is asked for, besides sending batches.
pub(super) enum Request {
    Join(ConsumerQueue),
    Leave(ConsumerId),
    Stop(StopLimits),
}

/// The consumers of one scanner, and what they have in common.
pub(crate) struct Registry {
    requests: Sender<Request>,
    snapshot: Mutex<Arc<Snapshot>>,
    queue_len: usize,
    meter: Arc<Meter>,
    /// One for each consumer that has not left.
    traffic: Mutex<Vec<Arc<Traffic>>>,
    /// The dispatcher's thread and those of callbacks, to be joined.
    threads: Mutex<Vec<Thread>>,
    /// Closes when the last thread that holds a clone has ended: how stopping knows that all have.
    ending: Mutex<Option<Sender<Infallible>>>,
}

/// A thread, and its consumer if it is a callback's.
struct Thread {
    handle: JoinHandle<()>,
    callback: Option<Arc<Traffic>>,
}

/// A consumer that has just joined.
pub(super) struct Joined {
    pub(super) id: ConsumerId,
    pub(super) inbox: Inbox,
    /// What a thread of its own holds for as long as stopping has to wait for it; an error where the scanner
    /// has ended: then the inbox is closed.
    pub(super) ending: Result<Sender<Infallible>>,
}

impl Registry {
    /// Makes that of a dispatcher that listens to `requests`, and whose end drops the last clone of `ending`.
    pub(super) fn new(
        config: &Config,
        requests: Sender<Request>,
        ending: Sender<Infallible>,
    ) -> Self {
        Self {
            requests,
            snapshot: Mutex::default(),
            queue_len: config.queue_len,
            meter: Arc::new(Meter::new(config.interval_ms)),
            traffic: Mutex::default(),
            threads: Mutex::default(),
            ending: Mutex::new(Some(ending)),
        }
    }

    /// Has the dispatcher serve one more consumer.
    pub(super) fn join(&self, options: ConsumerOptions) -> Joined {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = ConsumerId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let queue_len = options.queue_len.unwrap_or(self.queue_len);
        let queue_len = queue_len.clamp(1, MAX_QUEUE_LEN);
        let meter = Arc::clone(&self.meter);
        let traffic = Arc::new(Traffic::new(id, options.name, queue_len, meter));
        lock(&self.traffic).push(Arc::clone(&traffic));
        let (queue, inbox) = bounded_queue(id, queue_len, options.overflow, traffic);
        let joined = self.requests.send(Request::Join(queue));
        // An error means that the dispatcher has ended; without an ending it is about to.
        let ending = joined.ok().and_then(|()| self.ending());
        let ending = ending.ok_or_else(|| {
            Error::new(
                ErrorClass::Ended,
                "cannot register a consumer: the scanner has ended",
            )
        });
        Joined { id, inbox, ending }
    }

    /// Removes a consumer, unless it has left already.
    pub(super) fn leave(&self, id: ConsumerId) {
        lock(&self.traffic).retain(|traffic| traffic.id() != id);
        // An error means that the dispatcher has ended, and every consumer with it.
        let _ = self.requests.send(Request::Leave(id));
    }

    /// Returns the processes as of the last batch sent.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&lock(&self.snapshot))
    }

    /// Brings the snapshot up to this batch.
    pub(super) fn apply(&self, batch: &Batch) {
        Arc::make_mut(&mut lock(&self.snapshot)).apply(batch);
    }

    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    pub(super) fn observe(&self, observation: Observation<'_>) {
        self.meter.observe(observation);
    }

    pub(super) fn metrics(&self) -> Metrics {
        let metrics = self.meter.read();
        let traffic = lock(&self.traffic).clone();
        Metrics {
            consumers: traffic.iter().map(|traffic| traffic.read()).collect(),
            ..metrics
        }
    }

    /// Keeps a thread to be joined; `callback`: its consumer, if it is a callback's.
    pub(super) fn keep(&self, handle: JoinHandle<()>, callback: Option<Arc<Traffic>>) {
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.handle.is_finished());
        threads.push(Thread { handle, callback });
    }

    /// Takes the threads that were kept, to join them.
    pub(super) fn take_threads(&self) -> impl Iterator<Item = JoinHandle<()>> {
        let threads = std::mem::take(&mut *lock(&self.threads));
        threads.into_iter().map(|thread| thread.handle)
    }

    /// Names the callbacks whose threads have not ended.
    pub(super) fn callbacks_that_run(&self) -> Vec<String> {
        let threads = lock(&self.threads);
        let running = threads.iter().filter(|thread| !thread.handle.is_finished());
        running
            .filter_map(|thread| thread.callback.as_ref())
            .map(|traffic| traffic.to_string())
            .collect()
    }

    /// Has the dispatcher stop. From now on stopping waits only for the threads that are there.
    pub(crate) fn stop(&self, limits: StopLimits) {
        // An error means that it has ended already.
        let _ = self.requests.send(Request::Stop(limits));
        self.release_ending();
    }

    /// Returns what a thread holds for as long as stopping has to wait for it.
    pub(super) fn ending(&self) -> Option<Sender<Infallible>> {
        lock(&self.ending).clone()
    }

    /// From now on stopping waits only for the threads that are there.
    pub(super) fn release_ending(&self) {
        lock(&self.ending).take();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these can leave it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

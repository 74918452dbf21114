//! What the threads of a dispatcher share: consumers, snapshot, metrics and their end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;

use super::consumer::ConsumerOptions;
use super::needs::{Needs, missing};
use super::queue::{ConsumerQueue, Inbox, bounded_queue};
use super::stop::StopLimits;
use crate::config::{Config, MAX_QUEUE_LEN};
use crate::filter::Filter;
use crate::metrics::{Meter, Metrics, Observation, Traffic};
use crate::model::{Batch, Collect, ConsumerId, Error, ErrorClass, ProcessInfo, Result, Snapshot};

/// Requests to the dispatcher.
pub(super) enum Request {
    Join(ConsumerQueue),
    Leave(ConsumerId),
    Stop(StopLimits),
}

/// The consumers of one scanner, and what they share.
pub(crate) struct Registry {
    requests: Sender<Request>,
    snapshot: Mutex<Arc<Snapshot>>,
    queue_len: usize,
    /// The fields that the source reads.
    collects: Collect,
    meter: Arc<Meter>,
    /// One for each consumer that has not left.
    traffic: Mutex<Vec<Arc<Traffic>>>,
    /// Threads of the dispatcher and of callbacks, to be joined.
    threads: Mutex<Vec<Thread>>,
    /// Closes when the last thread that holds a clone has ended. Stopping waits for that.
    ending: Mutex<Option<Sender<Infallible>>>,
}

/// A thread, and its consumer if it is that of a callback.
struct Thread {
    handle: JoinHandle<()>,
    callback: Option<Arc<Traffic>>,
}

/// A consumer that has just registered.
pub(super) struct Joined {
    pub(super) id: ConsumerId,
    pub(super) inbox: Inbox,
    /// Held by its thread, so that stopping waits for it. An error if the scanner has ended; the
    /// inbox is then closed.
    pub(super) ending: Result<Sender<Infallible>>,
}

impl Registry {
    /// Creates the registry of a dispatcher that receives `requests`. Its thread holds a clone of
    /// `ending`.
    pub(super) fn new(
        config: &Config,
        collects: Collect,
        requests: Sender<Request>,
        ending: Sender<Infallible>,
    ) -> Self {
        Self {
            requests,
            snapshot: Mutex::default(),
            queue_len: config.queue_len,
            collects,
            meter: Arc::new(Meter::new(config.interval_ms)),
            traffic: Mutex::default(),
            threads: Mutex::default(),
            ending: Mutex::new(Some(ending)),
        }
    }

    /// Registers a consumer.
    pub(super) fn join(&self, options: ConsumerOptions) -> Joined {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = ConsumerId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let queue_len = options.queue_len.unwrap_or(self.queue_len);
        let queue_len = queue_len.clamp(1, MAX_QUEUE_LEN);
        let meter = Arc::clone(&self.meter);
        let traffic = Arc::new(Traffic::new(id, options.name, queue_len, meter));
        lock(&self.traffic).push(Arc::clone(&traffic));
        if let Some(filter) = &options.filter {
            self.warn_of_missing(filter, &traffic);
        }
        let needs = Needs::new(options.filter);
        let (queue, inbox) = bounded_queue(id, queue_len, options.overflow, needs, traffic);
        let joined = self.requests.send(Request::Join(queue));
        // An error means that the dispatcher has ended. Without `ending` it is about to end.
        let ending = joined.ok().and_then(|()| self.ending());
        let ending = ending.ok_or_else(|| {
            Error::new(
                ErrorClass::Ended,
                "cannot register a consumer: the scanner has ended",
            )
            .with_advice("start another scanner")
        });
        Joined { id, inbox, ending }
    }

    /// Warns if a filter needs fields that are not collected: nothing would match, silently.
    fn warn_of_missing(&self, filter: &Filter, traffic: &Traffic) {
        let missing = missing(filter, self.collects);
        if !missing.is_empty() {
            log::warn!(
                "the filter of {traffic} needs fields that the source does not collect ({missing}): a \
                 process matches only if that does not depend on them; set Config::collect"
            );
        }
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

    /// Applies a batch to the snapshot, and returns the values that it replaces.
    pub(super) fn apply(&self, batch: &Batch) -> Vec<ProcessInfo> {
        let mut replaced = Vec::with_capacity(batch.events.len());
        let mut snapshot = lock(&self.snapshot);
        Arc::make_mut(&mut snapshot).apply_replacing(batch, |old| replaced.push(old));
        replaced
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

    /// Keeps a thread to be joined, with the consumer if it is that of a callback.
    pub(super) fn keep(&self, handle: JoinHandle<()>, callback: Option<Arc<Traffic>>) {
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.handle.is_finished());
        threads.push(Thread { handle, callback });
    }

    /// Takes the threads to join them.
    pub(super) fn take_threads(&self) -> impl Iterator<Item = JoinHandle<()>> {
        let threads = std::mem::take(&mut *lock(&self.threads));
        threads.into_iter().map(|thread| thread.handle)
    }

    /// Returns the names of callbacks whose threads have not ended.
    pub(super) fn running_callbacks(&self) -> Vec<String> {
        let threads = lock(&self.threads);
        let running = threads.iter().filter(|thread| !thread.handle.is_finished());
        running
            .filter_map(|thread| thread.callback.as_ref())
            .map(|traffic| traffic.to_string())
            .collect()
    }

    /// Stops the dispatcher. From now on stopping waits only for threads that exist already.
    pub(crate) fn stop(&self, limits: StopLimits) {
        // An error means that it has ended already.
        let _ = self.requests.send(Request::Stop(limits));
        self.release_ending();
    }

    /// Returns what a thread must hold so that stopping waits for it.
    pub(super) fn ending(&self) -> Option<Sender<Infallible>> {
        lock(&self.ending).clone()
    }

    /// From now on stopping waits only for threads that exist already.
    pub(super) fn release_ending(&self) {
        lock(&self.ending).take();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No holder of these locks can leave the value half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

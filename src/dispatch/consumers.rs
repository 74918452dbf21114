//! The handle to the consumers, the snapshot and the metrics of a scanner.

use std::fmt;
use std::sync::Arc;

use super::callback;
use super::consumer::{Consumer, ConsumerOptions};
use super::registry::Registry;
use super::subscription::Subscription;
use crate::metrics::Metrics;
use crate::model::{ConsumerId, Result, Snapshot};

/// Registers and removes the consumers of one scanner.
///
/// It also returns the scanner's metrics and its latest snapshot. Clones refer to the same
/// consumers, and can be used on any thread.
///
/// ```
/// use std::sync::Arc;
/// use std::thread;
/// use process_scanner::{Batch, ConsumerOptions, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// let consumers = scanner.consumers().clone();
/// // A part of the agent that starts later, on its own thread, without the scanner.
/// let part = thread::spawn(move || {
///     let batches = consumers.subscribe(ConsumerOptions::default());
///     let first = batches.recv().ok()?;
///     assert!(first.full);
///     let print = |batch: &Arc<Batch>| println!("scan {}", batch.seq);
///     let id = consumers.register(ConsumerOptions::default(), print).ok()?;
///     consumers.leave(id);
///     Some(consumers.snapshot().len())
/// });
/// assert!(part.join().expect("it does not panic") > Some(0));
/// scanner.stop()?;
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct Consumers {
    registry: Arc<Registry>,
}

impl Consumers {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    /// Registers a consumer that receives its batches with [`Subscription::recv`].
    ///
    /// Once the scanner has ended, the subscription is closed from the beginning.
    pub fn subscribe(&self, options: ConsumerOptions) -> Subscription {
        let joined = self.registry.join(options);
        Subscription::new(joined.id, joined.inbox, Arc::clone(&self.registry))
    }

    /// Registers a consumer and calls it with each batch.
    ///
    /// It runs on a thread of its own. A closure is a consumer too; its argument needs its type: `|batch: &Arc<Batch>| …`. A
    /// consumer that panics is removed, and the others continue.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Ended`](crate::ErrorClass::Ended) if the scanner has ended or is
    /// stopping, and usually of class
    /// [`ResourcesExhausted`](crate::ErrorClass::ResourcesExhausted) if no thread can be started. A
    /// consumer that registers at the moment of the end may get neither a batch nor an error.
    pub fn register(
        &self,
        options: ConsumerOptions,
        consumer: impl Consumer + 'static,
    ) -> Result<ConsumerId> {
        let joined = self.registry.join(options);
        let traffic = Arc::clone(joined.inbox.traffic());
        let (id, inbox) = (joined.id, joined.inbox);
        joined
            .ending
            .and_then(|ending| callback::spawn(id, inbox, &self.registry, ending, consumer))
            .map(|thread| self.registry.keep(thread, Some(traffic)))
            .inspect_err(|_| self.leave(id))?;
        Ok(id)
    }

    /// Removes a consumer.
    ///
    /// It still receives the batches in its queue. Nothing happens if it has already left.
    pub fn leave(&self, id: ConsumerId) {
        self.registry.leave(id);
    }

    /// Returns the processes as of the last batch sent.
    ///
    /// Before the first batch it is empty.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    /// Returns what the scanner has counted so far.
    ///
    /// No scan waits for this call.
    pub fn metrics(&self) -> Metrics {
        self.registry.metrics()
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumers").finish_non_exhaustive()
    }
}

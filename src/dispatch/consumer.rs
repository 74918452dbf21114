//! The trait [`Consumer`] and its options.

use std::sync::Arc;

use crate::filter::Filter;
use crate::model::Batch;

/// Receives each batch on its own thread, once it is registered.
///
/// A closure that takes `&Arc<Batch>` is a consumer too.
///
/// ```
/// use std::sync::Arc;
/// use process_scanner::{Batch, Consumer, ConsumerOptions, Scanner};
///
/// struct Failures(u64);
///
/// impl Consumer for Failures {
///     fn on_batch(&mut self, batch: &Arc<Batch>) {
///         self.0 += u64::from(batch.failure.is_some());
///     }
/// }
///
/// let scanner = Scanner::builder().start()?;
/// let print = |batch: &Arc<Batch>| println!("scan {}", batch.seq);
/// let consumers: Vec<Box<dyn Consumer>> = vec![Box::new(Failures(0)), Box::new(print)];
/// for consumer in consumers {
///     scanner.consumers().register(ConsumerOptions::default(), consumer)?;
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
pub trait Consumer: Send {
    /// Receives one batch.
    ///
    /// The first batch is full, and so is the first after lost batches. Only a notice that the very
    /// first scan is stuck can come before the first full batch.
    fn on_batch(&mut self, batch: &Arc<Batch>);
}

impl<F: FnMut(&Arc<Batch>) + Send> Consumer for F {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        self(batch);
    }
}

impl Consumer for Box<dyn Consumer> {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        (**self).on_batch(batch);
    }
}

/// What happens to a batch when a consumer's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// The batch is lost and counted. The default.
    ///
    /// As soon as the queue has room, the consumer receives a full batch with the number of lost
    /// batches.
    #[default]
    Resync,
    /// The batch waits, and all scans wait with it. For a consumer that must not lose batches.
    ///
    /// While the scanner stops, the wait is bounded: if the queue stays full, the remaining batches
    /// are lost, and the last batch has their number. While its queue is full, the consumer
    /// receives no notices about stuck scans.
    Block,
}

/// Options of a consumer: queue length, overflow and name.
///
/// ```
/// use process_scanner::{ConsumerOptions, Overflow, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// // It must not lose batches, and has room for a minute of scans.
/// let options = ConsumerOptions::default()
///     .with_name("audit")
///     .with_overflow(Overflow::Block)
///     .with_queue_len(60);
/// let batches = scanner.consumers().subscribe(options);
/// assert!(batches.recv()?.full);
/// assert_eq!(scanner.consumers().metrics().consumers[0].name.as_deref(), Some("audit"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConsumerOptions {
    /// Batches that can wait in its queue.
    ///
    /// 1 to 65,536; other values are clamped. `None` takes
    /// [`Config::queue_len`](crate::Config::queue_len).
    pub queue_len: Option<usize>,
    /// What happens to a batch when the queue is full.
    pub overflow: Overflow,
    /// Name of the consumer in [`Metrics`](crate::Metrics), logs and errors.
    pub name: Option<String>,
    /// The processes whose events it receives; `None`: all.
    pub filter: Option<Filter>,
}

impl ConsumerOptions {
    /// Sets the name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the processes whose events it receives.
    ///
    /// Its batches have the events that a [`Selection`](crate::Selection) selects. It gets the first
    /// batch, which is full, and then those with an event for it, a failure or its end, or a transition;
    /// [`Batch::skipped_batches`] counts the others. [`Batch::counts`] are those of the whole scan.
    ///
    /// A filter that needs [fields](Filter::collect) that the source does not collect is a warning
    /// in the log, once, when the consumer registers.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Sets what happens when the queue is full.
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets the queue length, in batches.
    #[must_use]
    pub fn with_queue_len(mut self, queue_len: usize) -> Self {
        self.queue_len = Some(queue_len);
        self
    }
}

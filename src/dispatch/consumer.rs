//! What a consumer is, from its own side.

use std::sync::Arc;

use crate::model::Batch;

/// Receives each batch on a thread of its own, once it is registered.
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
    /// The first one is full, and so is one after a loss. Only a notice that the very first scan is stuck can
    /// come before the first.
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

/// What happens to a batch for which a consumer has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// It is lost, and counted. As soon as there is room the consumer gets a full batch that says
    /// how many were lost. The default.
    #[default]
    Resync,
    /// It waits, and all scanning waits with it. For a consumer that must lose nothing.
    ///
    /// Only while the scanner is stopping is the wait bounded: a consumer that makes no room then
    /// loses what is left, and its last batch says how many those were. While it is behind it gets
    /// no notice of what is stuck.
    Block,
}

/// How a consumer wants to be served.
///
/// ```
/// use process_scanner::{ConsumerOptions, Overflow, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// // One that must lose nothing, with room for a minute's scans.
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
    /// How many batches may wait for it, 1 to 65,536, and the nearer of these for what lies outside;
    /// `None` for the scanner's own setting.
    pub queue_len: Option<usize>,
    /// What happens when they are too many.
    pub overflow: Overflow,
    /// What it is called in [`Metrics`](crate::Metrics), and beside its number in logs and errors.
    pub name: Option<String>,
}

impl ConsumerOptions {
    /// The same with this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same with this policy for a full queue.
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// The same with room for this many batches.
    #[must_use]
    pub fn with_queue_len(mut self, queue_len: usize) -> Self {
        self.queue_len = Some(queue_len);
        self
    }
}

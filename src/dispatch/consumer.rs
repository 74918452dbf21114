//! What a consumer is, from its own side.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, TryRecvError};

use super::Consumers;
use super::inbox::Inbox;
use crate::model::{Batch, ConsumerId};

/// Something that is called with each batch, on a thread of its own, once it is
/// [registered](Consumers::register). For what a closure can do there is
/// [`on_batch`](Consumers::on_batch).
///
/// ```
/// use std::sync::Arc;
/// use process_scanner::{Batch, Consumer, Scanner};
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
/// let consumers: Vec<Box<dyn Consumer>> = vec![Box::new(Failures(0))];
/// for consumer in consumers {
///     scanner.register(consumer)?;
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
pub trait Consumer: Send {
    /// Takes one batch. The first one is full, and so is one after a loss; only a notice that the very
    /// first scan is stuck can come before.
    fn on_batch(&mut self, batch: &Arc<Batch>);
}

impl<C: Consumer + ?Sized> Consumer for Box<C> {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        (**self).on_batch(batch);
    }
}

/// A closure as a consumer. Not every closure is one by itself: the compiler would have to be told the
/// type of what it takes then.
pub(super) struct Call<F>(pub(super) F);

impl<F: FnMut(&Arc<Batch>) + Send> Consumer for Call<F> {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        (self.0)(batch);
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
/// let options = ConsumerOptions::new()
///     .with_name("audit")
///     .with_overflow(Overflow::Block)
///     .with_queue_len(60);
/// let batches = scanner.subscribe_with(options);
/// assert!(batches.recv()?.full);
/// assert_eq!(scanner.metrics().consumers[0].name.as_deref(), Some("audit"));
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
    /// The defaults: the scanner's own queue length, [`Overflow::Resync`], no name.
    pub fn new() -> Self {
        Self::default()
    }

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

/// A consumer that fetches its batches itself. Dropping it leaves.
///
/// As an iterator it waits for each batch, and ends when the scanner has. Where there is more to do than
/// to wait:
///
/// ```
/// use std::time::Duration;
/// use process_scanner::{RecvError, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// let batches = scanner.subscribe();
/// let mut born = 0;
/// loop {
///     match batches.recv_timeout(Duration::from_millis(100)) {
///         Ok(batch) => {
///             born += batch.events.iter().filter(|event| event.kind() == "created").count();
///             # break;
///         }
///         // None has come in that time: whatever else the loop is for.
///         Err(RecvError::Empty) => {}
///         // The scanner has ended.
///         Err(_) => break,
///     }
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[must_use = "a subscription that is dropped gets nothing"]
pub struct Subscription {
    id: ConsumerId,
    inbox: Inbox,
    consumers: Consumers,
}

/// Why there is no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// None has come yet.
    Empty,
    /// None will come any more: the scanner has ended, or the consumer was removed.
    Closed,
}

impl Subscription {
    pub(super) fn new(id: ConsumerId, inbox: Inbox, consumers: Consumers) -> Self {
        Self {
            id,
            inbox,
            consumers,
        }
    }

    /// What names it.
    pub fn id(&self) -> ConsumerId {
        self.id
    }

    /// Waits for the next batch.
    ///
    /// # Errors
    ///
    /// [`RecvError::Closed`] when none will come any more.
    pub fn recv(&self) -> Result<Arc<Batch>, RecvError> {
        self.inbox.recv().ok_or(RecvError::Closed)
    }

    /// Waits for the next batch up to `timeout`.
    ///
    /// # Errors
    ///
    /// [`RecvError::Empty`] when none came in time, [`RecvError::Closed`] when none will come.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Arc<Batch>, RecvError> {
        self.inbox
            .recv_timeout(timeout)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => RecvError::Empty,
                RecvTimeoutError::Disconnected => RecvError::Closed,
            })
    }

    /// The next batch if it is there.
    ///
    /// # Errors
    ///
    /// [`RecvError::Empty`] when it is not, [`RecvError::Closed`] when none will come.
    pub fn try_recv(&self) -> Result<Arc<Batch>, RecvError> {
        self.inbox.try_recv().map_err(|error| match error {
            TryRecvError::Empty => RecvError::Empty,
            TryRecvError::Disconnected => RecvError::Closed,
        })
    }

    /// Waits for batch after batch until none will come any more.
    pub fn iter(&self) -> Batches<'_> {
        Batches(self)
    }
}

/// Batch after batch of a [`Subscription`]; each is waited for.
#[derive(Debug)]
pub struct Batches<'s>(&'s Subscription);

impl Iterator for Batches<'_> {
    type Item = Arc<Batch>;

    fn next(&mut self) -> Option<Arc<Batch>> {
        self.0.inbox.recv()
    }
}

impl<'s> IntoIterator for &'s Subscription {
    type Item = Arc<Batch>;
    type IntoIter = Batches<'s>;

    fn into_iter(self) -> Batches<'s> {
        self.iter()
    }
}

/// What waits for it is left out: a full batch is all processes.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.consumers.leave(self.id);
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no batch has come yet",
            Self::Closed => "no batch will come any more",
        })
    }
}

impl std::error::Error for RecvError {}

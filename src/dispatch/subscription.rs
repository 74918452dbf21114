//! A consumer that receives its batches itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, TryRecvError};

use super::queue::Inbox;
use super::registry::Registry;
use crate::model::{Batch, ConsumerId};

/// A consumer that receives batches when its owner asks for them.
///
/// Dropping it removes the consumer. As an iterator it waits for each batch, and ends when the
/// scanner has ended. In a loop with other work:
///
/// ```
/// use std::time::Duration;
/// use process_scanner::{ConsumerOptions, RecvError, Scanner};
///
/// let scanner = Scanner::builder().start()?;
/// let batches = scanner.consumers().subscribe(ConsumerOptions::default());
/// let mut born = 0;
/// loop {
///     match batches.recv_timeout(Duration::from_millis(100)) {
///         Ok(batch) => {
///             born += batch.events.iter().filter(|event| event.kind() == "created").count();
///             # break;
///         }
///         // No batch in that time: do the other work.
///         Err(RecvError::Empty) => {}
///         // The scanner has ended.
///         Err(_) => break,
///     }
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[must_use = "dropping a subscription removes the consumer"]
pub struct Subscription {
    id: ConsumerId,
    inbox: Inbox,
    registry: Arc<Registry>,
}

/// Why no batch was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// No batch has arrived yet.
    Empty,
    /// There are no more batches: the scanner has ended, or the consumer was removed.
    Closed,
}

impl Subscription {
    pub(super) fn new(id: ConsumerId, inbox: Inbox, registry: Arc<Registry>) -> Self {
        Self {
            id,
            inbox,
            registry,
        }
    }

    /// Returns the id of the consumer.
    pub fn id(&self) -> ConsumerId {
        self.id
    }

    /// Waits for the next batch.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError::Closed`] if there are no more batches.
    pub fn recv(&self) -> Result<Arc<Batch>, RecvError> {
        self.inbox.recv().ok_or(RecvError::Closed)
    }

    /// Waits for the next batch for at most `timeout`.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError::Empty`] if none arrived in time, [`RecvError::Closed`] if there are no
    /// more.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Arc<Batch>, RecvError> {
        self.inbox
            .recv_timeout(timeout)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => RecvError::Empty,
                RecvTimeoutError::Disconnected => RecvError::Closed,
            })
    }

    /// Returns the next batch if one is in the queue, without waiting.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError::Empty`] if the queue is empty, [`RecvError::Closed`] if there are no
    /// more batches.
    pub fn try_recv(&self) -> Result<Arc<Batch>, RecvError> {
        self.inbox.try_recv().map_err(|error| match error {
            TryRecvError::Empty => RecvError::Empty,
            TryRecvError::Disconnected => RecvError::Closed,
        })
    }

    /// Returns an iterator that waits for each batch.
    ///
    /// It ends when there are no more batches.
    pub fn iter(&self) -> Batches<'_> {
        Batches(self)
    }
}

/// Iterator over the batches of a [`Subscription`], which waits for each.
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

/// Omits the queue: a full batch contains all processes.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.registry.leave(self.id);
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no batch has arrived yet",
            Self::Closed => {
                "there are no more batches: the scanner has ended, or the consumer was removed"
            }
        })
    }
}

impl std::error::Error for RecvError {}

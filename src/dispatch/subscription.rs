//! A consumer that fetches its batches itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, TryRecvError};

use super::queue::Inbox;
use super::registry::Registry;
use crate::model::{Batch, ConsumerId};

/// A consumer that fetches its batches itself. Dropping it leaves.
///
/// As an iterator it waits for each batch, and ends when the scanner has. Where there is more to do than
/// to wait:
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
    registry: Arc<Registry>,
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
    pub(super) fn new(id: ConsumerId, inbox: Inbox, registry: Arc<Registry>) -> Self {
        Self {
            id,
            inbox,
            registry,
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
        self.registry.leave(self.id);
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

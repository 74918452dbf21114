//! The two ends of a consumer's queue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};

use crate::batch::Batch;

/// What a consumer is still to get when its queue has closed.
type Parting = Arc<Mutex<Option<Arc<Batch>>>>;

/// The consumer's end.
#[derive(Debug)]
pub(super) struct Inbox {
    queue: Receiver<Arc<Batch>>,
    parting: Parting,
}

/// The dispatcher's end.
pub(super) struct Outbox {
    pub(super) queue: Sender<Arc<Batch>>,
    parting: Parting,
}

pub(super) fn bounded_box(queue_len: usize) -> (Outbox, Inbox) {
    let (sender, receiver) = bounded(queue_len);
    let parting = Parting::default();
    let outbox = Outbox {
        queue: sender,
        parting: Arc::clone(&parting),
    };
    let inbox = Inbox {
        queue: receiver,
        parting,
    };
    (outbox, inbox)
}

impl Outbox {
    /// Closes the queue. There may be no room in it, so that the last batch is left beside it.
    pub(super) fn close_with(self, batch: Arc<Batch>) {
        *self.parting.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch);
    }
}

impl Inbox {
    /// The next batch; `None` when no more will come.
    pub(super) fn recv(&self) -> Option<Arc<Batch>> {
        self.queue.recv().ok().or_else(|| self.parting())
    }

    pub(super) fn recv_timeout(&self, timeout: Duration) -> Result<Arc<Batch>, RecvTimeoutError> {
        match self.queue.recv_timeout(timeout) {
            Err(RecvTimeoutError::Disconnected) => {
                self.parting().ok_or(RecvTimeoutError::Disconnected)
            }
            outcome => outcome,
        }
    }

    pub(super) fn try_recv(&self) -> Result<Arc<Batch>, TryRecvError> {
        match self.queue.try_recv() {
            Err(TryRecvError::Disconnected) => self.parting().ok_or(TryRecvError::Disconnected),
            outcome => outcome,
        }
    }

    fn parting(&self) -> Option<Arc<Batch>> {
        let mut parting = self.parting.lock().unwrap_or_else(PoisonError::into_inner);
        parting.take()
    }
}

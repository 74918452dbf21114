//! The two ends of a consumer's queue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Select, Sender, TryRecvError, TrySendError, bounded,
};

use crate::metrics::Traffic;
use crate::model::Batch;

/// What a consumer is still to get when its queue has closed.
type Parting = Arc<Mutex<Option<Arc<Batch>>>>;

/// The consumer's end.
pub(super) struct Inbox {
    queue: Receiver<Arc<Batch>>,
    parting: Parting,
    traffic: Arc<Traffic>,
}

/// The dispatcher's end.
pub(super) struct Outbox {
    queue: Sender<Arc<Batch>>,
    parting: Parting,
    pub(super) traffic: Arc<Traffic>,
}

pub(super) fn bounded_box(queue_len: usize, traffic: Arc<Traffic>) -> (Outbox, Inbox) {
    let (sender, receiver) = bounded(queue_len);
    let parting = Parting::default();
    let outbox = Outbox {
        queue: sender,
        parting: Arc::clone(&parting),
        traffic: Arc::clone(&traffic),
    };
    let inbox = Inbox {
        queue: receiver,
        parting,
        traffic,
    };
    (outbox, inbox)
}

impl Outbox {
    pub(super) fn try_send(&self, batch: Arc<Batch>) -> Result<(), TrySendError<Arc<Batch>>> {
        let outcome = self.queue.try_send(batch);
        if outcome.is_ok() {
            self.traffic.count_put();
        }
        outcome
    }

    pub(super) fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    /// Has a selection wake up when there is room.
    pub(super) fn select_room<'a>(&'a self, select: &mut Select<'a>) {
        select.send(&self.queue);
    }

    /// Closes the queue. There may be no room in it, so that the last batch is left beside it.
    pub(super) fn close_with(self, batch: Arc<Batch>) {
        self.traffic.count_put();
        *self.parting.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch);
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.traffic.count_dropped();
    }
}

impl Inbox {
    /// The next batch; `None` when no more will come.
    pub(super) fn recv(&self) -> Option<Arc<Batch>> {
        let batch = self.queue.recv().ok().or_else(|| self.parting())?;
        Some(self.taken(batch))
    }

    pub(super) fn recv_timeout(&self, timeout: Duration) -> Result<Arc<Batch>, RecvTimeoutError> {
        let outcome = match self.queue.recv_timeout(timeout) {
            Err(RecvTimeoutError::Disconnected) => {
                self.parting().ok_or(RecvTimeoutError::Disconnected)
            }
            outcome => outcome,
        };
        outcome.map(|batch| self.taken(batch))
    }

    pub(super) fn try_recv(&self) -> Result<Arc<Batch>, TryRecvError> {
        let outcome = match self.queue.try_recv() {
            Err(TryRecvError::Disconnected) => self.parting().ok_or(TryRecvError::Disconnected),
            outcome => outcome,
        };
        outcome.map(|batch| self.taken(batch))
    }

    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    fn taken(&self, batch: Arc<Batch>) -> Arc<Batch> {
        self.traffic.count_taken(batch.age());
        batch
    }

    fn parting(&self) -> Option<Arc<Batch>> {
        let mut parting = self.parting.lock().unwrap_or_else(PoisonError::into_inner);
        parting.take()
    }
}

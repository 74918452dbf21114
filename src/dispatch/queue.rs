//! The queue of one consumer: the dispatcher puts batches in, the consumer takes them out.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Select, Sender, TryRecvError, TrySendError, bounded,
};
use log::debug;

use super::consumer::Overflow;
use super::latest::Latest;
use super::needs::Needs;
use crate::metrics::Traffic;
use crate::model::{Batch, ConsumerId, Snapshot};

/// The last batch of a queue that was full when it closed.
type LastBatch = Arc<Mutex<Option<Arc<Batch>>>>;

/// The dispatcher's end.
pub(super) struct ConsumerQueue {
    pub(super) id: ConsumerId,
    sender: Sender<Arc<Batch>>,
    last_batch: LastBatch,
    overflow: Overflow,
    needs: Needs,
    owed: Owed,
    // The last field, so that the sender is closed before it counts.
    traffic: QueueEnd,
}

/// The consumer's end.
pub(super) struct Inbox {
    receiver: Receiver<Arc<Batch>>,
    last_batch: LastBatch,
    // The last field, so that the receiver is closed before it counts.
    traffic: QueueEnd,
}

/// The counts of a queue, held by one of its ends. Dropping it counts that the end was closed.
struct QueueEnd(Arc<Traffic>);

impl Deref for QueueEnd {
    type Target = Arc<Traffic>;

    fn deref(&self) -> &Arc<Traffic> {
        &self.0
    }
}

impl Drop for QueueEnd {
    fn drop(&mut self) {
        self.0.count_end();
    }
}

/// What a consumer has not received yet.
enum Owed {
    Nothing,
    /// A full batch, with the number of lost batches; 0 for a new consumer.
    Full {
        lost: u64,
    },
    /// This batch.
    Batch(Arc<Batch>, Stall),
}

/// Since when a consumer has delayed the scans, and whether that was reported.
struct Stall {
    since: Instant,
    is_reported: bool,
}

/// Whether the consumer still has its end of the queue.
#[derive(PartialEq)]
pub(super) enum Presence {
    Here,
    Left,
}

/// Creates the two ends of a queue. Its consumer is owed a full batch.
pub(super) fn bounded_queue(
    id: ConsumerId,
    queue_len: usize,
    overflow: Overflow,
    needs: Needs,
    traffic: Arc<Traffic>,
) -> (ConsumerQueue, Inbox) {
    let (sender, receiver) = bounded(queue_len);
    let last_batch = LastBatch::default();
    let inbox = Inbox {
        receiver,
        last_batch: Arc::clone(&last_batch),
        traffic: QueueEnd(Arc::clone(&traffic)),
    };
    let queue = ConsumerQueue {
        id,
        sender,
        last_batch,
        overflow,
        needs,
        owed: Owed::Full { lost: 0 },
        traffic: QueueEnd(traffic),
    };
    (queue, inbox)
}

impl ConsumerQueue {
    /// Returns the counts of the consumer, which also print its name.
    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Returns whether the consumer blocks and its queue is full.
    pub(super) fn is_blocking(&self) -> bool {
        matches!(self.owed, Owed::Batch(..))
    }

    /// Returns whether a batch is waiting for room.
    pub(super) fn is_owed(&self) -> bool {
        !matches!(self.owed, Owed::Nothing)
    }

    /// Adds the queue to a selection, which wakes up when there is room.
    pub(super) fn select_room<'a>(&'a self, select: &mut Select<'a>) {
        select.send(&self.sender);
    }

    /// Returns when the consumer must be reported for delaying the scans.
    pub(super) fn stalls_at(&self, deadline: Duration) -> Option<Instant> {
        match &self.owed {
            Owed::Batch(_, stall) if !stall.is_reported => Some(stall.since + deadline),
            _ => None,
        }
    }

    /// Marks the consumer as reported.
    pub(super) fn mark_stall_reported(&mut self) {
        if let Owed::Batch(_, stall) = &mut self.owed {
            stall.is_reported = true;
        }
    }

    /// Makes the consumer lose batches when its queue is full, as others do.
    pub(super) fn stop_blocking(&mut self) {
        self.overflow = Overflow::Resync;
        if self.is_blocking() {
            self.traffic.count_lost();
            self.owed = Owed::Full { lost: 1 };
        }
    }

    /// Puts in what the consumer needs of a batch, or counts it as lost or owed.
    pub(super) fn offer(
        &mut self,
        batch: &Arc<Batch>,
        latest: &Latest,
        snapshot: &Snapshot,
    ) -> Presence {
        let part = self.needs.part_of(batch);
        if let Owed::Full { lost } = &mut self.owed {
            match part {
                // A new consumer has not lost anything yet.
                Some(_) if *lost > 0 => {
                    *lost += 1;
                    self.traffic.count_lost();
                }
                Some(part) if batch.full => return self.put_owed(part),
                _ => {}
            }
            return self.send_owed(latest, snapshot);
        }
        part.map_or(Presence::Here, |part| self.put_or_owe(part))
    }

    /// Puts in a notice. It has no events, so it can go before a full batch that is owed.
    pub(super) fn notify(&mut self, notice: &Arc<Batch>) -> Presence {
        match &mut self.owed {
            // The notice is about the batches that this consumer has not read.
            Owed::Batch(..) => Presence::Here,
            Owed::Full { lost } if *lost > 0 => {
                *lost += 1;
                self.traffic.count_lost();
                Presence::Here
            }
            Owed::Full { .. } => {
                let notice = self.needs.notice(notice);
                match self.try_put(notice) {
                    Err(TrySendError::Disconnected(_)) => Presence::Left,
                    Ok(()) | Err(TrySendError::Full(_)) => Presence::Here,
                }
            }
            Owed::Nothing => {
                let notice = self.needs.notice(notice);
                self.put_or_owe(notice)
            }
        }
    }

    /// Puts in what is owed, if there is room.
    pub(super) fn send_owed(&mut self, latest: &Latest, snapshot: &Snapshot) -> Presence {
        // Making a full batch is expensive, so check for room first.
        if matches!(self.owed, Owed::Full { .. }) && self.sender.is_full() {
            return Presence::Here;
        }
        match self.owed_batch(latest, snapshot) {
            Some(batch) => self.put_owed(batch),
            None => Presence::Here,
        }
    }

    /// Closes the queue. The owed batch goes beside it, because there may be no room.
    pub(super) fn close(mut self, latest: &Latest, snapshot: &Snapshot) {
        if let Some(batch) = self.owed_batch(latest, snapshot) {
            self.traffic.count_put();
            *self
                .last_batch
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(batch);
        }
    }

    fn owed_batch(&mut self, latest: &Latest, snapshot: &Snapshot) -> Option<Arc<Batch>> {
        match &self.owed {
            Owed::Nothing => None,
            Owed::Batch(batch, _) => Some(Arc::clone(batch)),
            Owed::Full { lost } => {
                let full = latest.full(snapshot, *lost)?;
                Some(self.needs.full(full))
            }
        }
    }

    /// Puts in an owed batch. Without room it stays owed.
    fn put_owed(&mut self, batch: Arc<Batch>) -> Presence {
        match self.try_put(batch) {
            Ok(()) => {
                self.owed = Owed::Nothing;
                Presence::Here
            }
            Err(TrySendError::Full(_)) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
        }
    }

    fn put_or_owe(&mut self, batch: Arc<Batch>) -> Presence {
        match self.try_put(batch) {
            Ok(()) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
            Err(TrySendError::Full(batch)) => {
                self.owed = match self.overflow {
                    Overflow::Block => Owed::Batch(
                        batch,
                        Stall {
                            since: Instant::now(),
                            is_reported: false,
                        },
                    ),
                    Overflow::Resync => {
                        debug!("the queue of {} is full: it loses batches", *self.traffic);
                        self.traffic.count_lost();
                        Owed::Full { lost: 1 }
                    }
                };
                Presence::Here
            }
        }
    }

    fn try_put(&self, batch: Arc<Batch>) -> Result<(), TrySendError<Arc<Batch>>> {
        let outcome = self.sender.try_send(batch);
        if outcome.is_ok() {
            self.traffic.count_put();
        }
        outcome
    }
}

impl Inbox {
    /// Waits for the next batch. Returns `None` when the queue is closed and empty.
    pub(super) fn recv(&self) -> Option<Arc<Batch>> {
        let batch = self.receiver.recv().ok().or_else(|| self.take_last())?;
        Some(self.taken(batch))
    }

    pub(super) fn recv_timeout(&self, timeout: Duration) -> Result<Arc<Batch>, RecvTimeoutError> {
        let outcome = match self.receiver.recv_timeout(timeout) {
            Err(RecvTimeoutError::Disconnected) => {
                self.take_last().ok_or(RecvTimeoutError::Disconnected)
            }
            outcome => outcome,
        };
        outcome.map(|batch| self.taken(batch))
    }

    pub(super) fn try_recv(&self) -> Result<Arc<Batch>, TryRecvError> {
        let outcome = match self.receiver.try_recv() {
            Err(TryRecvError::Disconnected) => self.take_last().ok_or(TryRecvError::Disconnected),
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

    fn take_last(&self) -> Option<Arc<Batch>> {
        let mut last_batch = self
            .last_batch
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last_batch.take()
    }
}

//! The queue of one consumer: the dispatcher puts batches in at one end, the consumer takes them out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Select, Sender, TryRecvError, TrySendError, bounded,
};
use log::debug;

use super::consumer::Overflow;
use super::present::Present;
use crate::metrics::Traffic;
use crate::model::{Batch, ConsumerId, Snapshot};

/// The last batch of a queue that closed without room for it.
type Parting = Arc<Mutex<Option<Arc<Batch>>>>;

/// The dispatcher's end.
pub(super) struct ConsumerQueue {
    pub(super) id: ConsumerId,
    sender: Sender<Arc<Batch>>,
    parting: Parting,
    traffic: Arc<Traffic>,
    overflow: Overflow,
    owed: Owed,
}

/// The consumer's end.
pub(super) struct Inbox {
    receiver: Receiver<Arc<Batch>>,
    parting: Parting,
    traffic: Arc<Traffic>,
}

/// What a consumer did not get yet.
enum Owed {
    Nothing,
    /// A full batch, with the number of batches it lost; one that has just joined lost none.
    Full {
        lost: u64,
    },
    /// This very batch.
    Batch(Arc<Batch>, Hold),
}

/// Since when a consumer holds up the scans, and whether that was reported.
struct Hold {
    since: Instant,
    is_reported: bool,
}

/// Whether a consumer is still there.
#[derive(PartialEq)]
pub(super) enum Presence {
    Here,
    Left,
}

/// Makes the two ends of a queue. Its consumer begins with a full batch.
pub(super) fn bounded_queue(
    id: ConsumerId,
    queue_len: usize,
    overflow: Overflow,
    traffic: Arc<Traffic>,
) -> (ConsumerQueue, Inbox) {
    let (sender, receiver) = bounded(queue_len);
    let parting = Parting::default();
    let inbox = Inbox {
        receiver,
        parting: Arc::clone(&parting),
        traffic: Arc::clone(&traffic),
    };
    let queue = ConsumerQueue {
        id,
        sender,
        parting,
        traffic,
        overflow,
        owed: Owed::Full { lost: 0 },
    };
    (queue, inbox)
}

impl ConsumerQueue {
    /// Returns what counts for the consumer, and names it.
    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Whether the consumer blocks and has no room.
    pub(super) fn is_waited_for(&self) -> bool {
        matches!(self.owed, Owed::Batch(..))
    }

    /// Whether something can be put in as soon as there is room.
    pub(super) fn is_owed(&self) -> bool {
        !matches!(self.owed, Owed::Nothing)
    }

    /// Has a selection wake up when there is room.
    pub(super) fn select_room<'a>(&'a self, select: &mut Select<'a>) {
        select.send(&self.sender);
    }

    /// Returns when the consumer will have held up the scans for so long that it has to be reported.
    pub(super) fn stalls_at(&self, deadline: Duration) -> Option<Instant> {
        match &self.owed {
            Owed::Batch(_, hold) if !hold.is_reported => Some(hold.since + deadline),
            _ => None,
        }
    }

    /// Notes that the consumer was reported.
    pub(super) fn mark_stall_reported(&mut self) {
        if let Owed::Batch(_, hold) = &mut self.owed {
            hold.is_reported = true;
        }
    }

    /// From now on the consumer loses what it has no room for, as others do.
    pub(super) fn give_up_waiting(&mut self) {
        self.overflow = Overflow::Resync;
        if self.is_waited_for() {
            self.traffic.count_lost();
            self.owed = Owed::Full { lost: 1 };
        }
    }

    /// Puts in the batch of a scan, or notes that there was no room.
    pub(super) fn offer(
        &mut self,
        batch: &Arc<Batch>,
        present: &Present,
        snapshot: &Snapshot,
    ) -> Presence {
        if let Owed::Full { lost } = &mut self.owed {
            // One that has just joined has lost nothing yet.
            if *lost > 0 {
                *lost += 1;
                self.traffic.count_lost();
            } else if batch.full {
                return self.settle_with(Arc::clone(batch));
            }
            return self.settle(present, snapshot);
        }
        self.put_or_owe(Arc::clone(batch))
    }

    /// Puts in a notice. It changes nothing in the table, so that it goes before the full batch that a
    /// consumer is still waiting for.
    pub(super) fn notify(&mut self, notice: &Arc<Batch>) -> Presence {
        match &mut self.owed {
            // It is behind, and the notice is about what it is behind with.
            Owed::Batch(..) => Presence::Here,
            Owed::Full { lost } if *lost > 0 => {
                *lost += 1;
                self.traffic.count_lost();
                Presence::Here
            }
            Owed::Full { .. } => match self.try_put(Arc::clone(notice)) {
                Err(TrySendError::Disconnected(_)) => Presence::Left,
                Ok(()) | Err(TrySendError::Full(_)) => Presence::Here,
            },
            Owed::Nothing => self.put_or_owe(Arc::clone(notice)),
        }
    }

    /// Puts in what is owed, if there is room by now.
    pub(super) fn settle(&mut self, present: &Present, snapshot: &Snapshot) -> Presence {
        // Making a full batch is work; it is not done for a queue without room.
        if matches!(self.owed, Owed::Full { .. }) && self.sender.is_full() {
            return Presence::Here;
        }
        match self.due(present, snapshot) {
            Some(batch) => self.settle_with(batch),
            None => Presence::Here,
        }
    }

    /// Closes the queue. There may be no room in it, so that what is owed is left beside it.
    pub(super) fn close(self, present: &Present, snapshot: &Snapshot) {
        if let Some(batch) = self.due(present, snapshot) {
            self.traffic.count_put();
            *self.parting.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch);
        }
    }

    fn due(&self, present: &Present, snapshot: &Snapshot) -> Option<Arc<Batch>> {
        match &self.owed {
            Owed::Nothing => None,
            Owed::Batch(batch, _) => Some(Arc::clone(batch)),
            Owed::Full { lost } => present.full(snapshot, *lost).map(Arc::new),
        }
    }

    /// Puts in what is owed. Where there is no room it stays owed.
    fn settle_with(&mut self, batch: Arc<Batch>) -> Presence {
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
                        Hold {
                            since: Instant::now(),
                            is_reported: false,
                        },
                    ),
                    Overflow::Resync => {
                        debug!("{} has no room, batches are lost", self.traffic);
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

impl Drop for Inbox {
    fn drop(&mut self) {
        self.traffic.count_dropped();
    }
}

impl Inbox {
    /// Waits for the next batch; `None` when no more will come.
    pub(super) fn recv(&self) -> Option<Arc<Batch>> {
        let batch = self.receiver.recv().ok().or_else(|| self.parting())?;
        Some(self.taken(batch))
    }

    pub(super) fn recv_timeout(&self, timeout: Duration) -> Result<Arc<Batch>, RecvTimeoutError> {
        let outcome = match self.receiver.recv_timeout(timeout) {
            Err(RecvTimeoutError::Disconnected) => {
                self.parting().ok_or(RecvTimeoutError::Disconnected)
            }
            outcome => outcome,
        };
        outcome.map(|batch| self.taken(batch))
    }

    pub(super) fn try_recv(&self) -> Result<Arc<Batch>, TryRecvError> {
        let outcome = match self.receiver.try_recv() {
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

//! A consumer, from the dispatcher's side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Select, TrySendError};
use log::debug;

use super::Overflow;
use super::inbox::Outbox;
use crate::metrics::Traffic;
use crate::model::{Batch, ConsumerId, Event, Snapshot};

pub(super) struct Member {
    pub(super) id: ConsumerId,
    outbox: Outbox,
    overflow: Overflow,
    owed: Owed,
}

/// What a consumer did not get yet.
enum Owed {
    Nothing,
    /// The state of things, with the number of batches it lost; a newcomer lost none.
    Full {
        lost: u64,
    },
    /// This very batch.
    Batch(Arc<Batch>, Hold),
}

/// Since when a consumer holds up the scans, and whether that was told.
struct Hold {
    since: Instant,
    told: bool,
}

/// Whether a consumer is still there.
#[derive(PartialEq)]
pub(super) enum Presence {
    Here,
    Left,
}

impl Member {
    pub(super) fn new(id: ConsumerId, outbox: Outbox, overflow: Overflow) -> Self {
        Self {
            id,
            outbox,
            overflow,
            owed: Owed::Full { lost: 0 },
        }
    }

    /// What counts for it, and names it.
    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.outbox.traffic
    }

    /// Whether it blocks and has no room.
    pub(super) fn is_waited_for(&self) -> bool {
        matches!(self.owed, Owed::Batch(..))
    }

    /// Whether something could be handed over as soon as there is room.
    pub(super) fn is_owed(&self) -> bool {
        !matches!(self.owed, Owed::Nothing)
    }

    /// Has a selection wake up when there is room.
    pub(super) fn select_room<'a>(&'a self, select: &mut Select<'a>) {
        self.outbox.select_room(select);
    }

    /// When it will have held up the scans for so long that it has to be told.
    pub(super) fn stalls_at(&self, deadline: Duration) -> Option<Instant> {
        match &self.owed {
            Owed::Batch(_, hold) if !hold.told => Some(hold.since + deadline),
            _ => None,
        }
    }

    /// Notes down that it was told.
    pub(super) fn mark_stall_told(&mut self) {
        if let Owed::Batch(_, hold) = &mut self.owed {
            hold.told = true;
        }
    }

    /// From now on it loses what it has no room for, as others do.
    pub(super) fn give_up_waiting(&mut self) {
        self.overflow = Overflow::Resync;
        if self.is_waited_for() {
            self.outbox.traffic.count_lost();
            self.owed = Owed::Full { lost: 1 };
        }
    }

    /// Hands over a new batch, or notes down that it could not be.
    pub(super) fn offer(&mut self, batch: &Arc<Batch>, snapshot: &Snapshot) -> Presence {
        if let Owed::Full { lost } = &mut self.owed {
            // A newcomer has lost nothing yet.
            if *lost > 0 {
                *lost += 1;
                self.outbox.traffic.count_lost();
            } else if batch.full {
                return self.hand(Arc::clone(batch));
            }
            return self.settle(batch, snapshot);
        }
        self.try_send(Arc::clone(batch))
    }

    fn try_send(&mut self, batch: Arc<Batch>) -> Presence {
        match self.outbox.try_send(batch) {
            Ok(()) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
            Err(TrySendError::Full(batch)) => {
                self.owed = match self.overflow {
                    Overflow::Block => Owed::Batch(
                        batch,
                        Hold {
                            since: Instant::now(),
                            told: false,
                        },
                    ),
                    Overflow::Resync => {
                        debug!("{} has no room, batches are lost", self.outbox.traffic);
                        self.outbox.traffic.count_lost();
                        Owed::Full { lost: 1 }
                    }
                };
                Presence::Here
            }
        }
    }

    /// Hands over what comes between two batches. It changes nothing in the table, so that it goes
    /// before the full batch that a newcomer is still waiting for.
    pub(super) fn notify(&mut self, notice: &Arc<Batch>) -> Presence {
        match &mut self.owed {
            // It is behind, and the notice is about what it is behind with.
            Owed::Batch(..) => Presence::Here,
            Owed::Full { lost } if *lost > 0 => {
                *lost += 1;
                self.outbox.traffic.count_lost();
                Presence::Here
            }
            Owed::Full { .. } => match self.outbox.try_send(Arc::clone(notice)) {
                Err(TrySendError::Disconnected(_)) => Presence::Left,
                Ok(()) | Err(TrySendError::Full(_)) => Presence::Here,
            },
            Owed::Nothing => self.try_send(Arc::clone(notice)),
        }
    }

    /// Hands over what is owed, if there is room by now. `last` is the batch that the snapshot
    /// is up to.
    pub(super) fn settle(&mut self, last: &Arc<Batch>, snapshot: &Snapshot) -> Presence {
        // Making a full batch is work; it is not done for a queue without room.
        if matches!(self.owed, Owed::Full { .. }) && self.outbox.is_full() {
            return Presence::Here;
        }
        match self.due(last, snapshot) {
            Some(batch) => self.hand(batch),
            None => Presence::Here,
        }
    }

    /// Hands over what is owed. Where there is no room it stays owed.
    fn hand(&mut self, batch: Arc<Batch>) -> Presence {
        match self.outbox.try_send(batch) {
            Ok(()) => {
                self.owed = Owed::Nothing;
                Presence::Here
            }
            Err(TrySendError::Full(_)) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
        }
    }

    /// Closes its queue, and leaves it what it is owed.
    pub(super) fn part(self, last: Option<&Arc<Batch>>, snapshot: &Snapshot) {
        if let Some(last) = last
            && let Some(batch) = self.due(last, snapshot)
        {
            self.outbox.close_with(batch);
        }
    }

    fn due(&self, last: &Arc<Batch>, snapshot: &Snapshot) -> Option<Arc<Batch>> {
        match &self.owed {
            Owed::Nothing => None,
            Owed::Batch(batch, _) => Some(Arc::clone(batch)),
            Owed::Full { lost } => Some(Arc::new(full(last, snapshot, *lost))),
        }
    }
}

/// The whole state as a batch, under the header of the batch that led to it.
fn full(last: &Batch, snapshot: &Snapshot, lost_batches: u64) -> Batch {
    Batch {
        full: true,
        lost_batches,
        failure: last.failure.clone(),
        transitions: last.transitions.clone(),
        ready_at: Instant::now(),
        unconfirmed: last.unconfirmed.clone(),
        events: snapshot.iter().cloned().map(Event::Existing).collect(),
        ..*last
    }
}

//! The dispatcher's thread.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError, TrySendError};
use log::{debug, warn};

use super::{ConsumerId, Consumers, LAST_CALL, Overflow};
use crate::batch::{Batch, Event};
use crate::snapshot::Snapshot;

/// What is asked of the dispatcher besides handing out batches.
pub(super) enum Control {
    Join(Member),
    Leave(ConsumerId),
    /// End by this time, whatever is still owed.
    Stop(Instant),
}

/// A consumer, from the dispatcher's side.
pub(super) struct Member {
    id: ConsumerId,
    queue: Sender<Arc<Batch>>,
    overflow: Overflow,
    owed: Owed,
}

/// What a consumer did not get yet.
enum Owed {
    Nothing,
    /// The state of things, with the number of batches it lost; a newcomer lost none.
    Full { lost: u64 },
    /// This very batch.
    Batch(Arc<Batch>),
}

/// Whether a consumer is still there.
#[derive(PartialEq)]
enum Presence {
    Here,
    Left,
}

impl Member {
    pub(super) fn new(id: ConsumerId, queue: Sender<Arc<Batch>>, overflow: Overflow) -> Self {
        Self {
            id,
            queue,
            overflow,
            owed: Owed::Full { lost: 0 },
        }
    }

    /// Whether it blocks and has no room.
    fn is_waited_for(&self) -> bool {
        matches!(self.owed, Owed::Batch(_))
    }

    /// Hands over a new batch, or notes down that it could not be.
    fn offer(&mut self, batch: &Arc<Batch>, snapshot: &Snapshot) -> Presence {
        if let Owed::Full { lost } = &mut self.owed {
            *lost += u64::from(*lost > 0);
            return self.settle(batch, snapshot);
        }
        match self.queue.try_send(Arc::clone(batch)) {
            Ok(()) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
            Err(TrySendError::Full(batch)) => {
                self.owed = match self.overflow {
                    Overflow::Block => Owed::Batch(batch),
                    Overflow::Resync => {
                        debug!("consumer {} has no room, batches are lost", self.id.0);
                        Owed::Full { lost: 1 }
                    }
                };
                Presence::Here
            }
        }
    }

    /// Hands over what is owed, if there is room by now. `last` is the batch that the snapshot
    /// is up to.
    fn settle(&mut self, last: &Arc<Batch>, snapshot: &Snapshot) -> Presence {
        let batch = match &self.owed {
            Owed::Nothing => return Presence::Here,
            Owed::Batch(batch) => Arc::clone(batch),
            // Making a full batch is work; it is not done for a queue without room.
            Owed::Full { .. } if self.queue.is_full() => return Presence::Here,
            Owed::Full { lost: 0 } if last.full => Arc::clone(last),
            Owed::Full { lost } => Arc::new(full(last, snapshot, *lost)),
        };
        match self.queue.try_send(batch) {
            Ok(()) => {
                self.owed = Owed::Nothing;
                Presence::Here
            }
            Err(TrySendError::Full(_)) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
        }
    }
}

/// The whole state as a batch, under the header of the batch that led to it.
fn full(last: &Batch, snapshot: &Snapshot, lost_batches: u64) -> Batch {
    Batch {
        full: true,
        lost_batches,
        failure: last.failure.clone(),
        unconfirmed: last.unconfirmed.clone(),
        events: snapshot.iter().cloned().map(Event::Existing).collect(),
        ..*last
    }
}

pub(super) struct Dispatcher {
    controls: Receiver<Control>,
    /// `None` once the scanner has ended.
    feed: Option<Receiver<Arc<Batch>>>,
    consumers: Consumers,
    members: Vec<Member>,
    /// The last batch handed out.
    last: Option<Arc<Batch>>,
    /// No waiting for anybody beyond this.
    stop_by: Option<Instant>,
    /// Since the scanner ended: no waiting beyond this for consumers that do not block.
    last_call: Option<Instant>,
}

impl Dispatcher {
    pub(super) fn new(
        controls: Receiver<Control>,
        feed: Receiver<Arc<Batch>>,
        consumers: Consumers,
    ) -> Self {
        Self {
            controls,
            feed: Some(feed),
            consumers,
            members: Vec::new(),
            last: None,
            stop_by: None,
            last_call: None,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            self.obey();
            self.settle();
            // Nothing new while somebody waits for what is old: that holds up the scanner, which is
            // what a consumer that blocks asked for.
            if !self.is_held_up() {
                self.take_one();
            }
            if self.is_done() || !self.wait() {
                break;
            }
        }
        let owing = self.members.iter().filter(|member| member.is_waited_for()).count();
        if owing > 0 {
            warn!("stopped while {owing} consumers that block had no room: they lost batches");
        }
    }

    /// Waits until there may be something to do; false when time is up.
    fn wait(&self) -> bool {
        let mut select = Select::new();
        select.recv(&self.controls);
        for member in &self.members {
            match member.owed {
                Owed::Nothing => {}
                // There is no state to tell yet.
                Owed::Full { .. } if self.last.is_none() => {}
                Owed::Full { .. } | Owed::Batch(_) => {
                    select.send(&member.queue);
                }
            }
        }
        if let Some(feed) = &self.feed
            && !self.is_held_up()
        {
            select.recv(feed);
        }
        let deadline = match self.stop_by {
            None if self.is_held_up() => None,
            None => self.last_call,
            stop_by => stop_by,
        };
        match deadline {
            Some(deadline) => select.ready_deadline(deadline).is_ok(),
            None => {
                select.ready();
                true
            }
        }
    }

    /// Whether a consumer that blocks has no room.
    fn is_held_up(&self) -> bool {
        self.members.iter().any(Member::is_waited_for)
    }

    fn is_done(&self) -> bool {
        let owes = |member: &Member| match member.owed {
            Owed::Nothing => false,
            Owed::Full { .. } => self.last.is_some(),
            Owed::Batch(_) => true,
        };
        self.feed.is_none() && !self.members.iter().any(owes)
    }

    fn obey(&mut self) {
        // The dispatcher holds a sender itself, so that this ends by being empty.
        while let Ok(control) = self.controls.try_recv() {
            match control {
                Control::Join(member) => self.members.push(member),
                Control::Leave(id) => self.members.retain(|member| member.id != id),
                Control::Stop(deadline) => self.stop_by = Some(deadline),
            }
        }
    }

    fn settle(&mut self) {
        let Some(last) = &self.last else {
            return;
        };
        let owed = |member: &Member| !matches!(member.owed, Owed::Nothing);
        if !self.members.iter().any(owed) {
            return;
        }
        let snapshot = self.consumers.snapshot();
        self.members
            .retain_mut(|member| member.settle(last, &snapshot) == Presence::Here);
    }

    fn take_one(&mut self) {
        let Some(feed) = &self.feed else {
            return;
        };
        let batch = match feed.try_recv() {
            Ok(batch) => batch,
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {
                self.feed = None;
                self.last_call = Some(Instant::now() + LAST_CALL);
                return;
            }
        };
        // Who joined before the batch was fed is to get it.
        self.obey();
        {
            let mut snapshot = self.consumers.lock_snapshot();
            Arc::make_mut(&mut snapshot).apply(&batch);
        }
        let snapshot = self.consumers.snapshot();
        self.members
            .retain_mut(|member| member.offer(&batch, &snapshot) == Presence::Here);
        self.last = Some(batch);
    }
}

//! The dispatcher's thread.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError, TrySendError};
use log::{debug, warn};

use super::{ConsumerId, Consumers, LAST_CALL, Overflow};
use crate::batch::{Batch, Event};
use crate::error::{Error, ErrorClass};
use crate::scanner::Pulse;
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
        matches!(self.owed, Owed::Batch(..))
    }

    /// Hands over a new batch, or notes down that it could not be.
    fn offer(&mut self, batch: &Arc<Batch>, snapshot: &Snapshot) -> Presence {
        if let Owed::Full { lost } = &mut self.owed {
            *lost += u64::from(*lost > 0);
            return self.settle(batch, snapshot);
        }
        self.try_send(Arc::clone(batch))
    }

    fn try_send(&mut self, batch: Arc<Batch>) -> Presence {
        match self.queue.try_send(batch) {
            Ok(()) => Presence::Here,
            Err(TrySendError::Disconnected(_)) => Presence::Left,
            Err(TrySendError::Full(batch)) => {
                self.owed = match self.overflow {
                    Overflow::Block => Owed::waiting(batch),
                    Overflow::Resync => {
                        debug!("consumer {} has no room, batches are lost", self.id.0);
                        Owed::Full { lost: 1 }
                    }
                };
                Presence::Here
            }
        }
    }

    /// Hands over what comes between two batches. It changes nothing in the table, so that it goes
    /// before the full batch that a newcomer is still waiting for.
    fn notify(&mut self, notice: &Arc<Batch>) -> Presence {
        match &mut self.owed {
            Owed::Batch(..) => Presence::Here,
            Owed::Full { lost } if *lost > 0 => {
                *lost += 1;
                Presence::Here
            }
            Owed::Full { .. } => match self.queue.try_send(Arc::clone(notice)) {
                Err(TrySendError::Disconnected(_)) => Presence::Left,
                Ok(()) | Err(TrySendError::Full(_)) => Presence::Here,
            },
            Owed::Nothing => self.try_send(Arc::clone(notice)),
        }
    }

    /// Hands over what is owed, if there is room by now. `last` is the batch that the snapshot
    /// is up to.
    fn settle(&mut self, last: &Arc<Batch>, snapshot: &Snapshot) -> Presence {
        let batch = match &self.owed {
            Owed::Nothing => return Presence::Here,
            Owed::Batch(batch, _) => Arc::clone(batch),
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

impl Owed {
    fn waiting(batch: Arc<Batch>) -> Self {
        let hold = Hold {
            since: Instant::now(),
            told: false,
        };
        Self::Batch(batch, hold)
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
    pulse: Pulse,
}

impl Dispatcher {
    pub(super) fn new(
        controls: Receiver<Control>,
        feed: Receiver<Arc<Batch>>,
        consumers: Consumers,
        pulse: Pulse,
    ) -> Self {
        Self {
            controls,
            feed: Some(feed),
            consumers,
            members: Vec::new(),
            last: None,
            stop_by: None,
            last_call: None,
            pulse,
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
            self.tell_what_is_stuck();
            if self.is_done() || !self.wait() {
                break;
            }
        }
        let owing = self
            .members
            .iter()
            .filter(|member| member.is_waited_for())
            .count();
        if owing > 0 {
            warn!("stopped while {owing} consumers that block had no room: they lost batches");
        }
    }

    /// Waits until there may be something to do; false when time is up for good.
    fn wait(&self) -> bool {
        let mut select = Select::new();
        select.recv(&self.controls);
        for member in &self.members {
            match member.owed {
                Owed::Nothing => {}
                // There is no state to tell yet.
                Owed::Full { .. } if self.last.is_none() => {}
                Owed::Full { .. } | Owed::Batch(..) => {
                    select.send(&member.queue);
                }
            }
        }
        if let Some(feed) = &self.feed
            && !self.is_held_up()
        {
            select.recv(feed);
        }
        let last = match self.stop_by {
            None if self.is_held_up() => None,
            None => self.last_call,
            stop_by => stop_by,
        };
        let next = self.look_again();
        let deadline = last.map_or(next, |last| last.min(next));
        // A time to look at what may be stuck is no reason to end.
        select.ready_deadline(deadline).is_ok() || last.is_none_or(|last| Instant::now() < last)
    }

    /// When something could be stuck for long enough to be told.
    fn look_again(&self) -> Instant {
        let now = Instant::now();
        let holds = self.members.iter().filter_map(|member| match &member.owed {
            Owed::Batch(_, hold) if !hold.told => Some(hold.since + self.pulse.deadline()),
            _ => None,
        });
        holds.fold(self.pulse.look_again(now), Instant::min)
    }

    fn tell_what_is_stuck(&mut self) {
        let now = Instant::now();
        let deadline = self.pulse.deadline();
        for member in &mut self.members {
            if let Owed::Batch(_, hold) = &mut member.owed
                && !hold.told
                && now.saturating_duration_since(hold.since) >= deadline
            {
                hold.told = true;
                let id = member.id;
                self.consumers.lock_metrics().consumer_stalls_total += 1;
                return self.notify(&Error::new(
                    ErrorClass::Stuck,
                    format!(
                        "{id} blocks, and has had no room for a batch for {deadline:?}: no scan \
                         goes on until it has"
                    ),
                ));
            }
        }
        // What is left in the feed came before the scan under way.
        let is_feed_empty = self.feed.as_ref().is_some_and(Receiver::is_empty);
        if is_feed_empty && let Some(taken) = self.pulse.take_overdue(now) {
            self.notify(&Error::new(
                ErrorClass::Stuck,
                format!("the scan has not come back for {taken:.1?}: its source hangs"),
            ));
        }
    }

    fn notify(&mut self, error: &Error) {
        warn!("{error}");
        self.consumers.lock_metrics().count_failure(error.class());
        let notice = Arc::new(Batch::notice(self.last.as_deref(), error.clone()));
        self.members
            .retain_mut(|member| member.notify(&notice) == Presence::Here);
    }

    /// Whether a consumer that blocks has no room.
    fn is_held_up(&self) -> bool {
        self.members.iter().any(Member::is_waited_for)
    }

    fn is_done(&self) -> bool {
        let owes = |member: &Member| match member.owed {
            Owed::Nothing => false,
            Owed::Full { .. } => self.last.is_some(),
            Owed::Batch(..) => true,
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
        self.consumers.lock_metrics().count_scan(&batch);
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

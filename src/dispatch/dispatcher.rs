//! The dispatcher's thread.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, TryRecvError};
use log::{info, warn};

use super::queue::{Member, Presence};
use super::watchdog::{Overdue, Pulse, late};
use super::{Consumers, StopLimits};
use crate::metrics::CpuClock;
use crate::model::{Batch, BreakerState, ConsumerId, Error, ErrorClass, Pace, Transition};

/// What is asked of the dispatcher besides handing out batches.
pub(super) enum Control {
    Join(Member),
    Leave(ConsumerId),
    Stop(StopLimits),
}

pub(super) struct Dispatcher {
    controls: Receiver<Control>,
    /// `None` once the scanner has ended.
    feed: Option<Receiver<Arc<Batch>>>,
    consumers: Consumers,
    members: Vec<Member>,
    /// The last batch handed out. Once the scan after it is told as stuck, it says that too.
    last: Option<Arc<Batch>>,
    /// Word that the very first scan is stuck, for who joins meanwhile.
    first_is_stuck: Option<Arc<Batch>>,
    stop: Option<StopLimits>,
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
            first_is_stuck: None,
            stop: None,
            pulse,
        }
    }

    pub(super) fn run(mut self) {
        let mut clock = CpuClock::start();
        loop {
            self.obey();
            self.settle();
            // Nothing new while somebody waits for what is old: that holds up the scanner, which is
            // what a consumer that blocks asked for.
            if !self.is_held_up() {
                self.take_one();
            }
            self.tell_what_is_stuck();
            if let Some(spent) = clock.lap() {
                self.consumers.cpu().add_dispatch(spent);
            }
            let is_done = self.feed.is_none() && !self.is_held_up();
            let is_late = self.stop.is_some_and(|stop| Instant::now() >= stop.scan_by);
            if is_done || is_late {
                return self.part();
            }
            self.wait();
        }
    }

    /// Waits until there may be something to do.
    fn wait(&self) {
        let mut select = Select::new();
        select.recv(&self.controls);
        for member in &self.members {
            // What is owed is the state of things, and before the first batch there is none.
            if member.is_waited_for() || (member.is_owed() && self.last.is_some()) {
                member.select_room(&mut select);
            }
        }
        if let Some(feed) = &self.feed
            && !self.is_held_up()
        {
            select.recv(feed);
        }
        // Whether there is something or it is only time to look, the loop finds out.
        let _ = select.ready_deadline(self.look_again());
    }

    /// When there is something to do even if nothing happens.
    fn look_again(&self) -> Instant {
        let now = Instant::now();
        let deadline = self.pulse.deadline();
        let stalls = self
            .members
            .iter()
            .filter_map(|member| member.stalls_at(deadline));
        let scan = match self.is_feed_empty() {
            true => self.pulse.look_again(now),
            // What is in the feed comes first, and a scan under way is looked at after that.
            false => now + deadline,
        };
        let stop = self.stop.map(|stop| match self.is_held_up() {
            true => stop.room_by.min(stop.scan_by),
            false => stop.scan_by,
        });
        stalls.chain(stop).fold(scan, Instant::min)
    }

    fn is_feed_empty(&self) -> bool {
        self.feed.as_ref().is_none_or(Receiver::is_empty)
    }

    /// Whether a consumer that blocks has no room.
    fn is_held_up(&self) -> bool {
        self.members.iter().any(Member::is_waited_for)
    }

    fn obey(&mut self) {
        // The dispatcher holds a sender itself, so that this ends by being empty.
        while let Ok(control) = self.controls.try_recv() {
            match control {
                Control::Join(member) => self.welcome(member),
                Control::Leave(id) => self.members.retain(|member| member.id != id),
                Control::Stop(stop) => self.stop = Some(stop),
            }
        }
        if self.stop.is_some_and(|stop| Instant::now() >= stop.room_by) {
            self.give_up_waiting();
        }
    }

    fn welcome(&mut self, mut member: Member) {
        // Later on it is in the full batch that it begins with.
        let presence = match &self.first_is_stuck {
            Some(notice) => {
                let mut notice = Batch::clone(notice);
                notice.ready_at = Instant::now();
                member.notify(&Arc::new(notice))
            }
            None => Presence::Here,
        };
        if presence == Presence::Here {
            self.members.push(member);
        }
    }

    fn give_up_waiting(&mut self) {
        let waiting = self.members.iter().filter(|member| member.is_waited_for());
        for member in waiting {
            warn!(
                "{} blocks and has no room: it loses batches on stopping",
                member.traffic()
            );
        }
        self.members.iter_mut().for_each(Member::give_up_waiting);
    }

    fn settle(&mut self) {
        let Some(last) = &self.last else {
            return;
        };
        if !self.members.iter().any(Member::is_owed) {
            return;
        }
        let snapshot = self.consumers.snapshot();
        self.members
            .retain_mut(|member| member.settle(last, &snapshot) == Presence::Here);
    }

    /// Hands out one batch of the feed, if there is one.
    fn take_one(&mut self) -> bool {
        let Some(feed) = &self.feed else {
            return false;
        };
        let batch = match feed.try_recv() {
            Ok(batch) => batch,
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => {
                self.feed = None;
                return false;
            }
        };
        self.consumers.count_scan(&batch);
        // Who joined before the batch was fed is to get it.
        self.obey();
        {
            let mut snapshot = self.consumers.lock_snapshot();
            Arc::make_mut(&mut snapshot).apply(&batch);
        }
        let snapshot = self.consumers.snapshot();
        self.members
            .retain_mut(|member| member.offer(&batch, &snapshot) == Presence::Here);
        self.consumers.count_dispatch(batch.age());
        self.last = Some(batch);
        self.first_is_stuck = None;
        true
    }

    /// Hands out what is left and closes all queues, each with what its consumer is owed.
    fn part(mut self) {
        if self.is_held_up() {
            self.give_up_waiting();
        }
        while self.take_one() {}
        let snapshot = self.consumers.snapshot();
        for member in self.members {
            member.part(self.last.as_ref(), &snapshot);
        }
    }

    fn tell_what_is_stuck(&mut self) {
        let now = Instant::now();
        let deadline = self.pulse.deadline();
        let stalled = self
            .members
            .iter_mut()
            .find(|member| member.stalls_at(deadline).is_some_and(|at| now >= at));
        if let Some(member) = stalled {
            member.mark_stall_told();
            let who = Arc::clone(member.traffic());
            self.consumers.count_stall();
            let error = Error::new(
                ErrorClass::Stuck,
                format!(
                    "{who} blocks, and has had no room for a batch for {deadline:?}: no scan goes \
                     on until it has"
                ),
            );
            self.notify(&error, None);
        }
        // What is in the feed came before the scan under way.
        if self.is_feed_empty()
            && let Some(overdue) = self.pulse.take_overdue(now)
        {
            let error = Error::new(
                ErrorClass::Stuck,
                format!(
                    "the scan has not come back for {:.1} s: its source hangs",
                    overdue.taken.as_secs_f64()
                ),
            );
            let opening = opening(&overdue);
            if let Some(opening) = &opening {
                info!("{opening}");
            }
            self.show_stuck(&error, opening.is_some());
            let notice = self.notify(&error, opening);
            if self.last.is_none() {
                self.first_is_stuck = Some(notice);
            }
        }
    }

    /// From now on what is made of the last batch says that the scan is stuck, and that the breaker is open
    /// if that has `opened` it, until the next one says how things are.
    fn show_stuck(&mut self, error: &Error, opened: bool) {
        let Some(last) = &mut self.last else {
            return;
        };
        let last = Arc::make_mut(last);
        last.failure = Some(error.clone());
        if opened {
            last.pace = last.pace.map(Pace::opened);
        }
    }

    fn notify(&mut self, error: &Error, transition: Option<Transition>) -> Arc<Batch> {
        warn!("{error}");
        let notice = Batch::notice(self.last.as_deref(), error.clone(), transition);
        self.consumers.count_notice(&notice);
        let notice = Arc::new(notice);
        self.members
            .retain_mut(|member| member.notify(&notice) == Presence::Here);
        notice
    }
}

/// What a scan that hangs makes of the breaker. The thread that keeps it is the one that hangs.
fn opening(overdue: &Overdue) -> Option<Transition> {
    let from = overdue.breaker?;
    (from != BreakerState::Open)
        .then(|| Transition::breaker(from, BreakerState::Open, late(overdue.taken)))
}

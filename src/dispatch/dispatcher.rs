//! The dispatcher's thread: it sends every batch to every consumer.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, TryRecvError};
use log::{info, warn};

use super::present::Present;
use super::queue::{ConsumerQueue, Presence};
use super::registry::{Registry, Request};
use super::stop::StopLimits;
use super::watchdog::Watchdog;
use crate::metrics::{CpuClock, CpuThread, Observation};
use crate::model::{Batch, Error, ErrorClass};

pub(super) struct Dispatcher {
    requests: Receiver<Request>,
    /// `None` once the scanner has ended.
    feed: Option<Receiver<Arc<Batch>>>,
    registry: Arc<Registry>,
    queues: Vec<ConsumerQueue>,
    present: Present,
    stop: Option<StopLimits>,
    watchdog: Watchdog,
}

impl Dispatcher {
    pub(super) fn new(
        requests: Receiver<Request>,
        feed: Receiver<Arc<Batch>>,
        registry: Arc<Registry>,
        watchdog: Watchdog,
    ) -> Self {
        Self {
            requests,
            feed: Some(feed),
            registry,
            queues: Vec::new(),
            present: Present::default(),
            stop: None,
            watchdog,
        }
    }

    pub(super) fn run(mut self) {
        let mut clock = CpuClock::start();
        loop {
            self.obey();
            self.settle();
            // Nothing new while a consumer waits for what is old: that holds up the scanner, which is
            // what a consumer that blocks asked for.
            if !self.is_held_up() {
                self.send_next();
            }
            self.report_stall();
            self.report_stuck_scan();
            if let Some(spent) = clock.lap() {
                self.registry.observe(Observation::CpuUsed {
                    thread: CpuThread::Dispatch,
                    spent,
                });
            }
            let is_done = self.feed.is_none() && !self.is_held_up();
            let is_late = self.stop.is_some_and(|stop| Instant::now() >= stop.scan_by);
            if is_done || is_late {
                return self.close();
            }
            self.wait();
        }
    }

    /// Waits until there may be something to do.
    fn wait(&self) {
        let mut select = Select::new();
        select.recv(&self.requests);
        for queue in &self.queues {
            // Before the first batch there is no full one to send.
            if queue.is_waited_for() || (queue.is_owed() && self.present.has_begun()) {
                queue.select_room(&mut select);
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

    /// Returns when there is something to do even if nothing happens.
    fn look_again(&self) -> Instant {
        let now = Instant::now();
        let deadline = self.watchdog.deadline();
        let stalls = self
            .queues
            .iter()
            .filter_map(|queue| queue.stalls_at(deadline));
        let scan = match self.is_feed_empty() {
            true => self.watchdog.look_again(now),
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
        self.queues.iter().any(ConsumerQueue::is_waited_for)
    }

    fn obey(&mut self) {
        // The dispatcher holds a sender itself, so that this ends by being empty.
        while let Ok(request) = self.requests.try_recv() {
            match request {
                Request::Join(queue) => self.welcome(queue),
                Request::Leave(id) => self.queues.retain(|queue| queue.id != id),
                Request::Stop(stop) => self.stop = Some(stop),
            }
        }
        if self.stop.is_some_and(|stop| Instant::now() >= stop.room_by) {
            self.give_up_waiting();
        }
    }

    fn welcome(&mut self, mut queue: ConsumerQueue) {
        // After the first batch, the full one that it begins with reports a stuck scan.
        let notice = match self.present.has_begun() {
            false => self.present.stuck_notice(),
            true => None,
        };
        let presence = notice.map(|notice| queue.notify(&Arc::new(notice)));
        if presence != Some(Presence::Left) {
            self.queues.push(queue);
        }
    }

    fn give_up_waiting(&mut self) {
        let waiting = self.queues.iter().filter(|queue| queue.is_waited_for());
        for queue in waiting {
            warn!(
                "{} blocks and has no room: it loses batches on stopping",
                queue.traffic()
            );
        }
        self.queues
            .iter_mut()
            .for_each(ConsumerQueue::give_up_waiting);
    }

    fn settle(&mut self) {
        if !self.present.has_begun() || !self.queues.iter().any(ConsumerQueue::is_owed) {
            return;
        }
        let snapshot = self.registry.snapshot();
        self.queues
            .retain_mut(|queue| queue.settle(&self.present, &snapshot) == Presence::Here);
    }

    /// Sends the next batch of the feed; false if there is none.
    fn send_next(&mut self) -> bool {
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
        self.registry.observe(Observation::Scan(&batch));
        // A consumer that joined before the batch was fed is to get it.
        self.obey();
        self.registry.apply(&batch);
        let snapshot = self.registry.snapshot();
        self.present.move_on(Arc::clone(&batch));
        self.queues
            .retain_mut(|queue| queue.offer(&batch, &self.present, &snapshot) == Presence::Here);
        let took = batch.age();
        self.registry.observe(Observation::Dispatched { took });
        true
    }

    /// Sends what is left and closes all queues, each with what its consumer is owed.
    fn close(mut self) {
        if self.is_held_up() {
            self.give_up_waiting();
        }
        while self.send_next() {}
        let snapshot = self.registry.snapshot();
        for queue in self.queues {
            queue.close(&self.present, &snapshot);
        }
    }

    /// Reports a consumer that blocks and has held up the scans for longer than the deadline.
    fn report_stall(&mut self) {
        let now = Instant::now();
        let deadline = self.watchdog.deadline();
        let stalled = self
            .queues
            .iter_mut()
            .find(|queue| queue.stalls_at(deadline).is_some_and(|at| now >= at));
        let Some(queue) = stalled else {
            return;
        };
        queue.mark_stall_reported();
        let error = Error::new(
            ErrorClass::Stuck,
            format!(
                "{} blocks, and has had no room for a batch for {deadline:?}: no scan goes on until \
                 it has",
                queue.traffic()
            ),
        );
        self.registry.observe(Observation::ConsumerStalled);
        self.notify(self.present.stall_notice(error));
    }

    /// Reports the scan under way if it has taken longer than the deadline.
    fn report_stuck_scan(&mut self) {
        // What is in the feed came before the scan under way.
        if !self.is_feed_empty() {
            return;
        }
        let Some(overdue) = self.watchdog.take_overdue(Instant::now()) else {
            return;
        };
        if let Some(opening) = self.present.get_stuck(&overdue) {
            info!("{opening}");
        }
        if let Some(notice) = self.present.stuck_notice() {
            self.notify(notice);
        }
    }

    fn notify(&mut self, notice: Batch) {
        if let Some(failure) = &notice.failure {
            warn!("{failure}");
        }
        self.registry.observe(Observation::Notice(&notice));
        let notice = Arc::new(notice);
        self.queues
            .retain_mut(|queue| queue.notify(&notice) == Presence::Here);
    }
}

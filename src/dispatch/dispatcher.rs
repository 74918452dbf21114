//! The dispatcher's thread, which sends every batch to every consumer.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, TryRecvError};
use log::{info, warn};

use super::latest::Latest;
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
    latest: Latest,
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
            latest: Latest::default(),
            stop: None,
            watchdog,
        }
    }

    pub(super) fn run(mut self) {
        let mut clock = CpuClock::start();
        loop {
            self.handle_requests();
            self.send_owed();
            // While a consumer blocks, no further batch is sent. The feed fills up, and the scanner
            // waits.
            if !self.is_blocked() {
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
            let is_done = self.feed.is_none() && !self.is_blocked();
            let is_late = self.stop.is_some_and(|stop| Instant::now() >= stop.scan_by);
            if is_done || is_late {
                return self.close();
            }
            self.wait();
        }
    }

    /// Waits for a request, a batch, room in a queue, or the next check.
    fn wait(&self) {
        let mut select = Select::new();
        select.recv(&self.requests);
        for queue in &self.queues {
            // Before the first batch there is no full one to send.
            if queue.is_blocking() || (queue.is_owed() && self.latest.has_begun()) {
                queue.select_room(&mut select);
            }
        }
        if let Some(feed) = &self.feed
            && !self.is_blocked()
        {
            select.recv(feed);
        }
        // The result does not matter: the loop checks everything.
        let _ = select.ready_deadline(self.next_check());
    }

    /// Returns when to check again even if nothing happens.
    fn next_check(&self) -> Instant {
        let now = Instant::now();
        let deadline = self.watchdog.deadline();
        let stalls = self
            .queues
            .iter()
            .filter_map(|queue| queue.stalls_at(deadline));
        let scan = match self.is_feed_empty() {
            true => self.watchdog.next_check(now),
            // Batches in the feed come before the current scan, which is checked after them.
            false => now + deadline,
        };
        let stop = self.stop.map(|stop| match self.is_blocked() {
            true => stop.room_by.min(stop.scan_by),
            false => stop.scan_by,
        });
        stalls.chain(stop).fold(scan, Instant::min)
    }

    fn is_feed_empty(&self) -> bool {
        self.feed.as_ref().is_none_or(Receiver::is_empty)
    }

    /// Returns whether a consumer blocks and its queue is full.
    fn is_blocked(&self) -> bool {
        self.queues.iter().any(ConsumerQueue::is_blocking)
    }

    fn handle_requests(&mut self) {
        // The registry holds a sender, so this ends when the channel is empty.
        while let Ok(request) = self.requests.try_recv() {
            match request {
                Request::Join(queue) => self.join(queue),
                Request::Leave(id) => self.queues.retain(|queue| queue.id != id),
                Request::Stop(stop) => self.stop = Some(stop),
            }
        }
        if self.stop.is_some_and(|stop| Instant::now() >= stop.room_by) {
            self.stop_blocking();
        }
    }

    fn join(&mut self, mut queue: ConsumerQueue) {
        // After the first batch, the full batch of a new consumer has the error of a stuck scan.
        let notice = match self.latest.has_begun() {
            false => self.latest.stuck_notice(),
            true => None,
        };
        let presence = notice.map(|notice| queue.notify(&Arc::new(notice)));
        if presence != Some(Presence::Left) {
            self.queues.push(queue);
        }
    }

    fn stop_blocking(&mut self) {
        let blocking = self.queues.iter().filter(|queue| queue.is_blocking());
        for queue in blocking {
            warn!(
                "{} blocks and its queue is full: it loses batches, because the scanner is stopping",
                queue.traffic()
            );
        }
        self.queues
            .iter_mut()
            .for_each(ConsumerQueue::stop_blocking);
    }

    fn send_owed(&mut self) {
        if !self.latest.has_begun() || !self.queues.iter().any(ConsumerQueue::is_owed) {
            return;
        }
        let snapshot = self.registry.snapshot();
        self.queues
            .retain_mut(|queue| queue.send_owed(&self.latest, &snapshot) == Presence::Here);
    }

    /// Sends the next batch of the feed. Returns false if there is none.
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
        // A consumer that joined before the batch was fed must receive it.
        self.handle_requests();
        let replaced = self.registry.apply(&batch);
        let snapshot = self.registry.snapshot();
        self.latest.advance(Arc::clone(&batch));
        self.queues
            .retain_mut(|queue| queue.offer(&batch, &self.latest, &snapshot) == Presence::Here);
        let took = batch.age();
        self.registry.observe(Observation::Dispatched { took });
        // Freed last, so that no consumer waits for it.
        drop(replaced);
        true
    }

    /// Sends the remaining batches and closes all queues, each with what its consumer is owed.
    fn close(mut self) {
        if self.is_blocked() {
            self.stop_blocking();
        }
        while self.send_next() {}
        let snapshot = self.registry.snapshot();
        for queue in self.queues {
            queue.close(&self.latest, &snapshot);
        }
    }

    /// Reports a consumer that blocks and has delayed the scans for longer than the deadline.
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
                "{} blocks, and its queue has been full for {deadline:?}: scans wait until it has room",
                queue.traffic()
            ),
        )
        .with_advice("read its batches, make its queue longer, or let it lose batches");
        self.registry.observe(Observation::ConsumerStalled);
        self.notify(self.latest.stall_notice(error));
    }

    /// Reports the current scan if it has taken longer than the deadline.
    fn report_stuck_scan(&mut self) {
        // Batches in the feed came before the current scan.
        if !self.is_feed_empty() {
            return;
        }
        let Some(overdue) = self.watchdog.take_overdue(Instant::now()) else {
            return;
        };
        if let Some(opening) = self.latest.mark_stuck(&overdue) {
            info!("{opening}");
        }
        if let Some(notice) = self.latest.stuck_notice() {
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

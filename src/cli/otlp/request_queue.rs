//! Requests that wait for the receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use prost::Message;

use crate::cli::exposition::{OtlpCounts, Sent, gzip};

/// What a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Metrics,
    Logs,
}

impl Signal {
    pub(super) const ALL: [Self; 2] = [Self::Metrics, Self::Logs];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Data points or records.
    pub(super) count: u64,
    pub(super) body: Vec<u8>,
    pub(super) is_gzip: bool,
}

impl Request {
    pub(super) fn new(count: u64, message: &impl Message, is_gzip: bool) -> Self {
        let body = message.encode_to_vec();
        let body = if is_gzip { gzip(&body) } else { body };
        Self {
            count,
            body,
            is_gzip,
        }
    }
}

/// Bytes of the requests of a signal that wait, at most.
const MAX_BYTES: usize = 8 << 20;

/// The requests of a moment, which are dropped together.
pub(super) type Moment = Vec<Request>;

/// What both ends of a queue know.
#[derive(Debug)]
struct Shared {
    signal: Signal,
    bytes: AtomicUsize,
    overflows: AtomicU64,
    counts: Arc<OtlpCounts>,
}

impl Shared {
    /// Notes that a moment has left the queue.
    fn taken(&self, moment: &Moment) {
        self.bytes.fetch_sub(bytes(moment), Ordering::Relaxed);
    }

    fn count_lost(&self, moment: &Moment) {
        let count = moment.iter().map(|request| request.count).sum();
        self.counts.dropped(self.signal.as_str(), count);
    }
}

fn bytes(moment: &Moment) -> usize {
    moment.iter().map(|request| request.body.len()).sum()
}

/// A queue of one signal, in which the oldest moment makes room.
#[derive(Debug)]
pub(super) struct RequestQueue {
    sender: Sender<Moment>,
    receiver: Receiver<Moment>,
    shared: Arc<Shared>,
}

impl RequestQueue {
    /// Creates a queue, and the end from which requests are taken.
    ///
    /// `len`: moments that may wait. `room`: gets a message when there is room again.
    pub(super) fn new(
        signal: Signal,
        len: usize,
        counts: Arc<OtlpCounts>,
        room: Sender<()>,
    ) -> (Self, QueueEnd) {
        let (sender, receiver) = bounded(len);
        let shared = Arc::new(Shared {
            signal,
            bytes: AtomicUsize::new(0),
            overflows: AtomicU64::new(0),
            counts,
        });
        let end = QueueEnd {
            receiver: receiver.clone(),
            shared: Arc::clone(&shared),
            room,
        };
        let queue = Self {
            sender,
            receiver,
            shared,
        };
        (queue, end)
    }

    /// Returns what the exporter counts about itself.
    pub(super) fn counts(&self) -> Sent {
        self.shared.counts.counts()
    }

    /// Returns whether a moment can wait without dropping another.
    pub(super) fn has_room(&self) -> bool {
        !self.sender.is_full() && self.shared.bytes.load(Ordering::Relaxed) < MAX_BYTES
    }

    /// Adds the requests of a moment. It never waits: the oldest are dropped if there is no room, and counted.
    pub(super) fn push(&self, mut moment: Moment) {
        let bytes = bytes(&moment);
        let before = self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        let mut excess = (before + bytes).saturating_sub(MAX_BYTES);
        while excess > 0
            && let Some(dropped) = self.drop_oldest()
        {
            excess = excess.saturating_sub(dropped);
        }
        while let Err(error) = self.sender.try_send(moment) {
            match error {
                TrySendError::Full(back) => moment = back,
                TrySendError::Disconnected(_) => break,
            }
            self.drop_oldest();
        }
        self.note();
    }

    /// Adds the requests of a moment as soon as there is room. If there is none before `deadline`, they are dropped
    /// and counted.
    pub(super) fn push_until(&self, deadline: Instant, moment: Moment) {
        let bytes = bytes(&moment);
        self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Err(error) = self.sender.send_deadline(moment, deadline) {
            let moment = error.into_inner();
            self.shared.taken(&moment);
            self.shared.count_lost(&moment);
        }
        self.note();
    }

    /// Drops the oldest moment, and returns its bytes; `None` if there is none.
    fn drop_oldest(&self) -> Option<usize> {
        let oldest = self.receiver.try_recv().ok()?;
        self.shared.taken(&oldest);
        self.shared.count_lost(&oldest);
        self.shared.overflows.fetch_add(1, Ordering::Relaxed);
        Some(bytes(&oldest))
    }

    fn note(&self) {
        let signal = self.shared.signal.as_str();
        self.shared.counts.waiting(signal, self.sender.len());
    }
}

/// The end of a queue from which requests are taken.
#[derive(Debug)]
pub(super) struct QueueEnd {
    receiver: Receiver<Moment>,
    shared: Arc<Shared>,
    room: Sender<()>,
}

impl QueueEnd {
    /// Waits for the requests of the oldest moment; `None` when no more can come.
    pub(super) fn next(&self) -> Option<Moment> {
        let moment = self.receiver.recv().ok()?;
        self.shared.taken(&moment);
        let signal = self.shared.signal.as_str();
        self.shared.counts.waiting(signal, self.receiver.len());
        // If there is a message already, that is enough.
        let _ = self.room.try_send(());
        Some(moment)
    }

    /// Returns how many moments were dropped since the start for lack of room.
    pub(super) fn overflows(&self) -> u64 {
        self.shared.overflows.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(count: u64, bytes: usize) -> Request {
        Request {
            count,
            body: vec![0; bytes],
            is_gzip: false,
        }
    }

    fn queue(len: usize) -> (RequestQueue, QueueEnd, Arc<OtlpCounts>, Receiver<()>) {
        let counts = Arc::new(OtlpCounts::default());
        let (room, has_room) = bounded(1);
        let (queue, end) = RequestQueue::new(Signal::Logs, len, Arc::clone(&counts), room);
        (queue, end, counts, has_room)
    }

    fn left(queue: RequestQueue, end: &QueueEnd) -> Vec<u64> {
        drop(queue);
        let left = std::iter::from_fn(|| end.next()).flatten();
        left.map(|request| request.count).collect()
    }

    #[test]
    fn the_oldest_moments_make_room_and_are_counted() {
        let (queue, end, counts, has_room) = queue(2);
        for count in 1..=5 {
            assert_eq!(queue.has_room(), count <= 2);
            queue.push(vec![request(count, 1), request(10 * count, 1)]);
        }
        assert_eq!(counts.counts().waiting["logs"], 2);
        assert_eq!((counts.dropped_of("logs"), end.overflows()), (66, 3));
        let oldest = end.next().expect("the oldest");
        assert_eq!([oldest[0].count, oldest[1].count], [4, 40]);
        has_room.try_recv().expect("there is room");
        queue.push_until(Instant::now(), vec![request(6, 1)]);
        queue.push_until(Instant::now(), vec![request(100, 1)]);
        assert_eq!((counts.dropped_of("logs"), end.overflows()), (166, 3));
        assert_eq!(left(queue, &end), [5, 50, 6]);
    }

    #[test]
    fn bytes_are_limited_too() {
        let (queue, end, counts, _has_room) = queue(100);
        for count in 1..=5 {
            queue.push(vec![request(count, MAX_BYTES / 4)]);
        }
        assert_eq!((counts.dropped_of("logs"), end.overflows()), (1, 1));
        assert!(!queue.has_room());
        queue.push(vec![request(6, 2 * MAX_BYTES)]);
        // A moment that is too large for it is there alone.
        assert_eq!(counts.dropped_of("logs"), 1 + 2 + 3 + 4 + 5);
        assert_eq!(left(queue, &end), [6]);
        assert_eq!(end.shared.bytes.load(Ordering::Relaxed), 0);
    }
}

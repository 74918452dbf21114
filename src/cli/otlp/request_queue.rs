//! Requests that wait for the receiver.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

use crate::cli::exposition::{OtlpCounts, Sent};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) signal: Signal,
    /// Data points or records.
    pub(super) count: u64,
    pub(super) body: Vec<u8>,
    pub(super) is_gzip: bool,
}

impl Request {
    pub(super) fn new(signal: Signal, count: u64, message: &impl Message, is_gzip: bool) -> Self {
        let mut body = message.encode_to_vec();
        if is_gzip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder
                .write_all(&body)
                .expect("BUG: a vector takes all bytes");
            body = encoder.finish().expect("BUG: a vector takes all bytes");
        }
        Self {
            signal,
            count,
            body,
            is_gzip,
        }
    }
}

/// A queue of one signal, in which the oldest request makes room.
#[derive(Debug)]
pub(super) struct RequestQueue {
    sender: Sender<Request>,
    receiver: Receiver<Request>,
    overflows: Arc<AtomicU64>,
    counts: Arc<OtlpCounts>,
}

impl RequestQueue {
    /// Creates a queue, and the end from which requests are taken.
    ///
    /// `len`: requests that may wait. `room`: gets a message when there is room again.
    pub(super) fn new(len: usize, counts: Arc<OtlpCounts>, room: Sender<()>) -> (Self, QueueEnd) {
        let (sender, receiver) = bounded(len);
        let overflows = Arc::new(AtomicU64::new(0));
        let end = QueueEnd {
            receiver: receiver.clone(),
            overflows: Arc::clone(&overflows),
            counts: Arc::clone(&counts),
            room,
        };
        let queue = Self {
            sender,
            receiver,
            overflows,
            counts,
        };
        (queue, end)
    }

    /// Returns what the exporter counts about itself.
    pub(super) fn counts(&self) -> Sent {
        self.counts.counts()
    }

    /// Returns whether a request can wait without dropping another.
    pub(super) fn has_room(&self) -> bool {
        !self.sender.is_full()
    }

    /// Adds a request. It never waits: the oldest is dropped if there is no room, and counted.
    pub(super) fn push(&self, mut request: Request) {
        let signal = request.signal.as_str();
        while let Err(error) = self.sender.try_send(request) {
            match error {
                TrySendError::Full(back) => request = back,
                TrySendError::Disconnected(_) => break,
            }
            if let Ok(oldest) = self.receiver.try_recv() {
                self.counts.dropped(signal, oldest.count);
                self.overflows.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.counts.waiting(signal, self.sender.len());
    }

    /// Adds a request as soon as there is room. If there is none before `deadline`, it is dropped and counted.
    pub(super) fn push_until(&self, deadline: Instant, request: Request) {
        let (signal, count) = (request.signal.as_str(), request.count);
        match self.sender.send_deadline(request, deadline) {
            Ok(()) => self.counts.waiting(signal, self.sender.len()),
            Err(_) => self.counts.dropped(signal, count),
        }
    }
}

/// The end of a queue from which requests are taken.
#[derive(Debug)]
pub(super) struct QueueEnd {
    receiver: Receiver<Request>,
    overflows: Arc<AtomicU64>,
    counts: Arc<OtlpCounts>,
    room: Sender<()>,
}

impl QueueEnd {
    /// Waits for the oldest request; `None` when no more can come.
    pub(super) fn next(&self) -> Option<Request> {
        let request = self.receiver.recv().ok()?;
        let signal = request.signal.as_str();
        self.counts.waiting(signal, self.receiver.len());
        // If there is a message already, that is enough.
        let _ = self.room.try_send(());
        Some(request)
    }

    /// Returns how many requests were dropped since the start for lack of room.
    pub(super) fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(count: u64) -> Request {
        Request {
            signal: Signal::Logs,
            count,
            body: Vec::new(),
            is_gzip: false,
        }
    }

    #[test]
    fn the_oldest_requests_make_room_and_are_counted() {
        let counts = Arc::new(OtlpCounts::default());
        let (room, has_room) = bounded(1);
        let (queue, end) = RequestQueue::new(2, Arc::clone(&counts), room);
        for count in 1..=5 {
            assert_eq!(queue.has_room(), count <= 2);
            queue.push(request(count));
        }
        assert_eq!(counts.counts().waiting["logs"], 2);
        assert_eq!((counts.dropped_of("logs"), end.overflows()), (6, 3));
        assert_eq!(end.next().map(|request| request.count), Some(4));
        has_room.try_recv().expect("there is room");
        queue.push_until(Instant::now(), request(6));
        queue.push_until(Instant::now(), request(10));
        assert_eq!((counts.dropped_of("logs"), end.overflows()), (16, 3));
        drop(queue);
        let left = std::iter::from_fn(|| end.next());
        let left: Vec<u64> = left.map(|request| request.count).collect();
        assert_eq!(left, [5, 6]);
    }
}

//! Requests that wait for the receiver.

use std::io::Write;
use std::sync::Arc;

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

    /// Returns the path below the endpoint.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
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

/// A queue in which the oldest request makes room.
#[derive(Debug)]
pub(super) struct RequestQueue {
    sender: Sender<Request>,
    receiver: Receiver<Request>,
    counts: Arc<OtlpCounts>,
}

impl RequestQueue {
    /// Creates a queue, and the end from which requests are taken.
    pub(super) fn new(len: usize, counts: Arc<OtlpCounts>) -> (Self, Receiver<Request>) {
        let (sender, receiver) = bounded(len);
        let end = receiver.clone();
        let queue = Self {
            sender,
            receiver,
            counts,
        };
        (queue, end)
    }

    /// Adds a request. It never waits: the oldest is dropped if there is no room, and counted.
    pub(super) fn push(&self, mut request: Request) {
        while let Err(error) = self.sender.try_send(request) {
            match error {
                TrySendError::Full(back) => request = back,
                TrySendError::Disconnected(_) => break,
            }
            if let Ok(oldest) = self.receiver.try_recv() {
                self.counts.dropped(oldest.signal.as_str(), oldest.count);
            }
        }
        self.counts.waiting(self.sender.len());
    }

    /// Returns what the exporter counts about itself.
    pub(super) fn counts(&self) -> Sent {
        self.counts.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_requests_make_room_and_are_counted() {
        let counts = Arc::new(OtlpCounts::default());
        let (queue, end) = RequestQueue::new(2, Arc::clone(&counts));
        for count in 1..=5 {
            let signal = Signal::ALL[usize::from(count == 2)];
            queue.push(Request {
                signal,
                count,
                body: Vec::new(),
                is_gzip: false,
            });
        }
        assert_eq!(counts.counts().queue_len, 2);
        drop(queue);
        let left: Vec<u64> = end.iter().map(|request| request.count).collect();
        assert_eq!(left, [4, 5]);
        let dropped = counts.counts().dropped;
        assert_eq!((dropped["metrics"], dropped["logs"]), (4, 2));
    }
}

//! Records that wait for the next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use process_scanner::Batch;
use prost::Message;

use super::log_records::records;
use super::otlp_messages::LogRecord;
use super::request_queue::Signal;
use crate::cli::exposition::OtlpCounts;
use crate::cli::settings::LogEvent;

/// Records of a request, at most. As many make a request before its time.
pub(super) const PER_REQUEST: usize = 512;

/// Bytes of records in a request, about. A collector refuses more than some MB.
const REQUEST_BYTES: usize = 1 << 20;

/// Bytes of records that wait, at most.
const MAX_BYTES: usize = 8 << 20;

/// Records of the last batches, the oldest first.
#[derive(Debug)]
pub(super) struct RecordBuffer {
    waiting: Mutex<Waiting>,
    counts: Arc<OtlpCounts>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Encoded.
    records: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Waiting {
    fn pop(&mut self) -> Option<Vec<u8>> {
        let record = self.records.pop_front()?;
        self.bytes -= record.len();
        Some(record)
    }
}

impl RecordBuffer {
    pub(super) fn new(counts: Arc<OtlpCounts>) -> Arc<Self> {
        let waiting = Mutex::default();
        Arc::new(Self { waiting, counts })
    }

    /// Adds records, and returns how many wait. The oldest make room, and are counted.
    fn add(&self, records: impl Iterator<Item = LogRecord>) -> usize {
        let mut dropped = 0;
        let mut waiting = self.lock();
        for record in records {
            let record = record.encode_to_vec();
            waiting.bytes += record.len();
            waiting.records.push_back(record);
            while waiting.bytes > MAX_BYTES && waiting.pop().is_some() {
                dropped += 1;
            }
        }
        self.counts.dropped(Signal::Logs.as_str(), dropped);
        waiting.records.len()
    }

    /// Returns whether records should leave it although the queue is full.
    pub(super) fn is_half_full(&self) -> bool {
        self.lock().bytes > MAX_BYTES / 2
    }

    /// Takes the encoded records of a request, if there are at least as many.
    pub(super) fn take(&self, at_least: usize) -> Option<Vec<Vec<u8>>> {
        let mut waiting = self.lock();
        if waiting.records.len() < at_least.max(1) {
            return None;
        }
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < PER_REQUEST && bytes < REQUEST_BYTES {
            let Some(record) = waiting.pop() else {
                break;
            };
            bytes += record.len();
            taken.push(record);
        }
        Some(taken)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in there panics half way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes records of batches. It never waits.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    pub(super) buffer: Arc<RecordBuffer>,
    /// Reports that there are enough for a request.
    pub(super) due: Sender<()>,
    /// The events that are sent.
    pub(super) events: Arc<[LogEvent]>,
}

impl Recorder {
    /// Adds the records of a batch.
    pub(crate) fn take(&self, batch: &Batch) {
        if self.buffer.add(records(batch, &self.events)) >= PER_REQUEST {
            // If there is one already, that is enough.
            let _ = self.due.try_send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> LogRecord {
        LogRecord {
            event_name: text.to_owned(),
            ..LogRecord::default()
        }
    }

    #[test]
    fn records_are_taken_in_order_and_in_parts() {
        let buffer = RecordBuffer::new(Arc::default());
        assert_eq!(buffer.take(0), None);
        assert!(!buffer.is_half_full());
        let many = (0..PER_REQUEST + 2).map(|n| record(&n.to_string()));
        assert_eq!(buffer.add(many), PER_REQUEST + 2);
        let first = buffer.take(PER_REQUEST).expect("enough");
        assert_eq!(first.len(), PER_REQUEST);
        assert_eq!(buffer.take(PER_REQUEST), None);
        let rest = buffer.take(1).expect("two");
        let expected = ["512", "513"].map(|text| record(text).encode_to_vec());
        assert_eq!(rest, expected);
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let counts = Arc::new(OtlpCounts::default());
        let buffer = RecordBuffer::new(Arc::clone(&counts));
        let large = "x".repeat(1 << 20);
        for _ in 0..20 {
            buffer.add(std::iter::once(record(&large)));
        }
        assert!(buffer.is_half_full());
        let left = std::iter::from_fn(|| buffer.take(1));
        assert_eq!(left.map(|records| records.len()).sum::<usize>(), 7);
        assert_eq!(counts.counts().dropped["logs"], 13);
    }
}

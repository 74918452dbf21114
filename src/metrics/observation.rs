//! What there is to count: each thing that happens, listed once.
//!
//! Two listeners take these in: the [`Tally`](super::Tally), which [`Metrics`](super::Metrics) is read from,
//! and, with the feature `metrics`, the facade of the `metrics` crate.

use std::time::Duration;

use crate::model::Batch;

/// One thing that happened in a scanner.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "only the facade labels its counts by consumer")
)]
pub(crate) enum Observation<'a> {
    /// A scanner was made, with this interval.
    Built { interval_ms: u64 },
    /// Another interval was asked for.
    IntervalAsked { interval_ms: u64 },
    /// The dispatcher received the batch of a scan.
    Scan(&'a Batch),
    /// The dispatcher sends a notice: a scan or a consumer is stuck.
    Notice(&'a Batch),
    /// A batch is in all queues that had room, this long after it was ready.
    Dispatched { took: Duration },
    /// A callback panicked and was removed.
    ConsumerPanicked,
    /// A consumer that blocks has held up the scans for longer than the deadline.
    ConsumerStalled,
    /// A thread of the scanner has used CPU time.
    CpuUsed { thread: CpuThread, spent: Duration },
    /// The queue of a consumer changed.
    Queue {
        /// The consumer's name, where it has one.
        consumer: Option<&'a str>,
        change: QueueChange,
    },
}

/// The threads whose CPU time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CpuThread {
    Scan,
    Dispatch,
    Callbacks,
}

/// What happens to the queue of a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueChange {
    /// A batch was put in.
    Put,
    /// The consumer took a batch out, this long after it was ready.
    Taken { age: Duration },
    /// A batch for which there was no room was dropped.
    Lost,
    /// The consumer is gone, and leaves this many batches in the queue.
    Abandoned { waiting: u64 },
}

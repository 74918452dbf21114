//! The list of everything that is counted.
//!
//! Two listeners receive the observations: the `Tally`, from which
//! [`Metrics`](super::Metrics) is read, and, with the feature `metrics`, the facade of the
//! `metrics` crate.

use std::time::Duration;

use crate::model::Batch;

/// One thing that happened in a scanner.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "only the facade labels its counts by consumer")
)]
pub(crate) enum Observation<'a> {
    /// A scanner was built, with this interval.
    Built { interval_ms: u64 },
    /// Another interval was requested.
    IntervalAsked { interval_ms: u64 },
    /// The source was asked to listen between scans, and cannot.
    NotListening { reason: &'a str },
    /// The dispatcher received a batch: of a scan, or of what the source heard.
    Scan(&'a Batch),
    /// The dispatcher sends a notice: a scan or a consumer is stuck.
    Notice(&'a Batch),
    /// A batch is in all queues with room, this long after it was ready.
    Dispatched { took: Duration },
    /// A callback panicked and was removed.
    ConsumerPanicked,
    /// A blocking consumer has delayed the scans for longer than the deadline.
    ConsumerStalled,
    /// A thread of the scanner has used CPU time.
    CpuUsed { thread: CpuThread, spent: Duration },
    /// The queue of a consumer changed.
    Queue {
        /// The consumer's name, if it has one.
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

/// A change to the queue of a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueChange {
    /// A batch was put in.
    Put,
    /// The consumer received a batch, this long after it was ready.
    Taken { age: Duration },
    /// A batch was lost, because the queue was full.
    Lost,
    /// The consumer left with this many batches in the queue.
    Abandoned { waiting: u64 },
}

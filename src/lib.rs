//! Which processes a host runs, which were born, which died and what each uses: told to any number of
//! consumers, and never a birth or a death that did not happen.
//!
//! From the top: a [`Source`] shows the processes as [`Row`]s; the live host's is `LinuxSource` on Linux and
//! [`SysinfoSource`] elsewhere.
//! A table compares them with what it holds, and what differs is a [`Batch`] of [`Event`]s. A
//! dispatcher hands the same batch to all [`Consumers`]. A [`Scanner`] ties these together and is
//! driven by hand; started, it is a [`ScannerHandle`] that keeps a steady beat on its own thread.
//!
//! ```
//! use process_scanner::{Event, Scanner};
//!
//! let mut scanner = Scanner::builder().build()?;
//! let batch = scanner.scan_once().expect("a live source never ends");
//! assert!(batch.failure.is_none());
//! let ourselves = std::process::id();
//! assert!(batch.events.iter().any(|event| {
//!     matches!(event, Event::Existing(process) if process.pid == ourselves)
//! }));
//! # Ok::<(), process_scanner::Error>(())
//! ```
//!
//! A consumer is a [`Subscription`] that fetches its batches, or a [`Consumer`] that is called with
//! them on a thread of its own. Its first batch is full; only word that the very first scan is stuck
//! can come before. One that is too slow loses batches, is told
//! how many, and gets a full one as soon as it has room, unless it asked to [block](Overflow::Block).
//! Applying every batch to a [`Snapshot`] gives exactly what the scanner holds.
//!
//! What is not known is `None`. A scan that failed is a batch with a [failure](Batch::failure), and
//! takes nobody away: what it did not show stands.
//!
//! Secrets in names and command lines are hidden by a [`Redactor`] in the table and in the recorder, before anybody
//! gets to see them; [`Config::redact`] says how far.
//!
//! A running scanner stays within a [CPU budget](Config::cpu_budget_percent): it scans less often where a
//! scan costs more, and leaves a host alone where scans fail, hang or wait. Each such [`Transition`] is in
//! a batch with its reason, and [`Metrics`] tell what the scanner does and costs at any time.
//!
//! [`Recorder`] writes down what a source says; [`ReplaySource`] plays it again, through the very same
//! table and dispatcher.
//!
//! # Examples
//!
//! In `examples/`: `agent` tells the busiest processes, `tokio_consumer` feeds an async task,
//! `metrics_exporter` carries the metrics to Prometheus, `own_source` scans something else than this host,
//! and `test_with_recording` tests a consumer with a recording.
//!
//! # Features
//!
//! `cli`, on by default, is what only the command `pscan` needs. A library has no use for it:
//! `default-features = false`.
//!
//! `metrics`, off by default, hands [`Metrics`] to the facade of the `metrics` crate as they are counted, so
//! that the agent's own exporter carries them.

/// The README's examples, for `cargo test`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod batch;
mod config;
mod cpu_clock;
mod dispatch;
mod error;
mod event;
mod identity;
mod metrics;
mod pace;
mod process;
mod recording;
mod redact;
mod scanner;
mod snapshot;
mod source;
mod strings;
mod table;
mod top;

pub use crate::batch::{Batch, Cost, Counts};
pub use crate::config::{Collect, Config, SourceChoice};
pub use crate::dispatch::{
    Batches, Consumer, ConsumerId, ConsumerOptions, Consumers, Overflow, RecvError, Subscription,
};
pub use crate::error::{Error, ErrorClass, Result};
pub use crate::event::{Changes, Event};
pub use crate::metrics::{ConsumerMetrics, CpuUse, EventCounts, Metrics, ScanCounts, TimeStats};
pub use crate::pace::{BreakerState, Pace, Transition};
pub use crate::process::{CommandLine, ProcessInfo, ProcessKey, Status};
pub use crate::recording::Recorder;
pub use crate::redact::{Pattern, Redact, Redactor};
pub use crate::scanner::{Scanner, ScannerBuilder, ScannerHandle};
pub use crate::snapshot::{Processes, Snapshot};
#[cfg(target_os = "linux")]
pub use crate::source::LinuxSource;
pub use crate::source::{
    ProcessRow, Reading, Recheck, ReplaySource, Row, Seen, Source, SourceInfo, SysinfoSource,
    Timestamp, live_source,
};
pub use crate::top::{Ranked, TopN, Usage};

/// What this crate's own benches and tests measure by itself: no part of the API, and it may change
/// with any release.
#[doc(hidden)]
pub mod internals {
    pub use crate::table::{Absent, Pass, Table, Told};
}

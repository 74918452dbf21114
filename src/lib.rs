//! A process scanner for monitoring agents: it reports births, exits and changes of a host's processes.
//!
//! It scans all processes at an interval, compares each scan with the one before, and sends the
//! differences to any number of consumers. It stays within a CPU budget, redacts secrets, and never
//! reports a birth or an exit that did not happen.
//!
//! ```
//! use process_scanner::{Config, ConsumerOptions, Event, Scanner};
//!
//! let mut config = Config::default();
//! config.interval_ms = 500;
//! let scanner = Scanner::builder().config(config).start()?;
//! let batches = scanner.consumers().subscribe(ConsumerOptions::default());
//! for batch in batches.iter().take(2) {
//!     println!("scan {}: {} processes", batch.seq, batch.counts.processes);
//!     for event in &batch.events {
//!         match event {
//!             Event::Created(process) => println!("created {:?}", process.key()),
//!             Event::Exited { process, .. } => println!("exited {:?}", process.key()),
//!             _ => {}
//!         }
//!     }
//! }
//! scanner.stop()?;
//! # Ok::<(), process_scanner::Error>(())
//! ```
//!
//! # From scan to consumer
//!
//! 1. A [`Source`] reads the processes: this host by default.
//! 2. The scanner compares them with its table of processes.
//! 3. The result is a [`Batch`]: a header, and one [`Event`] for each process that is new, has changed
//!    or has exited. Unknown values are `None`, never 0. [`FIELDS`] describes
//!    each field of a process.
//! 4. Every consumer receives the same batch.
//!
//! [`ScannerBuilder::start`] returns a [`ScannerHandle`], which scans on its own thread until it is
//! stopped or dropped. [`ScannerBuilder::build`] returns a [`Scanner`], which scans once for each call
//! of [`scan_once`](Scanner::scan_once). A [`ScannerControl`] requests a scan, another interval or the
//! stop from any thread.
//!
//! A consumer is a [`Subscription`], which receives batches when the caller asks for them, or a
//! closure or [`Consumer`] that is [called](Consumers::register) with each batch on its own thread.
//! Consumers register and leave at any time. The first batch of a consumer is full: it lists all
//! processes. Only a notice that the very first scan is stuck can come before it.
//!
//! A slow consumer does not delay the others. It loses batches, and the next batch it receives is full
//! and has the [number of lost batches](Batch::lost_batches). A consumer that must not lose batches can
//! [block](Overflow::Block).
//!
//! A [`Snapshot`] that applies every batch is equal to the scanner's table, even after lost batches.
//! [`TopN`] is a built-in consumer that ranks processes, and [`Groups`] adds up what groups of them use.
//!
//! A consumer [with a filter](ConsumerOptions::with_filter) receives only events of the processes that
//! its [`Filter`] selects, and no batch without one. [`JsonLine`] is an event as a line of JSON.
//!
//! # Failures
//!
//! A failed scan reports an [error](Batch::failure) and no exits: processes that it did not read stay as
//! they were. The [class](ErrorClass) of an [`Error`] is what a program decides by. A scan that hangs
//! and a consumer that blocks are reported by another thread, in a batch without events. After an error
//! that [is final](Error::is_final) there are no more scans.
//!
//! # Cost
//!
//! A running scanner uses at most 0.75 % of one core by default
//! ([`Config::cpu_budget_percent`]), and scans less often where scans cost more. Its breaker opens where
//! scans fail, hang or wait for an overloaded host: then the scanner only probes now and then. The batch
//! reports each such [`Transition`] with its reason. [`Metrics`] count what the scanner does and uses.
//!
//! # Secrets
//!
//! A [`Redactor`] hides passwords, tokens and keys in names and command lines, before any consumer or
//! recording receives them. [`Config::redact`] sets how much is redacted.
//!
//! # Sources
//!
//! The live source is `LinuxSource` on Linux and [`SysinfoSource`] elsewhere, unless
//! [`Config::source`] selects one. Anything with pids can be a source: implement [`Source`], as
//! `examples/own_source.rs` does.
//!
//! # Recordings
//!
//! A [`Recorder`] writes what a source emits to a file. A [`ReplaySource`] reads it back, on any
//! system, through the same table and dispatcher, by the recorded clock.
//!
//! # Testing a consumer
//!
//! [`Batch::new`], the constructors of [`Event`] and [`Transition`], and a [`CommandLine`] collected
//! from its arguments make any batch that a consumer can receive; [`Batch::new`] has an example.
//! To test with the events of a real host, replay a recording: [`ScannerHandle::wait`] and
//! [`Scanner::finish`] return when the consumer has received all of it.
//!
//! # Examples
//!
//! | in `examples/` | |
//! |---|---|
//! | `agent` | prints the busiest processes, births, exits, failures and lost batches |
//! | `watchdog` | reports processes that have exited, or use too much CPU for too long |
//! | `event_stream` | sends births and exits to HTTP clients as server-sent events |
//! | `tokio_consumer` | sends batches to an async task |
//! | `metrics_exporter` | exports the metrics to Prometheus |
//! | `own_source` | scans a list of jobs in place of this host |
//! | `top_groups` | prints the busiest groups of processes as Prometheus text |
//! | `test_with_recording` | tests a consumer with a recording |
//!
//! # Features
//!
//! - `cli`, on by default: the dependencies of the command `pscan`. A library does not need them: use
//!   `default-features = false`.
//! - `metrics`, off by default: emits [`Metrics`] to the facade of the `metrics` crate as they are
//!   counted, for the exporter that the agent installs.
//! - `bench`, off by default: internals for this crate's benches. It is not part of the API, and may
//!   change with any release.

// docs.rs marks items that exist only on some systems.
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Runs the README's examples as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod config;
mod consumers;
mod dispatch;
mod filter;
mod groups;
mod json;
mod metrics;
mod model;
mod recording;
mod redact;
mod scanner;
mod source;
mod table;

pub use crate::config::{Config, Listen, SourceChoice};
pub use crate::consumers::{AsOf, Ranked, TopN, Usage};
pub use crate::dispatch::{
    Batches, Consumer, ConsumerOptions, Consumers, Overflow, RecvError, Subscription,
};
pub use crate::filter::{Filter, Selection};
pub use crate::groups::{
    Group, GroupBy, GroupCounters, GroupExits, GroupId, Groups, GroupsReport, PartialSum, Rule,
};
pub use crate::json::{JsonLine, write_json};
pub use crate::metrics::{ConsumerMetrics, CpuTimes, EventCounts, Metrics, ScanResults, TimeStats};
pub use crate::model::{
    Batch, BreakerState, Change, Changes, Collect, CommandLine, ConsumerId, Cost, Counts, Detail,
    Details, Error, ErrorClass, Event, Exit, ExitStatus, ExitUsage, FIELDS, Field, Hearing,
    ListenStep, Order, Pace, ProcessInfo, ProcessKey, ProcessValues, Processes, Resources, Result,
    Snapshot, Status, Timestamp, Transition, Tree, Unit, Unreadable, Value, escape, is_control,
};
pub use crate::recording::{Recorder, RecordingPart, ReplaySource};
pub use crate::redact::{Pattern, Redact, RedactRule, Redactor};
pub use crate::scanner::{Scanner, ScannerBuilder, ScannerControl, ScannerHandle};
pub use crate::source::{
    Bell, DetailReading, DetailValue, Happening, Heard, HostInfo, ProcessRow, Reading, Recheck,
    Ringer, Row, ScanSummary, Source, SourceInfo, SysinfoSource, live_source,
};
#[cfg(target_os = "linux")]
pub use crate::source::{LinuxSource, ListenOptions};

/// Internals for this crate's benches.
///
/// It is not part of the API, and may change with any release.
#[cfg(feature = "bench")]
pub mod bench {
    pub use crate::table::bench::Table;
}

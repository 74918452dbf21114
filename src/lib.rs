//! Which processes a host runs, which were born, which died and what each uses: told to any number of
//! consumers, and never a birth or a death that did not happen.
//!
//! ```
//! use process_scanner::{Config, ConsumerOptions, Event, Scanner};
//!
//! let mut config = Config::default();
//! config.interval_ms = 500;
//! let scanner = Scanner::builder().config(config).start()?;
//! let batches = scanner.consumers().subscribe(ConsumerOptions::default());
//! for batch in batches.iter().take(2) {
//!     for event in &batch.events {
//!         match event {
//!             Event::Created(process) => println!("{:?} was born", process.key()),
//!             Event::Exited { process, .. } => println!("{:?} is gone", process.key()),
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
//! A [`Scanner`] scans when it is told to, with [`scan_once`](Scanner::scan_once). Started, it is a
//! [`ScannerHandle`] that keeps a steady beat on a thread of its own until it is stopped or dropped; any thread
//! may ask it for a scan, another interval or its end by a [`ScannerControl`]. Either
//! way each scan is a [`Batch`]: a header, and an [`Event`] for each process that is new, has changed or is
//! gone. What is not known is `None`.
//!
//! All [`Consumers`] get the same batch. A consumer is a [`Subscription`] that fetches its batches, a closure
//! that is [called with them](Consumers::register) on a thread of its own, or a [`Consumer`]. It registers
//! and leaves at any time. Its first batch is full, that is it tells all processes; only word that the very
//! first scan is stuck can come before. One that is too slow holds up nobody: it loses batches, is told how
//! many, and gets a full one as soon as it has room, unless it asked to [block](Overflow::Block).
//!
//! Applying every batch to a [`Snapshot`] gives exactly what the scanner holds, whatever was lost.
//! [`TopN`] is a consumer that is ready to use.
//!
//! # When something goes wrong
//!
//! A scan that failed is a batch with a [failure](Batch::failure), and takes nobody away: what it did not
//! show stands. The [class](ErrorClass) of an [`Error`] is what to act on. A scan that hangs and a consumer
//! that holds up the others are told by a thread that they do not hold up. After an error that
//! [is final](Error::is_final) there are no more scans.
//!
//! # What it may cost
//!
//! A running scanner stays within a [CPU budget](Config::cpu_budget_percent): it scans less often where a
//! scan costs more, and leaves a host alone where scans fail, hang or wait. Each such [`Transition`] is in
//! a batch with its reason, and [`Metrics`] tell what the scanner does and costs at any time.
//!
//! # Secrets
//!
//! Secrets in names and command lines are hidden by a [`Redactor`] in the table and in the recorder, before
//! anybody gets to see them; [`Config::redact`] says how far.
//!
//! # Sources
//!
//! A [`Source`] shows the processes as [`Row`]s; a table compares them with what it holds, and what differs
//! are the events. The live host's is `LinuxSource` on Linux and [`SysinfoSource`] elsewhere, unless
//! [`Config::source`] says otherwise. Whatever else has pids can be a source of one's own:
//! `examples/own_source.rs` is one.
//!
//! # Recordings
//!
//! A [`Recorder`] writes down what a source says; a [`ReplaySource`] plays it again, anywhere, through the
//! very same table and dispatcher and by the recorded clock.
//!
//! # Testing a consumer
//!
//! [`Batch::new`], the constructors of [`Event`] and [`Transition`], and a [`CommandLine`] made of its
//! arguments make whatever a consumer may be given; [`Batch::new`] has an example. What a host has really
//! done is in a recording: a scanner of a [`ReplaySource`] plays it to the consumer, and
//! [`ScannerHandle::wait`] or [`Scanner::finish`] returns when it has taken in all of it.
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
//!
//! `bench`, off by default, is for the benches of this crate. What it adds is not part of the API and may
//! change with any release.

// On docs.rs: on which systems there is what is not on all of them.
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The README's examples, for `cargo test`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod config;
mod consumers;
mod dispatch;
mod metrics;
mod model;
mod recording;
mod redact;
mod scanner;
mod source;
mod table;

pub use crate::config::{Collect, Config, SourceChoice};
pub use crate::consumers::{AsOf, Ranked, TopN, Usage};
pub use crate::dispatch::{
    Batches, Consumer, ConsumerOptions, Consumers, Overflow, RecvError, Subscription,
};
pub use crate::metrics::{ConsumerMetrics, CpuUse, EventCounts, Metrics, ScanCounts, TimeStats};
pub use crate::model::{
    Batch, BreakerState, Change, Changes, CommandLine, ConsumerId, Cost, Counts, Error, ErrorClass,
    Event, FIELDS, Field, Order, Pace, ProcessInfo, ProcessKey, Processes, Resources, Result,
    Snapshot, Status, Timestamp, Transition, Unit, Value, escape, is_control,
};
pub use crate::recording::{Recorder, ReplaySource};
pub use crate::redact::{Pattern, Redact, Redactor};
pub use crate::scanner::{Scanner, ScannerBuilder, ScannerControl, ScannerHandle};
#[cfg(target_os = "linux")]
pub use crate::source::LinuxSource;
pub use crate::source::{
    ProcessRow, Reading, Recheck, Row, Seen, Source, SourceInfo, SysinfoSource, live_source,
};

/// What the benches of this crate measure by itself.
///
/// It is not part of the API and may change with any release.
#[cfg(feature = "bench")]
pub mod bench {
    pub use crate::table::bench::Table;
}

#![doc = include_str!("../README.md")]

mod batch;
mod config;
mod dispatch;
mod error;
mod identity;
mod process;
mod recording;
mod scanner;
mod snapshot;
mod source;
mod strings;
mod table;

pub use crate::batch::{Batch, Changes, Cost, Counts, Event};
pub use crate::config::{Collect, Config};
pub use crate::dispatch::{
    Consumer, ConsumerId, ConsumerOptions, Consumers, Overflow, RecvError, Subscription,
};
pub use crate::error::{Error, ErrorClass, Result};
pub use crate::process::{Command, ProcessInfo, ProcessKey, Status};
pub use crate::recording::Recorder;
pub use crate::scanner::{Builder, Scanner, ScannerHandle};
pub use crate::snapshot::Snapshot;
pub use crate::source::{
    ProcessRow, Reading, Recheck, ReplaySource, Row, Seen, Source, SourceInfo, SysinfoSource,
    Timestamp,
};
pub use crate::table::{Absent, Pass, Table, Told};

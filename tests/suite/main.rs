//! All integration tests in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub
)]

mod api;
mod cli;
mod config;
mod dispatch;
#[cfg(target_os = "linux")]
mod faults;
mod filtered;
mod fixtures;
mod fold;
mod groups;
mod heard;
mod hostile;
mod house;
#[cfg(target_os = "linux")]
mod linux;
mod live;
mod metrics;
mod pace;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod pseudoterminal;
mod recordings;
mod redact;
mod scanner;
mod schema;
mod shares;
mod stress;
mod stuck;
mod support;
mod top;
mod uncollected;
mod usage;

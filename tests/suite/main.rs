//! All integration tests in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub
)]

mod alloc;
mod cli;
mod dispatch;
mod fixtures;
mod fold;
mod live;
mod recordings;
mod scanner;
mod support;

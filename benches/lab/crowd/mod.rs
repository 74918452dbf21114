//! Child processes for an experiment to scan.
//!
//! Each is this executable in another role (see [`child`]) or a small program of the system. All of them
//! read from a pipe that only the experiment holds open, so they end when the experiment ends.

pub(crate) mod births;
pub(crate) mod child;
pub(crate) mod children;
#[cfg(target_os = "linux")]
pub(crate) mod room;
pub(crate) mod schedule;
pub(crate) mod turnover;
pub(crate) mod workers;

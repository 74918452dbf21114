//! The values of one process: [`ProcessValues`].

use std::sync::Arc;

use serde::Deserialize;

use super::details::Details;
use super::process::{CommandLine, Status};
use super::resources::Resources;

/// The values of one process, as fields of [`ProcessInfo`](crate::ProcessInfo).
///
/// Unknown values are `None`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ProcessValues {
    /// Process id.
    pub pid: u32,
    /// Start time in milliseconds since the Unix epoch.
    ///
    /// The resolution depends on the source: [`SourceInfo::start_time_resolution_ms`](crate::SourceInfo).
    pub start_time_ms: Option<u64>,
    /// Process id of the parent; `None` if none or unknown.
    pub parent_pid: Option<u32>,
    /// Name given by the system, as last read.
    ///
    /// A process can have given itself an empty one. Bytes that are not UTF-8 are U+FFFD. On Linux a
    /// program's name has at most 15 bytes (`comm` in proc_pid_stat(5)); that of a kernel thread can
    /// be longer.
    pub name: Option<Arc<str>>,
    /// Command line, as last read.
    ///
    /// That of a kernel thread is empty, and so is that of a process that has wiped its arguments.
    pub command: Option<CommandLine>,
    /// Status, as last reported.
    ///
    /// No update reports a switch between running, sleeping and idle.
    pub status: Option<Status>,
    /// CPU share since the scan before, in percent of one core.
    ///
    /// 250 is two and a half cores. For a process born since the scan before, it covers the life of
    /// the process. `None` in the first scan of any other process, and over less than 10 ms or more
    /// than 3 hours.
    pub cpu_percent: Option<f32>,
    /// CPU time since the process started, in milliseconds.
    ///
    /// It is the sum of user and system time.
    pub cpu_time_ms: Option<f64>,
    /// Plain values, such as resident memory.
    #[serde(flatten)]
    pub resources: Resources,
    /// Whether it is a kernel thread.
    pub kernel_thread: Option<bool>,
    /// The optional fields that are collected, such as the user and the number of threads.
    #[serde(flatten)]
    pub details: Details,
}

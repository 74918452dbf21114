//! A process as consumers get it: [`ProcessInfo`], and its parts.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command_line::CommandLine;
use super::details::Details;
use super::resources::Resources;

/// The identity of a process: its pid and start time.
///
/// A process keeps its key for life, through `exec` and as a zombie. No two living processes have the same
/// key. If a source has start times only in whole seconds ([`SourceInfo`](crate::SourceInfo)), two processes
/// that use a pid within one second have equal keys. The `Exited` of the first then comes before the
/// `Created` of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Process id.
    pub pid: u32,
    /// Start time as first reported, in milliseconds since the Unix epoch.
    ///
    /// If it is unknown in the first scan of the process, it is `None` and stays `None`, even if the source
    /// reads it later.
    pub start_time_ms: Option<u64>,
}

/// One process, as in a batch or a snapshot.
///
/// Its fields are those of [`ProcessValues`]; unknown values are `None`. A clone shares the memory of the
/// values until one of the two is changed. In JSON it is an object with the fields of
/// [`FIELDS`](crate::FIELDS), all on one level. It can be read back from formats that name their
/// fields, such as JSON.
///
/// ```
/// use process_scanner::{ProcessInfo, ProcessKey, ProcessValues};
///
/// let start_time_ms = None;
/// let mut process = ProcessInfo::unknown(ProcessKey { pid: 7, start_time_ms });
/// // To keep it:
/// let before = process.clone();
/// process.parent_pid = Some(1);
/// assert_eq!((before.parent_pid, process.parent_pid), (None, Some(1)));
/// // In patterns:
/// let ProcessValues { pid, parent_pid, .. } = &*process;
/// assert_eq!((*pid, *parent_pid), (7, Some(1)));
/// // To change several fields, and to take them out:
/// let values: &mut ProcessValues = &mut process;
/// (values.name, values.parent_pid) = (Some("init".into()), None);
/// let values: ProcessValues = (*process).clone();
/// assert_eq!(values.name.as_deref(), Some("init"));
/// assert_eq!(ProcessInfo::from(values), process);
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "ProcessValues")]
pub struct ProcessInfo(Arc<ProcessValues>);

/// The values of one process, as fields of [`ProcessInfo`]. Unknown values are `None`.
///
/// [`ProcessInfo::unknown`] creates them, and a [`ProcessInfo`] can be serialised.
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

impl ProcessInfo {
    /// Creates a process of which only the key is known.
    pub fn unknown(key: ProcessKey) -> Self {
        Self::from(ProcessValues {
            pid: key.pid,
            start_time_ms: key.start_time_ms,
            parent_pid: None,
            name: None,
            command: None,
            status: None,
            cpu_percent: None,
            cpu_time_ms: None,
            resources: Resources::default(),
            kernel_thread: None,
            details: Details::default(),
        })
    }

    /// The bytes on the heap, which copies share, without texts and details.
    pub(crate) const HEAP_BYTES: usize = 2 * size_of::<usize>() + size_of::<ProcessValues>();

    /// Returns the process's key.
    pub fn key(&self) -> ProcessKey {
        ProcessKey {
            pid: self.pid,
            start_time_ms: self.start_time_ms,
        }
    }
}

impl From<ProcessValues> for ProcessInfo {
    fn from(values: ProcessValues) -> Self {
        Self(Arc::new(values))
    }
}

impl Deref for ProcessInfo {
    type Target = ProcessValues;

    fn deref(&self) -> &ProcessValues {
        &self.0
    }
}

/// Copies the values first if other copies share them.
impl DerefMut for ProcessInfo {
    fn deref_mut(&mut self) -> &mut ProcessValues {
        Arc::make_mut(&mut self.0)
    }
}

/// The state of a process.
///
/// On Linux it is the letter in `stat`: proc_pid_stat(5), field 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// On a CPU or waiting for one (`R`).
    Running,
    /// Waiting; a signal wakes it (`S`).
    Sleeping,
    /// Waiting, usually for a disk; no signal wakes it (`D`).
    DiskSleep,
    /// An idle kernel thread (`I`).
    Idle,
    /// Stopped by a signal (`T`).
    Stopped,
    /// Stopped by a debugger (`t`).
    Traced,
    /// Exited, but the parent has not read its exit status (`Z`).
    Zombie,
    /// Being removed (`X`).
    Dead,
    /// Any other state. A state that a later version wrote to JSON or a recording is also read as this.
    #[serde(other)]
    Other,
}

impl Status {
    /// Returns whether both are running, sleeping or idle.
    ///
    /// A switch between these depends on the moment of the scan, so no update reports it.
    pub(crate) fn is_flip(self, other: Self) -> bool {
        let ordinary = |status| matches!(status, Self::Running | Self::Sleeping | Self::Idle);
        ordinary(self) && ordinary(other)
    }

    /// Returns the name in JSON, in `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::DiskSleep => "disk_sleep",
            Self::Idle => "idle",
            Self::Stopped => "stopped",
            Self::Traced => "traced",
            Self::Zombie => "zombie",
            Self::Dead => "dead",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_status_is_its_name_in_json() {
        for status in [Status::DiskSleep, Status::Running, Status::Other] {
            let json = serde_json::to_value(status).expect("a status is a string");
            assert_eq!(json, status.to_string());
        }
    }

    #[test]
    fn an_unknown_status_is_read_as_other() {
        for (json, expected) in [
            (r#""disk_sleep""#, Status::DiskSleep),
            (r#""other""#, Status::Other),
            (r#""parked""#, Status::Other),
        ] {
            let status: Status = serde_json::from_str(json).expect(json);
            assert_eq!(status, expected, "{json}");
        }
        serde_json::from_str::<Status>("7").expect_err("a number is no status");
    }
}

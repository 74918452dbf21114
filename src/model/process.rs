//! A process as consumers see it: [`ProcessInfo`], and what it is made of.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::resources::Resources;

/// What tells one process from another that had the same pid: `(pid, start time)`.
///
/// It stays the same for as long as the process lives, over `exec` and over becoming a zombie.
/// No two living processes share one. Where a source knows start times only to the second
/// ([`SourceInfo`](crate::SourceInfo)), two processes that use a pid one after the other within a
/// second have equal keys; the `Exited` of the first is then told before the `Created` of the
/// second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Process id.
    pub pid: u32,
    /// Milliseconds from the Unix epoch to the start of the process, as the source first told it;
    /// `None` where it was unknown at first sight, and it stays `None` for this process then.
    pub start_time_ms: Option<u64>,
}

/// One process as a batch or a snapshot tells it. What is not known is `None`.
///
/// In JSON it is an object with the fields of [`FIELDS`](crate::FIELDS), the plain ones beside the others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ProcessInfo {
    /// Process id.
    pub pid: u32,
    /// Milliseconds from the Unix epoch to the process's start. How fine it is depends on the
    /// source: [`SourceInfo::start_time_resolution_ms`](crate::SourceInfo).
    pub start_time_ms: Option<u64>,
    /// Process id of the parent; `None` where it has none, or where it is unknown.
    pub parent_pid: Option<u32>,
    /// The name that the system gives the process, with U+FFFD for bytes that are not UTF-8. On
    /// Linux a program's has at most 15 bytes (`comm` in proc_pid_stat(5)), and that of a thread of
    /// the kernel can have more. The last one that could be read.
    pub name: Option<Arc<str>>,
    /// The command line. The last one that could be read; a kernel thread's is empty.
    pub command: Option<CommandLine>,
    /// What the process was doing when it was last told.
    pub status: Option<Status>,
    /// CPU use since the scan before, in percent of one core: 250 is two and a half cores. `None`
    /// at first sight, and over less than 10 ms or more than 3 hours; for a process born since the
    /// scan before, over its own life.
    pub cpu_percent: Option<f32>,
    /// CPU time used since the process's start, user and system, in milliseconds.
    pub cpu_time_ms: Option<f64>,
    /// Its plain values, such as resident memory.
    #[serde(flatten)]
    pub resources: Resources,
    /// Whether it is a thread of the kernel.
    pub kernel_thread: Option<bool>,
}

impl ProcessInfo {
    /// A process of which only its key is known.
    pub fn unknown(key: ProcessKey) -> Self {
        Self {
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
        }
    }

    /// What identifies it.
    pub fn key(&self) -> ProcessKey {
        ProcessKey {
            pid: self.pid,
            start_time_ms: self.start_time_ms,
        }
    }
}

/// A command line: a list of arguments, the first of them as a rule the program.
///
/// Equal command lines share their memory. Bytes that are not UTF-8 are U+FFFD.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CommandLine {
    /// Each argument followed by a NUL, which no argument can contain.
    terminated: Arc<str>,
}

impl CommandLine {
    pub(crate) fn from_terminated(terminated: Arc<str>) -> Self {
        Self { terminated }
    }

    pub(crate) fn as_terminated(&self) -> &Arc<str> {
        &self.terminated
    }

    /// The arguments in order; none for a kernel thread.
    pub fn args(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.terminated.split_terminator('\0')
    }

    /// Whether it has no arguments at all.
    pub fn is_empty(&self) -> bool {
        self.terminated.is_empty()
    }
}

/// From its arguments, in order. A NUL, which no argument of a process can contain, becomes U+FFFD, so that
/// each stays one argument.
///
/// ```
/// use process_scanner::CommandLine;
///
/// let command: CommandLine = ["sh", "-c", "a\0b"].iter().collect();
/// assert_eq!(command.args().collect::<Vec<_>>(), ["sh", "-c", "a\u{fffd}b"]);
/// ```
impl<S: AsRef<str>> FromIterator<S> for CommandLine {
    fn from_iter<I: IntoIterator<Item = S>>(args: I) -> Self {
        let mut terminated = String::new();
        for arg in args {
            terminated.extend(arg.as_ref().chars().map(|c| match c {
                '\0' => char::REPLACEMENT_CHARACTER,
                c => c,
            }));
            terminated.push('\0');
        }
        Self::from_terminated(terminated.into())
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.args()).finish()
    }
}

/// A list of strings.
impl Serialize for CommandLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for arg in self.args() {
            list.serialize_element(arg)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.iter().collect())
    }
}

/// What a process is doing. On Linux the letter in `stat`: proc_pid_stat(5), field 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// On a CPU or waiting for one (`R`).
    Running,
    /// Waiting for something, and a signal would wake it (`S`).
    Sleeping,
    /// Waiting, as a rule for a disk, and no signal wakes it (`D`).
    DiskSleep,
    /// An idle kernel thread (`I`).
    Idle,
    /// Stopped by a signal (`T`).
    Stopped,
    /// Stopped by a debugger (`t`).
    Traced,
    /// Ended, but its parent has not asked for its exit status (`Z`).
    Zombie,
    /// Being removed (`X`).
    Dead,
    /// Another state of this system's; and what is read from a recording of a later version that knows
    /// more of them.
    #[serde(other)]
    Other,
}

impl Status {
    /// Whether the two differ only in whether the process happened to be on a CPU when it was
    /// looked at. Such flips are noise: no update tells them.
    pub(crate) fn is_flip(self, other: Self) -> bool {
        let ordinary = |status| matches!(status, Self::Running | Self::Sleeping | Self::Idle);
        ordinary(self) && ordinary(other)
    }

    /// The name as JSON has it, `snake_case`.
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

    fn command(terminated: &str) -> CommandLine {
        CommandLine::from_terminated(terminated.into())
    }

    #[test]
    fn arguments_may_be_empty_and_there_may_be_none() {
        assert_eq!(command("").args().count(), 0);
        assert!(command("").is_empty());
        let args: Vec<_> = command("sh\0-c\0\0").args().map(str::to_owned).collect();
        assert_eq!(args, ["sh", "-c", ""]);
    }

    #[test]
    fn a_command_is_made_of_its_arguments() {
        for args in [&[][..], &[""], &["sh", "-c", ""]] {
            let command: CommandLine = args.iter().collect();
            assert_eq!(command.args().collect::<Vec<_>>(), args);
        }
    }

    #[test]
    fn a_command_is_a_list_in_json() {
        let json = serde_json::to_string(&command("a b\0\"\0")).expect("serialises");
        assert_eq!(json, r#"["a b","\""]"#);
        let read: CommandLine = serde_json::from_str(&json).expect("reads back");
        assert_eq!(read, command("a b\0\"\0"));
    }

    #[test]
    fn the_name_of_a_status_is_its_name_in_json() {
        for status in [Status::DiskSleep, Status::Running, Status::Other] {
            let json = serde_json::to_value(status).expect("a status is a string");
            assert_eq!(json, status.to_string());
        }
    }

    #[test]
    fn a_status_of_a_later_version_is_another_one() {
        for (json, expected) in [
            (r#""disk_sleep""#, Status::DiskSleep),
            (r#""other""#, Status::Other),
            (r#""parked""#, Status::Other),
        ] {
            let status: Status = serde_json::from_str(json).expect(json);
            assert_eq!(status, expected, "{json}");
        }
        serde_json::from_str::<Status>("7").expect_err("a number is none");
    }
}

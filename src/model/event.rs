//! The contents of a batch: one [`Event`] per birth, change or exit.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::changes::Changes;
use super::exit::{Exit, ExitStatus};
use super::exit_usage::ExitUsage;
use super::process::ProcessInfo;

/// A birth, a change, an exit or the presence of one process.
///
/// ```
/// use process_scanner::{Changes, Event, Scanner};
///
/// fn describe(event: &Event) -> Option<String> {
///     let process = event.process();
///     let name = process.name.as_deref().unwrap_or("?");
///     match event {
///         Event::Created(_) => Some(format!("{name} was born, pid {}", process.pid)),
///         Event::Updated { changed, .. } if changed.contains(Changes::COMMAND) => {
///             Some(format!("pid {} is {name} now", process.pid))
///         }
///         Event::Exited { lived_ms: Some(ms), .. } => Some(format!("{name} lived {ms} ms")),
///         _ => None,
///     }
/// }
///
/// let mut scanner = Scanner::builder().build()?;
/// for _ in 0..2 {
///     let batch = scanner.scan_once().expect("a live source never ends");
///     batch.events.iter().filter_map(describe).for_each(|line| println!("{line}"));
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The process exists, and its birth is not news.
    ///
    /// A full batch has one for every process. Another batch has it only if no scan was trusted before: the
    /// process may have been there all along.
    Existing(ProcessInfo),
    /// The process was born since the scan before, or the source did not report it until now.
    Created(ProcessInfo),
    /// The process changed.
    #[non_exhaustive]
    Updated {
        /// The process with its new values.
        process: ProcessInfo,
        /// The fields that changed.
        changed: Changes,
    },
    /// The process exited.
    #[non_exhaustive]
    Exited {
        /// The process with its last measured values, and its final CPU time where that is known.
        process: ProcessInfo,
        /// Milliseconds from its start to its end; `None` if the start is unknown.
        ///
        /// Where the end is unknown, it is the time to the scan that missed the process. Then the
        /// process lived up to one interval less.
        lived_ms: Option<u64>,
        /// Nanoseconds from its birth to its end, exactly; `None` if the source did not hear both.
        lived_ns: Option<u64>,
        /// Exit status; `None` if unknown, as always where exits are only found by scans.
        exit: Option<ExitStatus>,
        /// When its last thread ended, in milliseconds since the Unix epoch by the clock of start
        /// times; `None` if unknown.
        ended_at_ms: Option<u64>,
        /// Whether the kernel killed it for lack of memory; `None` if unknown.
        ///
        /// True only if SIGKILL ended it and its own cgroup counted such a kill that no other exit
        /// explains. See [`Exit::likely_oom`](crate::Exit::likely_oom).
        likely_oom: Option<bool>,
        /// What it has used in its whole life; `None` if unknown.
        usage: Option<ExitUsage>,
    },
}

impl Event {
    /// Creates an [`Updated`](Self::Updated), for tests of a consumer.
    pub fn updated(process: ProcessInfo, changed: Changes) -> Self {
        Self::Updated { process, changed }
    }

    /// Creates an [`Exited`](Self::Exited), for tests of a consumer.
    pub fn exited(process: ProcessInfo, lived_ms: Option<u64>) -> Self {
        Self::Exited {
            process,
            lived_ms,
            lived_ns: None,
            exit: None,
            ended_at_ms: None,
            likely_oom: None,
            usage: None,
        }
    }

    /// Sets what is known of the end, if it is an [`Exited`](Self::Exited), for tests of a consumer.
    #[must_use]
    pub fn with_exit(mut self, known: Exit) -> Self {
        if let Self::Exited {
            lived_ns,
            exit,
            ended_at_ms,
            likely_oom,
            usage,
            ..
        } = &mut self
        {
            *lived_ns = known.lived_ns;
            *exit = known.status;
            *ended_at_ms = known.ended_at_ms;
            *likely_oom = known.likely_oom;
            *usage = known.usage;
        }
        self
    }

    /// Returns what is known of the end, if it is an [`Exited`](Self::Exited).
    pub fn exit(&self) -> Option<Exit> {
        let Self::Exited {
            lived_ns,
            exit,
            ended_at_ms,
            likely_oom,
            usage,
            ..
        } = self
        else {
            return None;
        };
        Some(Exit {
            status: *exit,
            ended_at_ms: *ended_at_ms,
            ended_by_ms: None,
            lived_ns: *lived_ns,
            likely_oom: *likely_oom,
            usage: *usage,
        })
    }

    /// Returns the event's process.
    pub fn process(&self) -> &ProcessInfo {
        match self {
            Self::Existing(process)
            | Self::Created(process)
            | Self::Updated { process, .. }
            | Self::Exited { process, .. } => process,
        }
    }

    /// Returns the event's name: `existing`, `created`, `updated` or `exited`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Existing(_) => "existing",
            Self::Created(_) => "created",
            Self::Updated { .. } => "updated",
            Self::Exited { .. } => "exited",
        }
    }
}

/// Serialises as in `pscan watch --json`, without the fields of the batch (`seq`, `at_ms`).
///
/// The fields are `event` (the [kind](Self::kind)), `process`, `changed` for an update, and
/// `lived_ms`, `lived_ns`, `exit`, `ended_at_ms`, `likely_oom` and `usage` for an exit.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let more = match self {
            Self::Existing(_) | Self::Created(_) => 0,
            Self::Updated { .. } => 1,
            Self::Exited { .. } => 6,
        };
        let mut out = serializer.serialize_struct("Event", 2 + more)?;
        out.serialize_field("event", self.kind())?;
        out.serialize_field("process", self.process())?;
        match self {
            Self::Existing(_) | Self::Created(_) => {}
            Self::Updated { changed, .. } => out.serialize_field("changed", changed)?,
            Self::Exited {
                lived_ms,
                lived_ns,
                exit,
                ended_at_ms,
                likely_oom,
                usage,
                ..
            } => {
                out.serialize_field("lived_ms", lived_ms)?;
                out.serialize_field("lived_ns", lived_ns)?;
                out.serialize_field("exit", exit)?;
                out.serialize_field("ended_at_ms", ended_at_ms)?;
                out.serialize_field("likely_oom", likely_oom)?;
                out.serialize_field("usage", usage)?;
            }
        }
        out.end()
    }
}

/// Reads the same form, and any line of `pscan watch --json` that has a process.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(tag = "event", rename_all = "snake_case")]
        enum Written {
            Existing {
                process: ProcessInfo,
            },
            Created {
                process: ProcessInfo,
            },
            Updated {
                process: ProcessInfo,
                changed: Changes,
            },
            Exited {
                process: ProcessInfo,
                lived_ms: Option<u64>,
                #[serde(default)]
                lived_ns: Option<u64>,
                #[serde(default)]
                exit: Option<ExitStatus>,
                #[serde(default)]
                ended_at_ms: Option<u64>,
                #[serde(default)]
                likely_oom: Option<bool>,
                #[serde(default)]
                usage: Option<ExitUsage>,
            },
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Existing { process } => Self::Existing(process),
            Written::Created { process } => Self::Created(process),
            Written::Updated { process, changed } => Self::Updated { process, changed },
            Written::Exited {
                process,
                lived_ms,
                lived_ns,
                exit,
                ended_at_ms,
                likely_oom,
                usage,
            } => Self::Exited {
                process,
                lived_ms,
                lived_ns,
                exit,
                ended_at_ms,
                likely_oom,
                usage,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::process::{ProcessKey, Status};

    fn process() -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: Some(1_700_000_000_120),
        });
        process.name = Some("a \"name\"\n".into());
        process.command = Some(["sh", "-c", ""].iter().collect());
        process.status = Some(Status::DiskSleep);
        process.cpu_percent = Some(12.7);
        process.cpu_time_ms = Some(1_234.567_891);
        process.resources.rss_bytes = Some(u64::MAX);
        process
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let unknown = ProcessInfo::unknown(process().key());
        let changed = Changes::NAME | Changes::RSS;
        for event in [
            Event::Existing(process()),
            Event::Created(unknown),
            Event::updated(process(), changed),
            Event::updated(process(), Changes::default()),
            Event::exited(process(), Some(1)),
            Event::exited(process(), None),
            Event::exited(process(), Some(3)).with_exit(Exit {
                status: Some(ExitStatus::from_wait_status(11 | 0x80)),
                ended_by_ms: None,
                ended_at_ms: Some(1_700_000_000_123),
                lived_ns: Some(3_207_511),
                likely_oom: Some(false),
                usage: Some(ExitUsage {
                    cpu_time_ns: Some(2_107_511),
                    peak_rss_bytes: None,
                    read_bytes: Some(u64::MAX),
                    written_bytes: Some(0),
                }),
            }),
        ] {
            let json = serde_json::to_string(&event).expect("plain data");
            let read: Event = serde_json::from_str(&json).expect(&json);
            assert_eq!(read, event, "{json}");
            let kind = format!(r#"{{"event":"{}","process":{{"pid":7,"#, event.kind());
            assert!(json.starts_with(&kind), "{json}");
        }
    }

    #[test]
    fn a_line_of_watch_with_a_process_is_an_event() {
        let line = r#"{"seq":7,"at_ms":1767225600000,"event":"updated","process":{"pid":4242,
            "start_time_ms":null,"later":1},"changed":["command","later"]}"#;
        let event: Event = serde_json::from_str(line).expect(line);
        let key = ProcessKey {
            pid: 4242,
            start_time_ms: None,
        };
        assert_eq!(
            event,
            Event::updated(ProcessInfo::unknown(key), Changes::COMMAND)
        );
        for line in [
            r#"{"event":"resync","seq":7,"at_ms":1,"lost_batches":3,"pace":null}"#,
            r#"{"event":"updated","process":{"pid":1}}"#,
            r#"{"event":"created","process":{"start_time_ms":1}}"#,
            r#"{"process":{"pid":1}}"#,
        ] {
            serde_json::from_str::<Event>(line).expect_err(line);
        }
    }
}

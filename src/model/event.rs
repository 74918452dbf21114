//! What a batch is made of: one [`Event`] for each thing that happened.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::changes::Changes;
use super::process::ProcessInfo;

/// One thing that happened to one process.
///
/// ```
/// use process_scanner::{Changes, Event, Scanner};
///
/// fn tell(event: &Event) -> Option<String> {
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
///     batch.events.iter().filter_map(tell).for_each(|line| println!("{line}"));
/// }
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// It was there when the scanner began, or this is a full batch. A batch that is not full has it where
    /// no scan before was good: what is shown then was there before, as far as anybody knows.
    Existing(ProcessInfo),
    /// It was born since the scan before, or had not been shown until now.
    Created(ProcessInfo),
    /// Something of it changed.
    #[non_exhaustive]
    Updated {
        /// The process as it is now.
        process: ProcessInfo,
        /// What changed.
        changed: Changes,
    },
    /// It is gone.
    #[non_exhaustive]
    Exited {
        /// The process as it was last seen.
        process: ProcessInfo,
        /// Milliseconds from its start to the scan that missed it, so up to one interval more
        /// than it lived. `None` where its start time is unknown.
        lived_ms: Option<u64>,
    },
}

impl Event {
    /// An [`Updated`](Self::Updated), as tests of a consumer need them.
    pub fn updated(process: ProcessInfo, changed: Changes) -> Self {
        Self::Updated { process, changed }
    }

    /// An [`Exited`](Self::Exited), as tests of a consumer need them.
    pub fn exited(process: ProcessInfo, lived_ms: Option<u64>) -> Self {
        Self::Exited { process, lived_ms }
    }

    /// The process it is about.
    pub fn process(&self) -> &ProcessInfo {
        match self {
            Self::Existing(process)
            | Self::Created(process)
            | Self::Updated { process, .. }
            | Self::Exited { process, .. } => process,
        }
    }

    /// The event's name: `existing`, `created`, `updated` or `exited`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Existing(_) => "existing",
            Self::Created(_) => "created",
            Self::Updated { .. } => "updated",
            Self::Exited { .. } => "exited",
        }
    }
}

/// As `pscan watch --json` has it, without what is the batch's: `event` with the [kind](Self::kind),
/// `process`, `changed` of an update, and `lived_ms` of an exit.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let more = matches!(self, Self::Updated { .. } | Self::Exited { .. });
        let mut out = serializer.serialize_struct("Event", 2 + usize::from(more))?;
        out.serialize_field("event", self.kind())?;
        out.serialize_field("process", self.process())?;
        match self {
            Self::Existing(_) | Self::Created(_) => {}
            Self::Updated { changed, .. } => out.serialize_field("changed", changed)?,
            Self::Exited { lived_ms, .. } => out.serialize_field("lived_ms", lived_ms)?,
        }
        out.end()
    }
}

/// The same, and so a line of `pscan watch --json` that is of a process.
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
            },
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Existing { process } => Self::Existing(process),
            Written::Created { process } => Self::Created(process),
            Written::Updated { process, changed } => Self::Updated { process, changed },
            Written::Exited { process, lived_ms } => Self::Exited { process, lived_ms },
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
        ] {
            let json = serde_json::to_string(&event).expect("plain data");
            let read: Event = serde_json::from_str(&json).expect(&json);
            assert_eq!(read, event, "{json}");
            let kind = format!(r#"{{"event":"{}","process":{{"pid":7,"#, event.kind());
            assert!(json.starts_with(&kind), "{json}");
        }
    }

    #[test]
    fn a_line_of_watch_is_an_event_and_one_that_is_of_no_process_is_none() {
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

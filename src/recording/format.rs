//! The lines of a recording.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::bytes::{Args, Text};
use crate::model::{ErrorClass, Status};
use crate::source::{ProcessRow, Reading};

/// The version written, and the only one read.
pub(crate) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) pscan_recording: u32,
    pub(crate) source: String,
    pub(crate) start_time_resolution_ms: u64,
    pub(crate) own_pid: Option<u32>,
}

/// Any other line. Tagged from outside, because a tag inside would have serde hold the line twice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Scan(TimedScan),
    Recheck(Rechecked),
}

/// One scan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimedScan {
    pub(crate) wall_ms: u64,
    pub(crate) monotonic_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_clock_ms: Option<u64>,
    #[serde(default)]
    pub(crate) unreadable_fields: u32,
    #[serde(default)]
    pub(crate) vanished: Option<u32>,
    #[serde(default)]
    pub(crate) started_total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<Failed>,
    #[serde(default)]
    pub(crate) shown: Shown,
}

/// A second look at what the scan before it did not show.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rechecked {
    #[serde(default)]
    pub(crate) not_able: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<Failed>,
    #[serde(default)]
    pub(crate) shown: Shown,
}

/// Why a scan or a second look failed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failed {
    pub(crate) class: ErrorClass,
    pub(crate) message: String,
}

/// The rows of a scan.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shown {
    /// Processes as read.
    #[serde(deserialize_with = "bounded_list")]
    pub(crate) rows: Vec<RowRecord>,
    /// Pids of processes that are word for word what was last shown of them.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unchanged: Vec<u32>,
    /// Pids of processes that were there and could not be read.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unreadable: Vec<u32>,
}

/// A scan may show so many processes. Without a limit a line of the shortest rows would take 35
/// times its length in memory.
const MAX_ROWS: usize = 1 << 18;

fn bounded_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct ListVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of processes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = list.next_element()? {
                if items.len() == MAX_ROWS {
                    return Err(de::Error::custom(format!(
                        "a scan with more than {MAX_ROWS} processes"
                    )));
                }
                items.push(item);
            }
            Ok(items)
        }
    }
    deserializer.deserialize_seq(ListVisitor(PhantomData))
}

impl Shown {
    /// Every pid it is about.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.rows
            .iter()
            .map(|row| row.pid)
            .chain(self.unchanged.iter().copied())
            .chain(self.unreadable.iter().copied())
    }
}

/// One process as read. `null` is unknown; a name or command left out was not read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowRecord {
    pub(crate) pid: u32,
    pub(crate) start_time_ms: Option<u64>,
    pub(crate) parent_pid: Option<u32>,
    #[serde(default, skip_serializing_if = "is_same")]
    pub(crate) name: Reading<Text>,
    #[serde(default, skip_serializing_if = "is_same")]
    pub(crate) command: Reading<Args>,
    pub(crate) status: Option<Status>,
    pub(crate) cpu_time_ns: Option<u64>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) kernel_thread: Option<bool>,
}

impl RowRecord {
    pub(crate) fn as_row(&self) -> ProcessRow<'_> {
        ProcessRow {
            pid: self.pid,
            start_time_ms: self.start_time_ms,
            parent_pid: self.parent_pid,
            name: self.name.as_ref().map(|text| &text.0[..]),
            command: self.command.as_ref().map(|args| &args.0[..]),
            status: self.status,
            cpu_time_ns: self.cpu_time_ns,
            rss_bytes: self.rss_bytes,
            kernel_thread: self.kernel_thread,
        }
    }
}

impl From<&ProcessRow<'_>> for RowRecord {
    fn from(row: &ProcessRow<'_>) -> Self {
        Self {
            pid: row.pid,
            start_time_ms: row.start_time_ms,
            parent_pid: row.parent_pid,
            name: row.name.map(|name| Text(name.to_vec())),
            command: row.command.map(|command| Args(command.to_vec())),
            status: row.status,
            cpu_time_ns: row.cpu_time_ns,
            rss_bytes: row.rss_bytes,
            kernel_thread: row.kernel_thread,
        }
    }
}

fn is_same<T>(reading: &Reading<T>) -> bool {
    matches!(reading, Reading::Same)
}

/// `null` or the value; [`Reading::Same`] is a field left out.
impl<T: Serialize> Serialize for Reading<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Same | Self::Unknown => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(value) => Self::Known(value),
            None => Self::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_of_too_many_processes_is_refused() {
        let scan = |pids: usize| format!(r#"{{"unchanged":[{}1]}}"#, "1,".repeat(pids - 1));
        assert!(serde_json::from_str::<Shown>(&scan(MAX_ROWS)).is_ok());
        let error = serde_json::from_str::<Shown>(&scan(MAX_ROWS + 1)).expect_err("too many");
        assert!(error.to_string().contains("more than 262144"), "{error}");
    }
}

//! The lines of a recording.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::row::RowRecord;
use crate::model::ErrorClass;

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

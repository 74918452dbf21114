//! The format of a recording, line by line.

use serde::{Deserialize, Serialize};

use super::bounded::bounded_list;
use super::heard::HeardRecord;
use super::part::RecordingPart;
use super::row::RowRecord;
use crate::model::{Collect, ErrorClass, Unreadable};
use crate::source::HostInfo;

/// The version that is written. Older ones are read too.
pub(crate) const VERSION: u32 = 2;

/// The first line of a recording.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) pscan_recording: u32,
    pub(crate) source: String,
    pub(crate) start_time_resolution_ms: u64,
    pub(crate) own_pid: Option<u32>,
    /// Version 1 does not have it.
    #[serde(default, skip_serializing_if = "HostInfo::is_unknown")]
    pub(crate) host: HostInfo,
    /// The source listened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hears_lives: bool,
    /// The source listened to exits alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hears_exits: bool,
    /// What the source collected; left out in older recordings.
    #[serde(default = "nothing", skip_serializing_if = "Collect::is_unset")]
    pub(crate) collects: Collect,
    /// Which part of a recording the file is; left out if it is the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<RecordingPart>,
}

fn nothing() -> Collect {
    Collect::NONE
}

/// Any other line.
///
/// The tag is outside the object: with a tag inside, serde would buffer the whole line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Scan(TimedScan),
    Recheck(Rechecked),
    Heard(HeardRecord),
}

/// A scan with its time, its counts and its rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimedScan {
    pub(crate) wall_ms: u64,
    pub(crate) monotonic_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_clock_ms: Option<u64>,
    #[serde(default)]
    pub(crate) unreadable_fields: u32,
    #[serde(default, skip_serializing_if = "Unreadable::is_empty")]
    pub(crate) unreadable: Unreadable,
    #[serde(default)]
    pub(crate) vanished: Option<u32>,
    #[serde(default)]
    pub(crate) started_total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<Failed>,
    #[serde(default)]
    pub(crate) shown: Shown,
}

/// The recheck of the processes that the scan before did not report.
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

/// The failure of a scan or a recheck.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failed {
    pub(crate) class: ErrorClass,
    pub(crate) message: String,
}

/// The rows of a scan or a recheck.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shown {
    /// Processes as they were read.
    #[serde(deserialize_with = "bounded_list")]
    pub(crate) rows: Vec<RowRecord>,
    /// Pids of processes that are exactly as last reported.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unchanged: Vec<u32>,
    /// For each of them, when its CPU time was read, in nanoseconds after the time of the scan. Empty if no time
    /// is known.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unchanged_read_offset_ns: Vec<Option<i64>>,
    /// Pids of processes that exist but could not be read.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unreadable: Vec<u32>,
}

impl Shown {
    /// Adds an unchanged process.
    pub(crate) fn add_unchanged(&mut self, pid: u32, read_offset_ns: Option<i64>) {
        let known = self.unchanged_read_offset_ns.len();
        if read_offset_ns.is_some() || known > 0 {
            // Those before it had no time.
            self.unchanged_read_offset_ns
                .resize(self.unchanged.len(), None);
            self.unchanged_read_offset_ns.push(read_offset_ns);
        }
        self.unchanged.push(pid);
    }

    /// Returns the unchanged processes with their times.
    pub(crate) fn unchanged(&self) -> impl Iterator<Item = (u32, Option<i64>)> {
        let times = self.unchanged_read_offset_ns.iter().copied();
        let pids = self.unchanged.iter().copied();
        pids.zip(times.chain(std::iter::repeat(None)))
    }

    /// Returns the pids of all three lists.
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
    use super::super::bounded::MAX_ROWS;
    use super::*;

    #[test]
    fn a_scan_of_too_many_processes_is_refused() {
        let scan = |pids: usize| format!(r#"{{"unchanged":[{}1]}}"#, "1,".repeat(pids - 1));
        assert!(serde_json::from_str::<Shown>(&scan(MAX_ROWS)).is_ok());
        let error = serde_json::from_str::<Shown>(&scan(MAX_ROWS + 1)).expect_err("too many");
        assert!(error.to_string().contains("more than 262144"), "{error}");
    }
}

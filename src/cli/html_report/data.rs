//! The data of a report, as the page reads it.
//!
//! Times are milliseconds since the Unix epoch. Unknown values are null. Series have one value per bucket.

use process_scanner::HostInfo;
use serde::Serialize;

use super::lives_data::LivesData;
use super::programs_data::ProgramData;

/// The format of the data. A page reads its own alone, so it changes with the page.
pub(super) const SCHEMA: u32 = 1;

/// All data of a report.
#[derive(Debug, Serialize)]
pub(crate) struct ReportData {
    pub(super) schema: u32,
    pub(super) pscan: &'static str,
    pub(super) recording: String,
    pub(super) host: Option<HostInfo>,
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    pub(super) utc_offset_minutes: i32,
    pub(super) totals: TotalsData,
    pub(super) notes: Vec<String>,
    pub(super) times_ms: Vec<u64>,
    pub(super) gaps: Vec<(u64, u64)>,
    pub(super) processes: Vec<Option<u64>>,
    pub(super) births: Vec<u64>,
    pub(super) exits: ByKind<Vec<u64>>,
    pub(super) groupings: Vec<GroupingData>,
    pub(super) programs: Vec<ProgramData>,
    pub(super) programs_left_out: u64,
    pub(super) growers: Vec<GrowerData>,
    pub(super) lives: LivesData,
    pub(super) lives_total: u64,
    pub(super) lives_rule: &'static str,
}

impl ReportData {
    /// Returns the title of the page.
    pub(super) fn title(&self) -> String {
        format!("{} – pscan report", self.recording)
    }
}

/// A value for each kind of exit.
#[derive(Debug, Serialize)]
pub(super) struct ByKind<T> {
    pub(super) ok: T,
    pub(super) failed: T,
    pub(super) signal: T,
    pub(super) out_of_memory: T,
    pub(super) unknown: T,
}

impl<T> ByKind<T> {
    /// `values`: in the order of [`ExitKind::ALL`](crate::cli::history::ExitKind).
    pub(super) fn new([ok, failed, signal, out_of_memory, unknown]: [T; 5]) -> Self {
        Self {
            ok,
            failed,
            signal,
            out_of_memory,
            unknown,
        }
    }
}

/// The figures of the whole recording.
#[derive(Debug, Serialize)]
pub(super) struct TotalsData {
    pub(super) scans: u64,
    pub(super) failed_scans: u64,
    pub(super) processes_at_start: u64,
    pub(super) processes_at_end: u64,
    pub(super) processes_most: u64,
    pub(super) births: u64,
    pub(super) exits: u64,
    pub(super) failures: Option<u64>,
    pub(super) outcomes: ByKind<u64>,
    pub(super) unseen_at_most: Option<u64>,
    pub(super) hearing: &'static str,
    pub(super) cpu_ms: Option<f64>,
    pub(super) rss_most_bytes: Option<u64>,
}

/// The groups of one grouping over time.
#[derive(Debug, Serialize)]
pub(super) struct GroupingData {
    pub(super) by: &'static str,
    pub(super) groups: Vec<GroupData>,
}

/// A group over time.
#[derive(Debug, Serialize)]
pub(super) struct GroupData {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// In percent of one core.
    pub(super) cpu_percent: Vec<Option<f64>>,
    pub(super) rss_bytes: Vec<Option<u64>>,
}

/// A life whose memory only rose.
#[derive(Debug, Serialize)]
pub(super) struct GrowerData {
    /// Its place in the lives.
    pub(super) life: usize,
    pub(super) rss_first_bytes: u64,
    pub(super) rss_last_bytes: u64,
    pub(super) bytes_per_hour: f64,
    pub(super) curve: Vec<u64>,
}

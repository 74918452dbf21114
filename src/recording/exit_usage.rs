//! What a process has used in its whole life, in a recording.

use serde::{Deserialize, Serialize};

use crate::model::ExitUsage;

/// What a process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageRecord {
    cpu_time_ns: Option<u64>,
    peak_rss_bytes: Option<u64>,
    read_bytes: Option<u64>,
    written_bytes: Option<u64>,
}

impl UsageRecord {
    pub(super) fn of(usage: ExitUsage) -> Self {
        let ExitUsage {
            cpu_time_ns,
            peak_rss_bytes,
            read_bytes,
            written_bytes,
        } = usage;
        Self {
            cpu_time_ns,
            peak_rss_bytes,
            read_bytes,
            written_bytes,
        }
    }

    /// Returns what was recorded; `None` if nothing is known.
    pub(super) fn usage(self) -> Option<ExitUsage> {
        let usage = ExitUsage {
            cpu_time_ns: self.cpu_time_ns,
            peak_rss_bytes: self.peak_rss_bytes,
            read_bytes: self.read_bytes,
            written_bytes: self.written_bytes,
        };
        (!usage.is_unknown()).then_some(usage)
    }
}

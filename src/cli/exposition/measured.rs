//! What is written as text.

use process_scanner::{GroupsReport, Metrics, ProcessInfo};

use super::serving::ServerCounts;

/// Groups, and what scanner and server count about themselves.
pub(super) struct Measured<'m> {
    pub(super) groups: &'m GroupsReport,
    pub(super) metrics: &'m Metrics,
    pub(super) served: &'m ServerCounts,
    /// The process of pscan, if it is scanned.
    pub(super) own: Option<&'m ProcessInfo>,
}

//! What is written as text.

use process_scanner::{GroupsReport, Metrics};

/// Groups, and what the scanner counts about itself.
pub(super) struct Measured<'m> {
    pub(super) groups: &'m GroupsReport,
    pub(super) metrics: &'m Metrics,
}

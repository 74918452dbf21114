//! Metrics of groups and of the scanner, as text for Prometheus.

mod families;
mod format;
mod group_families;
mod label;
mod published;
mod scan_families;
mod textfile;

pub(crate) use self::format::Format;
pub(crate) use self::published::{Freshness, Published, Publisher};
pub(crate) use self::textfile::Textfile;

use process_scanner::{GroupsReport, Metrics};

use self::families::Families;

/// What is written as text.
pub(crate) struct Measured<'m> {
    pub(crate) groups: &'m GroupsReport,
    pub(crate) metrics: &'m Metrics,
}

/// Writes all metrics.
pub(crate) fn text(measured: &Measured<'_>, format: Format) -> String {
    let mut families = Families::new(format);
    group_families::write(measured.groups, &mut families);
    scan_families::write(measured, &mut families);
    families.finish()
}

#[cfg(test)]
mod tests;

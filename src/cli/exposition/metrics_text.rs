//! All metrics as one text.

use super::families::Families;
use super::measured::Measured;
use super::text_format::Format;
use super::{group_families, own_families, scan_families};

/// Writes all metrics.
pub(super) fn text(measured: &Measured<'_>, format: Format) -> String {
    let mut families = Families::new(format);
    group_families::write(measured.groups, &mut families);
    scan_families::write(measured, &mut families);
    own_families::write(measured, &mut families);
    if let Some(own) = measured.own.filter(|_| format != Format::Textfile) {
        own_families::process(own, &mut families);
    }
    families.finish()
}

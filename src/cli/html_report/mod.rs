//! The report of a recording: one HTML page.

mod choice;
mod collected_report;
mod data;
mod escaped_json;
mod group_series;
mod groupings_data;
mod growth;
mod html;
mod kept_lives;
mod lives_data;
mod page;
mod programs_data;
mod ranking;
mod remarks;
mod resident;
mod rounding;
mod timeline;
#[cfg(test)]
mod timeline_tests;

pub(crate) use self::collected_report::{About, CollectedReport};
pub(crate) use self::data::ReportData;
pub(crate) use self::html::write_page;

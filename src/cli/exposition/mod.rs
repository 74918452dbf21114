//! Metrics of groups and of the scanner, as text for Prometheus.

#[cfg(test)]
mod exposition_tests;
mod families;
mod group_families;
mod label;
mod labelled;
#[cfg(test)]
mod made_processes;
mod measured;
mod metrics_text;
mod otlp_counts;
mod own_families;
mod published;
mod scan_families;
mod serving;
mod text_format;
mod textfile;

pub(crate) use self::label::label;
pub(crate) use self::labelled::{cpu_by_thread, unknown_by_value};
#[cfg(test)]
pub(crate) use self::made_processes::{process, two_batches};
pub(crate) use self::otlp_counts::OtlpCounts;
pub(crate) use self::published::{Freshness, Published, Publisher};
pub(crate) use self::text_format::Format;
pub(crate) use self::textfile::Textfile;

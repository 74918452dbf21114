//! Metrics of groups and of the scanner, as text for Prometheus.

#[cfg(test)]
mod exposition_tests;
mod families;
mod group_families;
mod gzip;
mod helps;
mod label;
mod labelled;
#[cfg(test)]
mod made_processes;
#[cfg(test)]
mod made_text;
mod measured;
mod metrics_text;
mod otlp_counts;
mod own_families;
mod published;
mod scan_families;
mod serving;
mod text_format;
mod textfile;

pub(crate) use self::gzip::gzip;
pub(crate) use self::helps::help;
pub(crate) use self::label::label;
pub(crate) use self::labelled::{
    breaker_states, cpu_by_thread, events_by_kind, hearing_states, listening_states, processes,
    table_bytes, unknown_by_value,
};
#[cfg(test)]
pub(crate) use self::made_processes::{process, two_batches};
#[cfg(test)]
pub(crate) use self::made_text::{family_names, full_text};
pub(crate) use self::otlp_counts::{OtlpCounts, Sent};
pub(crate) use self::published::{Freshness, Published, Publisher};
pub(crate) use self::text_format::{Format, weighted};
pub(crate) use self::textfile::Textfile;

//! Sends metrics and log records to a receiver of OpenTelemetry: OTLP over HTTP.

mod backoff;
mod data_points;
#[cfg(test)]
mod data_points_tests;
mod delivery;
#[cfg(test)]
mod delivery_tests;
#[cfg(feature = "tls")]
mod encryption;
mod exporter;
#[cfg(test)]
mod fake_delivery;
#[cfg(test)]
mod fake_receiver;
mod gatherer;
#[cfg(feature = "tls")]
mod handshake_failures;
mod http_answer;
mod http_client;
mod log_records;
#[cfg(test)]
mod log_records_tests;
mod metric_families;
mod metric_parts;
#[cfg(not(feature = "tls"))]
mod no_encryption;
mod otlp_messages;
mod otlp_resource;
mod record_bodies;
mod record_buffer;
mod request_queue;
#[cfg(test)]
mod same_metrics_tests;
mod scanner_points;
mod starts;
#[cfg(feature = "tls")]
#[cfg(test)]
mod tls_tests;
mod troubles;
mod written_metrics;

#[cfg(feature = "tls")]
pub(crate) use self::encryption::Encryption;
pub(crate) use self::exporter::Exporter;
#[cfg(not(feature = "tls"))]
pub(crate) use self::no_encryption::Encryption;
pub(crate) use self::record_buffer::Recorder;

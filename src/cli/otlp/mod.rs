//! Sends metrics and log records to a receiver of OpenTelemetry: OTLP over HTTP.

mod backoff;
mod data_points;
#[cfg(test)]
mod data_points_tests;
mod delivery;
#[cfg(test)]
mod delivery_tests;
mod exporter;
#[cfg(test)]
mod fake_delivery;
#[cfg(test)]
mod fake_receiver;
mod gatherer;
mod http_client;
mod log_records;
mod otlp_messages;
mod otlp_resource;
mod record_buffer;
mod request_queue;
mod troubles;

pub(crate) use self::exporter::Exporter;
pub(crate) use self::record_buffer::Recorder;

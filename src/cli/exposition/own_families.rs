//! Metrics of the program itself: its server, and its process.

use process_scanner::ProcessInfo;

use super::families::{Families, Number, Type, seconds};
use super::measured::Measured;
use super::otlp_counts::Sent;

/// Writes the families of the server, and of the exporter if there is one.
pub(super) fn write(measured: &Measured<'_>, families: &mut Families) {
    let served = measured.served;
    let mut requests = families.family(Type::Counter, "pscan_serve_requests_total");
    for (status, count) in &served.requests {
        requests.sample(&[("code", &status.to_string())], Number::from(*count));
    }
    families
        .family(Type::Counter, "pscan_serve_closed_connections_total")
        .sample(&[], Number::from(served.closed_connections));
    families
        .family(Type::Gauge, "pscan_serve_event_clients")
        .sample(&[], Number::from(served.event_clients));
    let reload = served.reload;
    families
        .family(Type::Gauge, "pscan_serve_reload_successful")
        .sample(
            &[],
            reload.map(|reload| Number::from(u64::from(reload.is_good))),
        );
    families
        .family(Type::Gauge, "pscan_serve_reload_timestamp_seconds")
        .sample(&[], reload.map(|reload| seconds(reload.at_ms as f64)));
    if let Some(sent) = &served.otlp {
        otlp(sent, families);
    }
}

/// Writes the families of the exporter of OTLP.
fn otlp(sent: &Sent, families: &mut Families) {
    let mut requests = families.family(Type::Counter, "pscan_otlp_requests_total");
    for (result, count) in &sent.requests {
        requests.sample(&[("result", result)], Number::from(*count));
    }
    let mut dropped = families.family(Type::Counter, "pscan_otlp_dropped_total");
    for (signal, count) in &sent.dropped {
        dropped.sample(&[("signal", signal)], Number::from(*count));
    }
    let mut waiting = families.family(Type::Gauge, "pscan_otlp_queue_length");
    for (signal, count) in &sent.waiting {
        waiting.sample(&[("signal", signal)], Number::from(*count));
    }
}

/// Writes what exporters usually have of their own process, as of the last scan.
pub(super) fn process(own: &ProcessInfo, families: &mut Families) {
    families
        .family(Type::Counter, "process_cpu_seconds_total")
        .sample(&[], own.cpu_time_ms.map(seconds));
    families
        .family(Type::Gauge, "process_resident_memory_bytes")
        .sample(&[], own.resources.rss_bytes.map(Number::Whole));
    families
        .family(Type::Gauge, "process_start_time_seconds")
        .sample(&[], own.start_time_ms.map(|ms| seconds(ms as f64)));
}

//! Compares the metrics of OTLP with those of `/metrics`: names, and values.

use std::collections::BTreeSet;
use std::sync::Arc;

use process_scanner::{
    Batch, Consumer, CpuTimes, ErrorClass, Event, GroupBy, Groups, GroupsReport, ListenStep,
    Metrics,
};

use super::data_points;
use super::metric_families::BOTH;
use super::otlp_messages::{Data, Metric, Number};
use super::starts::Starts;
use crate::cli::exposition::{Sent, family_names, full_text, process, two_batches};

/// Families that OTLP does not have, each with the reason.
const ONLY_AS_TEXT: &[(&str, &str)] = &[
    (
        "process_cpu_seconds_total",
        "a sum of process.cpu.time would count pscan twice: it is in a group",
    ),
    ("process_resident_memory_bytes", "as above"),
    ("process_start_time_seconds", "as above"),
    (
        "pscan_build_info",
        "version, system and architecture are attributes of the resource",
    ),
    (
        "pscan_scan_dispatch_duration_seconds",
        "a summary: OTLP has that type for old formats alone",
    ),
    ("pscan_scan_duration_seconds", "as above"),
    (
        "pscan_serve_closed_connections_total",
        "of the server, and of use to its clients",
    ),
    ("pscan_serve_event_clients", "as above"),
    (
        "pscan_serve_reload_successful",
        "as above: a reload has a message too",
    ),
    ("pscan_serve_reload_timestamp_seconds", "as above"),
    ("pscan_serve_requests_total", "as above"),
];

/// Returns metrics in which each value is known, and is another one.
fn all_known() -> Metrics {
    let mut next = 100;
    let mut number = || {
        next += 1;
        next
    };
    let mut metrics = Metrics::default();
    for value in [
        &mut metrics.scans_total.good,
        &mut metrics.scans_total.failed,
        &mut metrics.retries_total,
        &mut metrics.interval_asked_ms,
        &mut metrics.interval_ms,
        &mut metrics.interval_changes_total,
        &mut metrics.budget_exceeded_total,
        &mut metrics.heard_batches_total,
        &mut metrics.hearing_lost_total,
        &mut metrics.usage_lost_total,
        &mut metrics.exits_without_usage_total,
        &mut metrics.breaker_opened_total,
        &mut metrics.table_bytes,
        &mut metrics.events_total.existing,
        &mut metrics.events_total.created,
        &mut metrics.events_total.updated,
        &mut metrics.events_total.exited,
        &mut metrics.unreadable_fields_total,
        &mut metrics.consumer_panics_total,
        &mut metrics.consumer_stalls_total,
        &mut metrics.batches_delivered_total,
        &mut metrics.batches_lost_total,
    ] {
        *value = number();
    }
    let mut cpu = CpuTimes::default();
    (cpu.scan_ms, cpu.dispatch_ms, cpu.callbacks_ms) = (1.5, 2.5, 3.5);
    metrics.cpu_total = Some(cpu);
    metrics.errors_total = [(ErrorClass::Stuck, number())].into();
    metrics.unreadable_total = [("command", number())].into();
    metrics.unseen_births_at_most_total = Some(number());
    metrics.vanished_total = Some(number());
    metrics.listening = Some(ListenStep::Bare);
    metrics.usage = Some(true);
    metrics.processes = 77;
    metrics
}

fn report() -> GroupsReport {
    let mut groups = Groups::by(GroupBy::Name);
    let [mut first, second] = two_batches("db");
    // It lives on, and none of its values is known.
    first.push(Event::Existing(process(5, "odd", None)));
    for (seq, events) in (1..).zip([first, second]) {
        let batch = Batch::new(seq, 1_700_000_000_000 + 1000 * seq, events);
        groups.on_batch(&Arc::new(batch));
    }
    groups.report()
}

/// Returns the values of a family, in order of size.
fn as_text(text: &str, name: &str) -> Vec<f64> {
    let samples = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let is_it = series.split('{').next() == Some(name);
        is_it.then(|| value.parse().expect(line))
    });
    sorted(samples.collect())
}

/// Returns the values of a metric, in order of size.
fn as_points(metric: &Metric) -> Vec<f64> {
    let points = match metric.data.clone().expect("data") {
        Data::Gauge(gauge) => gauge.data_points,
        Data::Sum(sum) => sum.data_points,
    };
    let values = points.iter().map(|point| match point.value {
        Some(Number::Whole(value)) => value as f64,
        Some(Number::Real(value)) => value,
        None => panic!("{} has a point without a value", metric.name),
    });
    sorted(values.collect())
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn otlp_has_the_metrics_of_the_text() {
    let (report, metrics) = (report(), all_known());
    let sent = Sent {
        requests: [("ok", 11), ("failed", 12)].into(),
        dropped: [("metrics", 13), ("logs", 14)].into(),
        waiting: [("metrics", 15), ("logs", 16)].into(),
    };
    let text = full_text(&report, &metrics, &sent);
    let found = data_points::metrics(&report, &metrics, &sent, &mut Starts::new(5), 9);

    let listed = BOTH.iter().map(|(_, family)| *family);
    let listed: BTreeSet<&str> = listed
        .chain(ONLY_AS_TEXT.iter().map(|(family, _)| *family))
        .collect();
    assert_eq!(
        listed.len(),
        BOTH.len() + ONLY_AS_TEXT.len(),
        "one is listed twice"
    );
    assert_eq!(
        family_names(),
        listed,
        "list a new family, with a metric of OTLP or a reason"
    );
    let names: BTreeSet<&str> = found.iter().map(|metric| metric.name.as_str()).collect();
    let in_both: BTreeSet<&str> = BOTH.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, in_both, "list a new metric, with its family");
    assert_eq!(names.len(), found.len(), "one is there twice");

    for (name, family) in BOTH {
        let metric = found.iter().find(|metric| metric.name == *name);
        let values = as_points(metric.expect(name));
        assert!(!values.is_empty());
        assert_eq!(values, as_text(&text, family), "{name} and {family}");
    }
}

#[test]
fn the_document_has_all_metrics() {
    let document = include_str!("../../../docs/serve.md");
    for (name, family) in BOTH {
        let row = document
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}`")));
        let row = row.unwrap_or_else(|| panic!("docs/serve.md has no row for {name}"));
        assert!(row.contains(&format!("`{family}`")), "{row}");
    }
}

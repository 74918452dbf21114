//! Compares the metrics of OTLP with those of `/metrics`: names, and values.

use std::collections::BTreeSet;
use std::sync::Arc;

use process_scanner::{
    Batch, Consumer, CpuTimes, ErrorClass, Event, GroupBy, Groups, GroupsReport, ListenStep,
    Metrics,
};

use super::data_points::{self, Starts};
use super::otlp_messages::{Data, Metric, Number};
use crate::cli::exposition::{Sent, family_names, full_text, process, two_batches};

/// Each metric of OTLP, and what it is in `/metrics`.
const BOTH: &[(&str, &str)] = &[
    ("process.cpu.time", "pscan_group_cpu_seconds_total"),
    ("process.memory.usage", "pscan_group_resident_memory_bytes"),
    ("process.thread.count", "pscan_group_threads"),
    ("pscan.group.births", "pscan_group_births_total"),
    ("pscan.group.exits", "pscan_group_exits_total"),
    (
        "pscan.group.exits_unmeasured",
        "pscan_group_exits_unmeasured_total",
    ),
    (
        "pscan.group.oldest_start_time",
        "pscan_group_oldest_start_time_seconds",
    ),
    ("pscan.group.processes", "pscan_group_processes"),
    (
        "pscan.group.unknown_processes",
        "pscan_group_unknown_processes",
    ),
    ("pscan.groups", "pscan_groups"),
    ("pscan.groups_folded", "pscan_groups_folded_total"),
    ("pscan.otlp.dropped", "pscan_otlp_dropped_total"),
    ("pscan.otlp.queue_length", "pscan_otlp_queue_length"),
    ("pscan.otlp.requests", "pscan_otlp_requests_total"),
    (
        "pscan.scan.batches_delivered",
        "pscan_scan_batches_delivered_total",
    ),
    ("pscan.scan.batches_lost", "pscan_scan_batches_lost_total"),
    (
        "pscan.scan.breaker_opened",
        "pscan_scan_breaker_opened_total",
    ),
    ("pscan.scan.breaker_state", "pscan_scan_breaker_state"),
    (
        "pscan.scan.budget_exceeded",
        "pscan_scan_budget_exceeded_total",
    ),
    (
        "pscan.scan.consumer_panics",
        "pscan_scan_consumer_panics_total",
    ),
    (
        "pscan.scan.consumer_stalls",
        "pscan_scan_consumer_stalls_total",
    ),
    ("pscan.scan.count", "pscan_scan_total"),
    ("pscan.scan.cpu.time", "pscan_scan_cpu_seconds_total"),
    ("pscan.scan.errors", "pscan_scan_errors_total"),
    ("pscan.scan.events", "pscan_scan_events_total"),
    (
        "pscan.scan.exits_without_usage",
        "pscan_scan_exits_without_usage_total",
    ),
    ("pscan.scan.heard_batches", "pscan_scan_heard_batches_total"),
    ("pscan.scan.hearing_lost", "pscan_scan_hearing_lost_total"),
    ("pscan.scan.hearing_state", "pscan_scan_hearing_state"),
    ("pscan.scan.interval", "pscan_scan_interval_seconds"),
    (
        "pscan.scan.interval_asked",
        "pscan_scan_interval_asked_seconds",
    ),
    (
        "pscan.scan.interval_changes",
        "pscan_scan_interval_changes_total",
    ),
    (
        "pscan.scan.last_timestamp",
        "pscan_scan_last_timestamp_seconds",
    ),
    ("pscan.scan.listening_state", "pscan_scan_listening_state"),
    ("pscan.scan.retries", "pscan_scan_retries_total"),
    ("pscan.scan.table_size", "pscan_scan_table_bytes"),
    ("pscan.scan.unreadable", "pscan_scan_unreadable_total"),
    (
        "pscan.scan.unreadable_fields",
        "pscan_scan_unreadable_fields_total",
    ),
    (
        "pscan.scan.unseen_births_at_most",
        "pscan_scan_unseen_births_at_most_total",
    ),
    ("pscan.scan.usage_lost", "pscan_scan_usage_lost_total"),
    ("pscan.scan.usage_state", "pscan_scan_usage_state"),
    ("pscan.scan.vanished", "pscan_scan_vanished_total"),
    ("system.process.count", "pscan_scan_processes"),
];

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
        queue_len: 15,
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

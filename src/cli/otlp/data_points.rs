//! Metrics of groups and of the scanner as data points.

use process_scanner::{Group, GroupsReport, Metrics};

use super::otlp_messages::{Data, KeyValue, Metric, Number};
use super::scanner_points;
use super::starts::Starts;
use super::written_metrics::{Kind, Written};
use crate::cli::exposition::{Sent, label, unknown_by_value};

/// How a process ended: an attribute of exits.
pub(super) const OUTCOME: &str = "pscan.exit.outcome";

/// Returns all metrics, as of `now` in nanoseconds since the Unix epoch. Unknown values have no data point.
pub(super) fn metrics(
    report: &GroupsReport,
    metrics: &Metrics,
    sent: &Sent,
    starts: &mut Starts,
    now: u64,
) -> Vec<Metric> {
    let group_starts = starts.update(report, now);
    let first = starts.first();
    let mut written = Written::new(now);
    groups(report, &group_starts, &mut written);
    scanner_points::write(report, metrics, first, &mut written);
    sent_points(sent, first, &mut written);
    written.metrics
}

/// Returns the number of data points.
pub(super) fn count(metrics: &[Metric]) -> u64 {
    let points = metrics.iter().map(|metric| match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        None => 0,
    });
    points.sum::<usize>() as u64
}

fn groups(report: &GroupsReport, starts: &[u64], written: &mut Written) {
    let of = |group: &Group| {
        vec![
            KeyValue::new("pscan.group", &*label(group.id.name())),
            KeyValue::new("pscan.group.kind", group.id.kind()),
        ]
    };
    let all = || report.groups.iter().zip(starts);
    let mut each = |kind, name_unit, value: &dyn Fn(&Group) -> Option<Number>| {
        let points = all().filter_map(|(group, start)| Some((of(group), *start, value(group)?)));
        written.metric(kind, name_unit, points);
    };
    each(Kind::Counter, ("process.cpu.time", "s"), &|group| {
        group.counters.cpu_seconds.map(Number::Real)
    });
    each(Kind::UpDown, ("process.memory.usage", "By"), &|group| {
        group.rss_bytes.known.map(Number::from)
    });
    each(
        Kind::UpDown,
        ("process.thread.count", "{thread}"),
        &|group| group.threads.known.map(Number::from),
    );
    each(
        Kind::UpDown,
        ("pscan.group.processes", "{process}"),
        &|group| Some(group.processes.into()),
    );
    each(
        Kind::Counter,
        ("pscan.group.births", "{process}"),
        &|group| Some(group.counters.births.into()),
    );
    each(
        Kind::Counter,
        ("pscan.group.exits_unmeasured", "{process}"),
        &|group| Some(group.counters.exits_unmeasured.into()),
    );
    each(
        Kind::Gauge,
        ("pscan.group.oldest_start_time", "s"),
        &|group| Some(Number::Real(group.oldest_start_ms? as f64 / 1e3)),
    );
    let with = |group: &Group, key: &str, value: &str| {
        let mut attributes = of(group);
        attributes.push(KeyValue::new(key, value));
        attributes
    };
    let exits = all().flat_map(|(group, start)| {
        let outcomes = group.counters.exits.by_outcome().into_iter();
        outcomes.map(move |(outcome, count)| (with(group, OUTCOME, outcome), *start, count.into()))
    });
    written.metric(Kind::Counter, ("pscan.group.exits", "{process}"), exits);
    let unknown = all().flat_map(|(group, start)| {
        let values = unknown_by_value(group);
        values.map(move |(value, count)| {
            (
                with(group, "pscan.unknown.value", value),
                *start,
                count.into(),
            )
        })
    });
    written.metric(
        Kind::UpDown,
        ("pscan.group.unknown_processes", "{process}"),
        unknown,
    );
}

/// Adds what the exporter counts about itself.
fn sent_points(sent: &Sent, start: u64, written: &mut Written) {
    let (result, signal) = ("pscan.otlp.result", "pscan.otlp.signal");
    for (kind, key, name, unit, counts) in [
        (
            Kind::Counter,
            result,
            "pscan.otlp.requests",
            "{request}",
            &sent.requests,
        ),
        (
            Kind::Counter,
            signal,
            "pscan.otlp.dropped",
            "{item}",
            &sent.dropped,
        ),
        (
            Kind::UpDown,
            signal,
            "pscan.otlp.queue_length",
            "{request}",
            &sent.waiting,
        ),
    ] {
        let points = counts
            .iter()
            .map(|(value, count)| (vec![KeyValue::new(key, *value)], start, (*count).into()));
        written.metric(kind, (name, unit), points);
    }
}

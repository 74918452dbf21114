//! Metrics of the scanner itself as data points.

use process_scanner::{GroupsReport, Metrics};

use super::otlp_messages::{KeyValue, Number};
use super::written_metrics::{Kind, Written};
use crate::cli::exposition::{
    breaker_states, cpu_by_thread, events_by_kind, hearing_states, listening_states, processes,
    table_bytes,
};

use Kind::{Counter, Gauge, UpDown};

/// Adds the metrics of the scanner. `start`: when its counters began, in nanoseconds since the Unix epoch.
pub(super) fn write(report: &GroupsReport, metrics: &Metrics, start: u64, written: &mut Written) {
    single(report, metrics, start, written);
    let mut by = |kind, key, name_unit, values: Vec<(&str, Number)>| {
        let points = values
            .into_iter()
            .map(|(label, value)| (vec![KeyValue::new(key, label)], start, value));
        written.metric(kind, name_unit, points);
    };
    let counts = |values: &[(&'static str, u64)]| -> Vec<(&str, Number)> {
        let values = values.iter();
        values
            .map(|(label, count)| (*label, (*count).into()))
            .collect()
    };
    let scans = metrics.scans_total;
    let scans = counts(&[("good", scans.good), ("failed", scans.failed)]);
    by(
        Counter,
        "pscan.scan.result",
        ("pscan.scan.count", "{scan}"),
        scans,
    );
    let errors = metrics.errors_total.iter();
    let errors = errors.map(|(class, count)| (class.as_str(), (*count).into()));
    by(
        Counter,
        "error.type",
        ("pscan.scan.errors", "{error}"),
        errors.collect(),
    );
    let cpu = metrics.cpu_total.into_iter().flat_map(cpu_by_thread);
    let cpu = cpu.map(|(thread, ms)| (thread, Number::Real(ms / 1e3)));
    by(
        Counter,
        "pscan.scan.thread",
        ("pscan.scan.cpu.time", "s"),
        cpu.collect(),
    );
    let events = counts(&events_by_kind(metrics.events_total));
    by(
        Counter,
        "pscan.event.kind",
        ("pscan.scan.events", "{event}"),
        events,
    );
    let unreadable = metrics.unreadable_total.iter();
    let unreadable = unreadable.map(|(field, count)| (*field, (*count).into()));
    by(
        Counter,
        "pscan.field",
        ("pscan.scan.unreadable", "{value}"),
        unreadable.collect(),
    );
    for (name, states) in [
        ("pscan.scan.breaker_state", breaker_states(metrics)),
        ("pscan.scan.hearing_state", hearing_states(metrics)),
        ("pscan.scan.listening_state", listening_states(metrics)),
    ] {
        by(UpDown, "pscan.state", (name, "1"), counts(&states));
    }
}

/// Adds the metrics that have one value. Unknown ones are left out.
fn single(report: &GroupsReport, metrics: &Metrics, start: u64, written: &mut Written) {
    let known = |count: u64| Some(Number::from(count));
    let seconds = |ms: u64| Some(Number::Real(ms as f64 / 1e3));
    let last = report.as_of.and_then(|last| seconds(last.taken_at_ms));
    for (kind, name, unit, value) in [
        (
            UpDown,
            "pscan.groups",
            "{group}",
            known(report.groups.len() as u64),
        ),
        (
            Counter,
            "pscan.groups_folded",
            "{time}",
            known(report.without_room),
        ),
        (
            UpDown,
            "system.process.count",
            "{process}",
            processes(metrics).map(Number::from),
        ),
        (Gauge, "pscan.scan.last_timestamp", "s", last),
        (
            Gauge,
            "pscan.scan.interval",
            "s",
            seconds(metrics.interval_ms),
        ),
        (
            Gauge,
            "pscan.scan.interval_asked",
            "s",
            seconds(metrics.interval_asked_ms),
        ),
        (
            Counter,
            "pscan.scan.interval_changes",
            "{change}",
            known(metrics.interval_changes_total),
        ),
        (
            Counter,
            "pscan.scan.retries",
            "{scan}",
            known(metrics.retries_total),
        ),
        (
            Counter,
            "pscan.scan.budget_exceeded",
            "{time}",
            known(metrics.budget_exceeded_total),
        ),
        (
            Counter,
            "pscan.scan.breaker_opened",
            "{time}",
            known(metrics.breaker_opened_total),
        ),
        (
            Counter,
            "pscan.scan.hearing_lost",
            "{time}",
            known(metrics.hearing_lost_total),
        ),
        (
            Counter,
            "pscan.scan.heard_batches",
            "{batch}",
            known(metrics.heard_batches_total),
        ),
        (
            UpDown,
            "pscan.scan.usage_state",
            "1",
            metrics.usage.map(|usage| u64::from(usage).into()),
        ),
        (
            Counter,
            "pscan.scan.usage_lost",
            "{time}",
            known(metrics.usage_lost_total),
        ),
        (
            Counter,
            "pscan.scan.exits_without_usage",
            "{process}",
            known(metrics.exits_without_usage_total),
        ),
        (
            UpDown,
            "pscan.scan.table_size",
            "By",
            table_bytes(metrics).map(Number::from),
        ),
        (
            Counter,
            "pscan.scan.unseen_births_at_most",
            "{process}",
            metrics.unseen_births_at_most_total.map(Number::from),
        ),
        (
            Counter,
            "pscan.scan.vanished",
            "{process}",
            metrics.vanished_total.map(Number::from),
        ),
        (
            Counter,
            "pscan.scan.unreadable_fields",
            "{value}",
            known(metrics.unreadable_fields_total),
        ),
        (
            Counter,
            "pscan.scan.consumer_panics",
            "{panic}",
            known(metrics.consumer_panics_total),
        ),
        (
            Counter,
            "pscan.scan.consumer_stalls",
            "{time}",
            known(metrics.consumer_stalls_total),
        ),
        (
            Counter,
            "pscan.scan.batches_delivered",
            "{batch}",
            known(metrics.batches_delivered_total),
        ),
        (
            Counter,
            "pscan.scan.batches_lost",
            "{batch}",
            known(metrics.batches_lost_total),
        ),
    ] {
        written.metric(
            kind,
            (name, unit),
            value.map(|value| (Vec::new(), start, value)),
        );
    }
}

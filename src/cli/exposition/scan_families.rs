//! Metrics of the scanner itself.

use process_scanner::TimeStats;

use super::families::{Families, Number, Type, seconds};
use super::labelled::{
    breaker_states, cpu_by_thread, events_by_kind, hearing_states, listening_states, processes,
    table_bytes,
};
use super::measured::Measured;

/// Writes the families of the scanner.
pub(super) fn write(measured: &Measured<'_>, families: &mut Families) {
    families.family(Type::Info, "pscan_build_info").sample(
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("os", std::env::consts::OS),
            ("arch", std::env::consts::ARCH),
        ],
        Number::Whole(1),
    );
    results(measured, families);
    pace(measured, families);
    listening(measured, families);
    seen(measured, families);
    delivery(measured, families);
}

/// Scans, their results, time and cost.
fn results(measured: &Measured<'_>, families: &mut Families) {
    let metrics = measured.metrics;
    let last = measured.groups.as_of;
    families
        .family(Type::Gauge, "pscan_scan_last_timestamp_seconds")
        .sample(&[], last.map(|last| seconds(last.taken_at_ms as f64)));
    let mut scans = families.family(Type::Counter, "pscan_scan_total");
    scans.sample(
        &[("result", "good")],
        Number::from(metrics.scans_total.good),
    );
    scans.sample(
        &[("result", "failed")],
        Number::from(metrics.scans_total.failed),
    );
    let mut errors = families.family(Type::Counter, "pscan_scan_errors_total");
    for (class, count) in &metrics.errors_total {
        errors.sample(&[("class", class.as_str())], Number::from(*count));
    }
    count(families, "pscan_scan_retries_total", metrics.retries_total);
    summary(families, "pscan_scan_duration_seconds", &metrics.scan_time);
    summary(
        families,
        "pscan_scan_dispatch_duration_seconds",
        &metrics.dispatch_time,
    );
    let mut cpu = families.family(Type::Counter, "pscan_scan_cpu_seconds_total");
    if let Some(used) = metrics.cpu_total {
        for (thread, ms) in cpu_by_thread(used) {
            cpu.sample(&[("thread", thread)], seconds(ms));
        }
    }
}

/// Interval, budget and breaker.
fn pace(measured: &Measured<'_>, families: &mut Families) {
    let metrics = measured.metrics;
    families
        .family(Type::Gauge, "pscan_scan_interval_seconds")
        .sample(&[], seconds(metrics.interval_ms as f64));
    families
        .family(Type::Gauge, "pscan_scan_interval_asked_seconds")
        .sample(&[], seconds(metrics.interval_asked_ms as f64));
    count(
        families,
        "pscan_scan_interval_changes_total",
        metrics.interval_changes_total,
    );
    count(
        families,
        "pscan_scan_budget_exceeded_total",
        metrics.budget_exceeded_total,
    );
    states(
        families,
        "pscan_scan_breaker_state",
        breaker_states(metrics),
    );
    count(
        families,
        "pscan_scan_breaker_opened_total",
        metrics.breaker_opened_total,
    );
}

/// What the source hears between scans.
fn listening(measured: &Measured<'_>, families: &mut Families) {
    let metrics = measured.metrics;
    states(
        families,
        "pscan_scan_hearing_state",
        hearing_states(metrics),
    );
    states(
        families,
        "pscan_scan_listening_state",
        listening_states(metrics),
    );
    count(
        families,
        "pscan_scan_hearing_lost_total",
        metrics.hearing_lost_total,
    );
    count(
        families,
        "pscan_scan_heard_batches_total",
        metrics.heard_batches_total,
    );
    families
        .family(Type::Gauge, "pscan_scan_usage_state")
        .sample(
            &[],
            metrics.usage.map(|usage| Number::from(u64::from(usage))),
        );
    count(
        families,
        "pscan_scan_usage_lost_total",
        metrics.usage_lost_total,
    );
    count(
        families,
        "pscan_scan_exits_without_usage_total",
        metrics.exits_without_usage_total,
    );
}

/// Processes, events, and what was not seen.
fn seen(measured: &Measured<'_>, families: &mut Families) {
    let metrics = measured.metrics;
    families
        .family(Type::Gauge, "pscan_scan_processes")
        .sample(&[], processes(metrics).map(Number::Whole));
    families
        .family(Type::Gauge, "pscan_scan_table_bytes")
        .sample(&[], table_bytes(metrics).map(Number::Whole));
    let mut events = families.family(Type::Counter, "pscan_scan_events_total");
    for (kind, count) in events_by_kind(metrics.events_total) {
        events.sample(&[("kind", kind)], Number::from(count));
    }
    for (name, value) in [
        (
            "pscan_scan_unseen_births_at_most_total",
            metrics.unseen_births_at_most_total,
        ),
        ("pscan_scan_vanished_total", metrics.vanished_total),
    ] {
        families
            .family(Type::Counter, name)
            .sample(&[], value.map(Number::Whole));
    }
    count(
        families,
        "pscan_scan_unreadable_fields_total",
        metrics.unreadable_fields_total,
    );
    let mut unreadable = families.family(Type::Counter, "pscan_scan_unreadable_total");
    for (field, count) in &metrics.unreadable_total {
        unreadable.sample(&[("field", field)], Number::from(*count));
    }
}

/// Consumers: this server, and clients of its events.
fn delivery(measured: &Measured<'_>, families: &mut Families) {
    let metrics = measured.metrics;
    for (name, value) in [
        (
            "pscan_scan_consumer_panics_total",
            metrics.consumer_panics_total,
        ),
        (
            "pscan_scan_consumer_stalls_total",
            metrics.consumer_stalls_total,
        ),
        (
            "pscan_scan_batches_delivered_total",
            metrics.batches_delivered_total,
        ),
        ("pscan_scan_batches_lost_total", metrics.batches_lost_total),
    ] {
        count(families, name, value);
    }
}

fn count(families: &mut Families, name: &'static str, value: u64) {
    families
        .family(Type::Counter, name)
        .sample(&[], Number::Whole(value));
}

/// Writes a gauge for each state.
fn states(families: &mut Families, name: &'static str, all: Vec<(&'static str, u64)>) {
    let mut family = families.family(Type::Gauge, name);
    for (state, is_now) in all {
        family.sample(&[("state", state)], Number::from(is_now));
    }
}

fn summary(families: &mut Families, name: &'static str, stats: &TimeStats) {
    let mut family = families.family(Type::Summary, name);
    let quantiles = [
        ("0.5", stats.p50_us),
        ("0.9", stats.p90_us),
        ("0.99", stats.p99_us),
    ];
    for (quantile, us) in quantiles {
        family.sample(
            &[("quantile", quantile)],
            us.map(|us| Number::Real(us as f64 / 1e6)),
        );
    }
    family.sample_of("_sum", &[], Number::Real(stats.sum_us as f64 / 1e6));
    family.sample_of("_count", &[], Number::Whole(stats.count));
}

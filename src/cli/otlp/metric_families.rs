//! The metrics of OTLP and the families of `/metrics` that have the same values.

use crate::cli::exposition::help;

/// Each metric of OTLP, and what it is in `/metrics`.
pub(super) const BOTH: &[(&str, &str)] = &[
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

/// Returns the description of a metric: that of its family.
pub(super) fn description(metric: &str) -> &'static str {
    let mut families = BOTH.iter().filter(|(name, _)| *name == metric);
    let (_, family) = families.next().expect("BUG: a metric without a family");
    help(family)
}

//! Describes each family of metrics, for the text and for OTLP.

/// Families by name, with a sentence about each.
const FAMILIES: [(&str, &str); 54] = [
    (
        "process_cpu_seconds_total",
        "CPU time of pscan, user and system, all threads.",
    ),
    ("process_resident_memory_bytes", "Resident memory of pscan."),
    (
        "process_start_time_seconds",
        "Start of pscan, in seconds since the Unix epoch.",
    ),
    ("pscan_build_info", "Version of pscan, and its target."),
    (
        "pscan_group_births_total",
        "Processes that were born in the group.",
    ),
    (
        "pscan_group_cpu_seconds_total",
        "CPU time of the group's processes while they were in it, user and system.",
    ),
    (
        "pscan_group_exits_total",
        "Exits by outcome: ok, failed (another exit code than 0), killed (by a signal) or unknown.",
    ),
    (
        "pscan_group_exits_unmeasured_total",
        "Exited processes whose CPU time was never known, and is missing.",
    ),
    (
        "pscan_group_oldest_start_time_seconds",
        "Earliest known start of a living process, in seconds since the Unix epoch.",
    ),
    (
        "pscan_group_processes",
        "Living processes of the group, zombies included.",
    ),
    (
        "pscan_group_resident_memory_bytes",
        "Resident memory of the processes whose memory is known; shared pages count for each.",
    ),
    (
        "pscan_group_threads",
        "Threads of the processes whose number is known.",
    ),
    (
        "pscan_group_unknown_processes",
        "Living processes whose value is unknown, and missing in the sum: cpu, memory or threads. Only if there are any.",
    ),
    ("pscan_groups", "Groups, those without processes included."),
    (
        "pscan_groups_folded_total",
        "Times a process was counted as other because the limit of groups was reached.",
    ),
    (
        "pscan_otlp_dropped_total",
        "Data points and log records that the receiver of OTLP has not accepted.",
    ),
    (
        "pscan_otlp_queue_length",
        "Moments with metrics and requests with records that wait for the receiver of OTLP.",
    ),
    (
        "pscan_otlp_requests_total",
        "Requests to the receiver of OTLP by result: ok, partial, refused or failed (repeated later).",
    ),
    (
        "pscan_scan_batches_delivered_total",
        "Batches that consumers received.",
    ),
    (
        "pscan_scan_batches_lost_total",
        "Batches that slow consumers lost.",
    ),
    (
        "pscan_scan_breaker_opened_total",
        "Times the breaker opened.",
    ),
    (
        "pscan_scan_breaker_state",
        "1 for the current state of the breaker.",
    ),
    (
        "pscan_scan_budget_exceeded_total",
        "Times the scans began to exceed the CPU budget.",
    ),
    (
        "pscan_scan_consumer_panics_total",
        "Callbacks that panicked and were removed.",
    ),
    (
        "pscan_scan_consumer_stalls_total",
        "Times a blocking consumer delayed the scans.",
    ),
    (
        "pscan_scan_cpu_seconds_total",
        "CPU time by thread: scan, dispatch or callbacks.",
    ),
    (
        "pscan_scan_dispatch_duration_seconds",
        "Time from a finished batch to all queues with room.",
    ),
    (
        "pscan_scan_duration_seconds",
        "Wall time of scans since the start: reading and comparing.",
    ),
    (
        "pscan_scan_errors_total",
        "Failed and stuck scans by class.",
    ),
    ("pscan_scan_events_total", "Events by kind."),
    (
        "pscan_scan_exits_without_usage_total",
        "Exits whose usage is unknown.",
    ),
    (
        "pscan_scan_heard_batches_total",
        "Batches of what the source heard between scans.",
    ),
    (
        "pscan_scan_hearing_lost_total",
        "Times the source ceased to hear all births and exits.",
    ),
    (
        "pscan_scan_hearing_state",
        "1 for what the source hears of births and exits between scans.",
    ),
    ("pscan_scan_interval_asked_seconds", "Interval requested."),
    (
        "pscan_scan_interval_changes_total",
        "Changes of the interval.",
    ),
    ("pscan_scan_interval_seconds", "Interval in use."),
    (
        "pscan_scan_last_timestamp_seconds",
        "Time of the last good scan, in seconds since the Unix epoch.",
    ),
    (
        "pscan_scan_listening_state",
        "1 for how closely the source listens.",
    ),
    ("pscan_scan_processes", "Processes in the table."),
    ("pscan_scan_retries_total", "Retried scans."),
    ("pscan_scan_table_bytes", "Heap bytes of the table."),
    ("pscan_scan_total", "Scans by result."),
    (
        "pscan_scan_unreadable_fields_total",
        "Fields that could not be read.",
    ),
    (
        "pscan_scan_unreadable_total",
        "Values that could not be read, by field.",
    ),
    (
        "pscan_scan_unseen_births_at_most_total",
        "Upper limit of processes born and exited between scans.",
    ),
    (
        "pscan_scan_usage_lost_total",
        "Times the source ceased to hear what all exited processes used.",
    ),
    (
        "pscan_scan_usage_state",
        "1 if the source hears what all exited processes used, else 0.",
    ),
    (
        "pscan_scan_vanished_total",
        "Processes that exited between being listed and read.",
    ),
    (
        "pscan_serve_closed_connections_total",
        "Connections that were closed to make room for others.",
    ),
    ("pscan_serve_event_clients", "Clients of /events."),
    (
        "pscan_serve_reload_successful",
        "1 if the last reload of the settings succeeded, else 0. Only after a reload.",
    ),
    (
        "pscan_serve_reload_timestamp_seconds",
        "Time of the last reload of the settings, in seconds since the Unix epoch.",
    ),
    (
        "pscan_serve_requests_total",
        "Requests by status of the response.",
    ),
];

/// Returns the sentence about a family.
pub(crate) fn help(family: &str) -> &'static str {
    let found = FAMILIES.binary_search_by_key(&family, |(name, _)| name);
    let (_, help) = FAMILIES[found.expect("BUG: a family without a description")];
    help
}

#[cfg(test)]
mod tests {
    use super::super::made_text::family_names;
    use super::*;

    #[test]
    fn each_family_is_described() {
        assert!(FAMILIES.is_sorted());
        let described = FAMILIES.iter().map(|(name, _)| *name).collect();
        assert_eq!(family_names(), described);
    }
}

"""The metrics that pscan sends by OTLP, and what they are in /metrics."""

# Kind, unit, attribute with its label in /metrics, and family there.
GROUPS = {
    "process.cpu.time": ("counter", "s", None, "pscan_group_cpu_seconds_total"),
    "process.memory.usage": ("up-down", "By", None, "pscan_group_resident_memory_bytes"),
    "process.thread.count": ("up-down", "{thread}", None, "pscan_group_threads"),
    "pscan.group.processes": ("up-down", "{process}", None, "pscan_group_processes"),
    "pscan.group.births": ("counter", "{process}", None, "pscan_group_births_total"),
    "pscan.group.exits": ("counter", "{process}", "pscan.exit.outcome", "pscan_group_exits_total"),
    "pscan.group.exits_unmeasured": ("counter", "{process}", None, "pscan_group_exits_unmeasured_total"),
    "pscan.group.oldest_start_time": ("gauge", "s", None, "pscan_group_oldest_start_time_seconds"),
    "pscan.group.unknown_processes": (
        "up-down", "{process}", "pscan.unknown.value", "pscan_group_unknown_processes"
    ),
}
SCANNER = {
    "pscan.groups": ("up-down", "{group}", None, "pscan_groups"),
    "pscan.groups_folded": ("counter", "{time}", None, "pscan_groups_folded_total"),
    "system.process.count": ("up-down", "{process}", None, "pscan_scan_processes"),
    "pscan.scan.count": ("counter", "{scan}", "pscan.scan.result", "pscan_scan_total"),
    "pscan.scan.errors": ("counter", "{error}", "error.type", "pscan_scan_errors_total"),
    "pscan.scan.retries": ("counter", "{scan}", None, "pscan_scan_retries_total"),
    "pscan.scan.last_timestamp": ("gauge", "s", None, "pscan_scan_last_timestamp_seconds"),
    "pscan.scan.cpu.time": ("counter", "s", "pscan.scan.thread", "pscan_scan_cpu_seconds_total"),
    "pscan.scan.interval": ("gauge", "s", None, "pscan_scan_interval_seconds"),
    "pscan.scan.interval_asked": ("gauge", "s", None, "pscan_scan_interval_asked_seconds"),
    "pscan.scan.interval_changes": ("counter", "{change}", None, "pscan_scan_interval_changes_total"),
    "pscan.scan.budget_exceeded": ("counter", "{time}", None, "pscan_scan_budget_exceeded_total"),
    "pscan.scan.breaker_state": ("up-down", "1", "pscan.state", "pscan_scan_breaker_state"),
    "pscan.scan.breaker_opened": ("counter", "{time}", None, "pscan_scan_breaker_opened_total"),
    "pscan.scan.hearing_state": ("up-down", "1", "pscan.state", "pscan_scan_hearing_state"),
    "pscan.scan.hearing_lost": ("counter", "{time}", None, "pscan_scan_hearing_lost_total"),
    "pscan.scan.listening_state": ("up-down", "1", "pscan.state", "pscan_scan_listening_state"),
    "pscan.scan.heard_batches": ("counter", "{batch}", None, "pscan_scan_heard_batches_total"),
    "pscan.scan.usage_state": ("up-down", "1", None, "pscan_scan_usage_state"),
    "pscan.scan.usage_lost": ("counter", "{time}", None, "pscan_scan_usage_lost_total"),
    "pscan.scan.exits_without_usage": ("counter", "{process}", None, "pscan_scan_exits_without_usage_total"),
    "pscan.scan.table_size": ("up-down", "By", None, "pscan_scan_table_bytes"),
    "pscan.scan.events": ("counter", "{event}", "pscan.event.kind", "pscan_scan_events_total"),
    "pscan.scan.unseen_births_at_most": ("counter", "{process}", None, "pscan_scan_unseen_births_at_most_total"),
    "pscan.scan.vanished": ("counter", "{process}", None, "pscan_scan_vanished_total"),
    "pscan.scan.unreadable": ("counter", "{value}", "pscan.field", "pscan_scan_unreadable_total"),
    "pscan.scan.unreadable_fields": ("counter", "{value}", None, "pscan_scan_unreadable_fields_total"),
    "pscan.scan.consumer_panics": ("counter", "{panic}", None, "pscan_scan_consumer_panics_total"),
    "pscan.scan.consumer_stalls": ("counter", "{time}", None, "pscan_scan_consumer_stalls_total"),
    "pscan.scan.batches_delivered": ("counter", "{batch}", None, "pscan_scan_batches_delivered_total"),
    "pscan.scan.batches_lost": ("counter", "{batch}", None, "pscan_scan_batches_lost_total"),
    "pscan.otlp.requests": ("counter", "{request}", "pscan.otlp.result", "pscan_otlp_requests_total"),
    "pscan.otlp.dropped": ("counter", "{item}", "pscan.otlp.signal", "pscan_otlp_dropped_total"),
    "pscan.otlp.queue_length": ("up-down", "{request}", "pscan.otlp.signal", "pscan_otlp_queue_length"),
}
METRICS = GROUPS | SCANNER
# The labels of attributes.
LABELS = {
    "pscan.group": "group", "pscan.group.kind": "kind", "pscan.exit.outcome": "outcome",
    "pscan.unknown.value": "value", "pscan.scan.result": "result", "error.type": "class",
    "pscan.scan.thread": "thread", "pscan.state": "state", "pscan.event.kind": "kind", "pscan.field": "field",
    "pscan.otlp.result": "result", "pscan.otlp.signal": "signal",
}
# Families of /metrics that are not sent: summaries, what is about the server, and pscan itself.
ONLY_AS_TEXT = {
    "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds", "pscan_build_info",
    "pscan_scan_dispatch_duration_seconds", "pscan_scan_duration_seconds", "pscan_serve_closed_connections_total",
    "pscan_serve_event_clients", "pscan_serve_reload_successful", "pscan_serve_reload_timestamp_seconds",
    "pscan_serve_requests_total",
}


def attribute_names(metric):
    """Returns the attributes that each data point of a metric has."""
    own = METRICS[metric][2]
    groups = ("pscan.group", "pscan.group.kind") if metric in GROUPS else ()
    return {*groups, own} - {None}

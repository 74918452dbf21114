//! Values that the text and OTLP both have: those with labels, and those that can be unknown.

use process_scanner::{BreakerState, CpuTimes, EventCounts, Group, Hearing, ListenStep, Metrics};

/// Returns how many processes of a group have an unknown value, by value. Without any, it is left out.
pub(crate) fn unknown_by_value(group: &Group) -> impl Iterator<Item = (&'static str, u64)> {
    let all = [
        ("cpu", group.cpu_unknown),
        ("memory", group.rss_bytes.unknown),
        ("threads", group.threads.unknown),
    ];
    // Three values for each group would be the most of all, and nearly all of them 0.
    all.into_iter().filter(|(_, count)| *count > 0)
}

/// Returns the CPU time by thread, in milliseconds.
pub(crate) fn cpu_by_thread(used: CpuTimes) -> [(&'static str, f64); 3] {
    [
        ("scan", used.scan_ms),
        ("dispatch", used.dispatch_ms),
        ("callbacks", used.callbacks_ms),
    ]
}

/// Returns the number of events by kind.
pub(crate) fn events_by_kind(counts: EventCounts) -> [(&'static str, u64); 4] {
    [
        ("existing", counts.existing),
        ("created", counts.created),
        ("updated", counts.updated),
        ("exited", counts.exited),
    ]
}

/// Returns 1 for the state of the breaker, and 0 for the others.
pub(crate) fn breaker_states(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    use BreakerState::{Closed, HalfOpen, Open};

    let all = [Closed, Open, HalfOpen].map(BreakerState::as_str);
    states(&all, metrics.breaker.as_str())
}

/// Returns the number of processes; `None` before the first good scan.
pub(crate) fn processes(metrics: &Metrics) -> Option<u64> {
    has_scanned(metrics).then(|| metrics.processes.into())
}

/// Returns the size of the table; `None` before the first good scan.
pub(crate) fn table_bytes(metrics: &Metrics) -> Option<u64> {
    has_scanned(metrics).then_some(metrics.table_bytes)
}

fn has_scanned(metrics: &Metrics) -> bool {
    metrics.scans_total.good > 0
}

/// Returns 1 for what the source hears, and 0 for the other states; nothing before the first good scan.
pub(crate) fn hearing_states(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    use Hearing::{Complete, Deaf, Exits, Lossy, Off};

    if !has_scanned(metrics) {
        return Vec::new();
    }
    let all = [Off, Complete, Exits, Lossy, Deaf].map(Hearing::as_str);
    states(&all, metrics.hearing.as_str())
}

/// Returns 1 for how closely the source listens, and 0 for the other steps; nothing if it is unknown.
pub(crate) fn listening_states(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    let all = ListenStep::ALL.map(ListenStep::as_str);
    let now = metrics.listening.map(ListenStep::as_str);
    now.map_or_else(Vec::new, |now| states(&all, now))
}

fn states(all: &[&'static str], now: &str) -> Vec<(&'static str, u64)> {
    let each = all.iter();
    each.map(|state| (*state, u64::from(*state == now)))
        .collect()
}

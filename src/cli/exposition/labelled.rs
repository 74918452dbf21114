//! Values with a label that the text and OTLP both have.

use process_scanner::{CpuTimes, Group};

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

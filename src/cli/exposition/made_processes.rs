//! Processes for tests of metrics.

use process_scanner::{Changes, Detail, Event, Exit, ExitStatus, ProcessInfo, ProcessKey};

/// Returns a process that started when counting began.
pub(crate) fn process(pid: u32, name: &str, cpu_ms: Option<f64>) -> ProcessInfo {
    let start_time_ms = Some(1_699_999_990_500 + u64::from(pid));
    let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
    process.name = Some(name.into());
    process.cpu_time_ms = cpu_ms;
    process
}

/// Returns two batches: a process runs on, and one whose values are unknown fails.
pub(crate) fn two_batches(unknown: &str) -> [Vec<Event>; 2] {
    let mut web = process(1, "web", Some(1500.0));
    web.resources.rss_bytes = Some(4096);
    web.details.set(Detail::Threads, 3_u64.into());
    let mut ran = web.clone();
    ran.cpu_time_ms = Some(2250.5);
    let unknown = process(2, unknown, None);
    let mut exit = Exit::default();
    exit.status = Some(ExitStatus::from_wait_status(0x300));
    [
        vec![Event::Existing(web), Event::Existing(unknown.clone())],
        vec![
            Event::updated(ran, Changes::CPU),
            Event::exited(unknown, None).with_exit(exit),
        ],
    ]
}

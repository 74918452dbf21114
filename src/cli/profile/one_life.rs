//! What is known of the life of one process.

use process_scanner::{CommandLine, Event, ExitStatus, ProcessInfo};
use serde::Serialize;

/// The life of one process, which has ended or goes on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OneLife {
    pub(crate) pid: u32,
    /// Its last name, not cut where the command line has the rest.
    pub(crate) name: Option<String>,
    pub(crate) command: Option<CommandLine>,
    /// From its birth to its end; `None` if it goes on, or if its start is unknown.
    pub(crate) life_ms: Option<f64>,
    /// Its end is unknown, so the life was shorter: a scan found the exit.
    pub(crate) life_is_at_most: bool,
    /// CPU time as far as it was read.
    pub(crate) cpu_ms: Option<f64>,
    /// Most resident memory: that of its last program, or what scans have seen.
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) exit: Option<ExitStatus>,
    pub(crate) likely_oom: Option<bool>,
}

impl OneLife {
    /// Returns the life of a process that goes on. `peak`: the most memory that scans have seen.
    pub(super) fn of_living(process: &ProcessInfo, peak: Option<u64>) -> Self {
        Self {
            pid: process.pid,
            name: process.full_name().map(str::to_owned),
            command: process.command.clone(),
            life_ms: None,
            life_is_at_most: false,
            cpu_ms: process.cpu_time_ms,
            peak_rss_bytes: peak,
            exit: None,
            likely_oom: None,
        }
    }

    /// Returns the life that an exit ends; of any other event, that of a process that goes on.
    pub(super) fn of(event: &Event, peak: Option<u64>) -> Self {
        let mut life = Self::of_living(event.process(), peak);
        if let (Event::Exited { lived_ms, .. }, Some(exit)) = (event, event.exit()) {
            let exactly = exit.lived_ns.map(|ns| ns as f64 / 1e6);
            life.life_ms = exactly.or(lived_ms.map(|ms| ms as f64));
            life.life_is_at_most = exit.lived_ns.is_none() && exit.ended_at_ms.is_none();
            life.exit = exit.status;
            life.likely_oom = exit.likely_oom;
            let final_peak = exit.usage.and_then(|usage| usage.peak_rss_bytes);
            life.peak_rss_bytes = final_peak.max(peak);
        }
        life
    }

    /// Returns whether it ended by a signal or with another code than 0.
    pub(crate) fn has_failed(&self) -> bool {
        self.exit.is_some_and(|exit| !exit.is_success())
    }
}

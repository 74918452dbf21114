//! The memory, threads and descriptors of this process.

use std::fs;

use process_scanner::Snapshot;

use crate::measure::proc;

/// Formats a figure.
pub(super) fn or_dash(figure: Option<u64>) -> String {
    figure.map_or("-".into(), |figure| figure.to_string())
}

/// What this process uses. `None` if unknown.
pub(super) struct Usage(pub(super) [Option<u64>; 5]);

impl Usage {
    pub(super) const NAMES: [&str; 5] = [
        "own resident memory, KiB",
        "own threads",
        "own descriptors outside /proc",
        "own descriptors in /proc, with one for this count",
        "processes in the snapshot",
    ];

    pub(super) fn now(snapshot: &Snapshot) -> Self {
        let field = |name| proc::status_number(std::process::id(), name);
        let descriptors = fs::read_dir("/proc/self/fd").ok().map(|folder| {
            let (in_proc, others): (Vec<_>, Vec<_>) = folder
                .flatten()
                .filter_map(|entry| fs::read_link(entry.path()).ok())
                .partition(|target| target.starts_with("/proc"));
            (in_proc.len() as u64, others.len() as u64)
        });
        Self([
            field("VmRSS"),
            field("Threads"),
            descriptors.map(|(_, others)| others),
            descriptors.map(|(in_proc, _)| in_proc),
            Some(snapshot.len() as u64),
        ])
    }

    /// Returns a line about progress.
    pub(super) fn line(&self) -> String {
        let text = self.0.map(or_dash);
        format!("rss/threads/fds/proc fds/processes {}", text.join("/"))
    }
}

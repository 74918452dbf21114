//! `lives.csv`: a row for each life.

use std::io::{self, Write};

use process_scanner::{FIELDS, GroupId};

use super::csv_cells::{Row, Table};
use crate::cli::history::{ExitKind, Life};

/// Columns before those of the fields of a process.
const BEFORE: [&str; 7] = [
    "life",
    "parent_life",
    "born",
    "first_seen_at_ms",
    "end_at_ms",
    "outcome",
    "programs",
];

/// Columns after them.
const AFTER: [&str; 12] = [
    "cpu_used_ms",
    "lived_ms",
    "lived_ns",
    "exit_code",
    "exit_signal",
    "exit_core_dumped",
    "ended_at_ms",
    "likely_oom",
    "usage_cpu_time_ns",
    "usage_peak_rss_bytes",
    "usage_read_bytes",
    "usage_written_bytes",
];

/// The outcome of a life without a reported exit.
const RUNNING: &str = "running";

pub(super) struct LivesTable<W: Write>(Table<W>);

impl<W: Write> LivesTable<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let fields = FIELDS.iter().map(|field| field.name);
        let names = BEFORE.into_iter().chain(fields).chain(AFTER);
        Table::new(out, names).map(Self)
    }

    /// Adds a life that has ended, or that lives at the end of the recording.
    pub(super) fn add(&mut self, life: &Life) -> io::Result<()> {
        let mut row = Row::default();
        row.add(Some(life.id));
        row.add(life.parent);
        row.add(Some(life.is_birth));
        row.add(Some(life.first_seen_ms));
        row.add(life.end_ms());
        row.add_text(Some(life.kind().map_or(RUNNING, ExitKind::as_str)));
        let programs: Vec<&str> = match life.programs.is_empty() {
            true if life.program == GroupId::Unknown => Vec::new(),
            true => vec![life.program_name()],
            false => life.programs.iter().map(|run| &*run.name).collect(),
        };
        row.add_json(&programs);
        for field in FIELDS {
            row.add_value(field.value(&life.process));
        }
        row.add(life.cpu_ns().map(|ns| ns as f64 / 1e6));
        let exit = life.ending.map(|ending| ending.exit).unwrap_or_default();
        row.add(life.ending.and_then(|ending| ending.lived_ms));
        row.add(exit.lived_ns);
        row.add(exit.status.and_then(|status| status.code));
        row.add(exit.status.and_then(|status| status.signal));
        row.add(exit.status.map(|status| status.core_dumped));
        row.add(exit.ended_at_ms);
        row.add(exit.likely_oom);
        let usage = exit.usage.unwrap_or_default();
        row.add(usage.cpu_time_ns);
        row.add(usage.peak_rss_bytes);
        row.add(usage.read_bytes);
        row.add(usage.written_bytes);
        self.0.write(&row)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

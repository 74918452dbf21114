//! `scans.csv`: a row for each batch.

use std::io::{self, Write};

use process_scanner::{Batch, Event};

use super::csv_cells::{Row, Table};
use crate::cli::history::{ExitKind, Life, LifeFold, Steps};
use crate::cli::select::is_good_scan;

const NAMES: [&str; 21] = [
    "seq",
    "at_ms",
    "taken_at_ms",
    "monotonic_ns",
    "of_scan",
    "interval_ms",
    "hearing",
    "processes",
    "existing",
    "created",
    "updated",
    "exited",
    "failed",
    "unseen_at_most",
    "rows",
    "unreadable_fields",
    "vanished",
    "cpu_percent",
    "rss_bytes",
    "failure_class",
    "failure_message",
];

pub(super) struct ScansTable<W: Write>(Table<W>);

impl<W: Write> ScansTable<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        Table::new(out, NAMES).map(Self)
    }

    /// Adds a batch.
    pub(super) fn add(
        &mut self,
        batch: &Batch,
        at_ms: u64,
        steps: &Steps,
        fold: &LifeFold,
    ) -> io::Result<()> {
        let of_kind = |kind: fn(&Event) -> bool| {
            let events = batch.events.iter().filter(|event| kind(event));
            Some(events.count())
        };
        let mut row = Row::default();
        row.add(Some(batch.seq));
        row.add(Some(at_ms));
        row.add(Some(batch.taken_at_ms));
        row.add(Some(batch.monotonic_ns));
        row.add(Some(batch.of_scan));
        row.add(batch.interval_ms);
        row.add_text(Some(batch.hearing.as_str()));
        row.add(Some(fold.len()));
        row.add(of_kind(|event| matches!(event, Event::Existing(_))));
        row.add(of_kind(|event| matches!(event, Event::Created(_))));
        row.add(of_kind(|event| matches!(event, Event::Updated { .. })));
        row.add(of_kind(|event| matches!(event, Event::Exited { .. })));
        let mut exits = [0; 5];
        for kind in steps.ended.iter().filter_map(Life::kind) {
            exits[kind.place()] += 1;
        }
        row.add(ExitKind::failures(&exits));
        let counts = Some(&batch.counts).filter(|_| batch.of_scan);
        row.add(counts.and_then(|counts| counts.unseen_at_most));
        row.add(counts.map(|counts| counts.rows));
        row.add(counts.map(|counts| counts.unreadable_fields));
        row.add(counts.and_then(|counts| counts.vanished));
        let is_good = is_good_scan(batch);
        let processes = || fold.living().filter(|_| is_good);
        let cpu = processes().filter_map(|life| life.process.cpu_percent);
        row.add(sum(cpu.map(f64::from)));
        let rss = processes().filter_map(|life| life.process.resources.rss_bytes);
        row.add(rss.reduce(u64::saturating_add));
        let failure = batch.failure.as_ref();
        row.add_text(failure.map(|failure| failure.class().as_str()));
        row.add_text(failure.map(|failure| failure.full_message()).as_deref());
        self.0.write(&row)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns the sum of the known values; `None` if there are none.
fn sum(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(|sum, value| sum + value)
}

//! `samples.csv`: a row for each process with new values in a scan.

use std::io::{self, Write};

use process_scanner::{Batch, Event, FIELDS, Field};

use super::csv_cells::{Row, Table};
use crate::cli::history::LifeFold;

const BEFORE: [&str; 5] = ["seq", "at_ms", "life", "pid", "start_time_ms"];

pub(super) struct SamplesTable<W: Write>(Table<W>);

/// Returns the fields that change all the time.
fn measures() -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(|field| field.unit.is_measure())
}

impl<W: Write> SamplesTable<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let names = BEFORE.into_iter().chain(measures().map(|field| field.name));
        Table::new(out, names).map(Self)
    }

    /// Adds the processes that a scan reports.
    ///
    /// What is heard between scans has no measured values, and an exit has those of an earlier scan.
    pub(super) fn add(&mut self, batch: &Batch, at_ms: u64, fold: &LifeFold) -> io::Result<()> {
        if !(batch.of_scan || batch.full) {
            return Ok(());
        }
        for event in &batch.events {
            let process = event.process();
            let life = fold.by_pid(process.pid);
            let life = life.filter(|life| life.process.key() == process.key());
            let (Some(life), false) = (life, matches!(event, Event::Exited { .. })) else {
                continue;
            };
            let mut row = Row::default();
            row.add(Some(batch.seq));
            row.add(Some(at_ms));
            row.add(Some(life.id));
            row.add(Some(process.pid));
            row.add(process.start_time_ms);
            for field in measures() {
                row.add_value(field.value(process));
            }
            self.0.write(&row)?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

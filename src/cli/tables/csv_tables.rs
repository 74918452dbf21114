//! The tables of a recording: [`CsvTables`].

use std::io::{self, Write};

use process_scanner::Batch;

use super::lives_table::LivesTable;
use super::samples_table::SamplesTable;
use super::scans_table::ScansTable;
use crate::cli::history::{Life, LifeFold, Steps};

/// The names of the files, in the order of the outputs of [`CsvTables::new`].
pub(crate) const TABLES: [&str; 3] = ["lives.csv", "samples.csv", "scans.csv"];

/// Writes tables, batch by batch.
///
/// A life is written when it ends, and the others at the end.
pub(crate) struct CsvTables<W: Write> {
    lives: LivesTable<W>,
    samples: SamplesTable<W>,
    scans: ScansTable<W>,
}

impl<W: Write> CsvTables<W> {
    /// Writes the headers of the tables.
    pub(crate) fn new([lives, samples, scans]: [W; 3]) -> io::Result<Self> {
        Ok(Self {
            lives: LivesTable::new(lives)?,
            samples: SamplesTable::new(samples)?,
            scans: ScansTable::new(scans)?,
        })
    }

    /// Writes what a batch adds, whose time on the axis is `at_ms`.
    pub(crate) fn take(
        &mut self,
        batch: &Batch,
        at_ms: u64,
        steps: &Steps,
        fold: &LifeFold,
    ) -> io::Result<()> {
        self.samples.add(batch, at_ms, fold)?;
        for life in &steps.ended {
            self.lives.add(life)?;
        }
        self.scans.add(batch, at_ms, steps, fold)
    }

    /// Writes the lives that have not ended.
    pub(crate) fn finish(&mut self, fold: &LifeFold) -> io::Result<()> {
        let mut living: Vec<&Life> = fold.living().collect();
        living.sort_unstable_by_key(|life| life.id);
        for life in living {
            self.lives.add(life)?;
        }
        self.lives.flush()?;
        self.samples.flush()?;
        self.scans.flush()
    }
}

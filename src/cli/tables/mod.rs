//! Writes a recording as tables of CSV.
//!
//! `docs/export.md` describes the columns.

mod csv_cells;
mod csv_tables;
mod lives_table;
mod samples_table;
mod scans_table;
#[cfg(test)]
mod tables_tests;

pub(crate) use self::csv_tables::{CsvTables, TABLES};

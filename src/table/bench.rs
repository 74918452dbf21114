//! Gives the benches of this crate access to the table.

use super::pass::Missing;
use crate::config::Config;
use crate::model::{Event, Result, Timestamp};
use crate::source::{Row, SourceInfo};

/// A scanner's table of processes, without the scanner.
#[derive(Debug)]
pub struct Table(super::Table);

impl Table {
    /// Creates an empty table for the rows of this source.
    pub fn new(config: &Config, source: &SourceInfo) -> Self {
        Self(super::Table::new(config, source))
    }

    /// Applies the rows of one scan and returns its events.
    ///
    /// # Errors
    ///
    /// Returns an error if a row breaks the contract of a [`Source`](crate::Source).
    pub fn scan<'r>(
        &mut self,
        at: Timestamp,
        rows: impl Iterator<Item = Row<'r>>,
    ) -> Result<Vec<Event>> {
        let mut pass = self.0.begin(at);
        for row in rows {
            pass.apply(row);
        }
        match pass.take_fault() {
            Some(fault) => Err(fault),
            None => Ok(pass.finish(Missing::Exited).events),
        }
    }

    /// Returns the number of bytes that the table has on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

//! The crate procfs, reading what our scan reads of a known process.

use std::error::Error;

use super::contender::{Contender, Scan};
use crate::measure::cost::Cost;

pub(crate) struct Procfs;

impl Contender for Procfs {
    fn name(&self) -> &'static str {
        "the crate procfs, `stat` of all"
    }

    fn scan(&mut self) -> Result<Scan, Box<dyn Error>> {
        let (cost, processes) = Cost::of(|| -> procfs::ProcResult<usize> {
            let processes = procfs::process::all_processes()?;
            let stats = processes.filter_map(|process| process.ok()?.stat().ok());
            Ok(stats.count())
        });
        Ok(Scan {
            cost,
            has_failed: processes.is_err(),
            processes: processes.ok(),
        })
    }
}

//! The refresh of sysinfo that our scan is built on, without anything else.

use std::error::Error;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::contender::{Contender, Scan};
use crate::measure::cost::Cost;

pub(crate) struct Bare(System);

impl Bare {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(System::new()?))
    }
}

impl Contender for Bare {
    fn name(&self) -> &'static str {
        "bare sysinfo refresh"
    }

    fn scan(&mut self) -> Result<Scan, Box<dyn Error>> {
        // Our source reads the same.
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_cmd(UpdateKind::OnlyIfNotSet)
            .without_tasks();
        let (cost, updated) = Cost::of(|| {
            self.0
                .refresh_processes_specifics(ProcessesToUpdate::All, true, kind)
        });
        Ok(Scan {
            cost,
            has_failed: updated == 0,
            processes: Some(self.0.processes().len()),
        })
    }
}

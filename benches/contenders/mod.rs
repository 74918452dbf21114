//! Who takes part in a comparison of scans.

// Each bench has use for a part of it.
#![allow(dead_code)]

pub(crate) mod bare;
#[cfg(target_os = "linux")]
pub(crate) mod calls;
pub(crate) mod ours;
#[cfg(target_os = "linux")]
pub(crate) mod procfs;
pub(crate) mod ps;
pub(crate) mod turns;

use std::error::Error;

use crate::measure::Cost;

/// Something that looks at all processes of this host.
pub(crate) trait Contender {
    /// For the table.
    fn name(&self) -> &'static str;

    /// Looks once. An error ends the bench; a look that failed as it may is said so in what it gives.
    fn scan(&mut self) -> Result<Scan, Box<dyn Error>>;
}

/// One look of a contender.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan {
    pub(crate) cost: Cost,
    pub(crate) has_failed: bool,
    /// How many it saw, where it says so.
    pub(crate) processes: Option<usize>,
}

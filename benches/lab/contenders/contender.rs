//! What all contenders have in common.

use std::error::Error;

use crate::measure::cost::Cost;

/// The name of our scan with the source `sysinfo`.
pub(crate) const OURS_OVER_SYSINFO: &str = "ours over sysinfo";

/// The name of our scan with the source `linux`.
pub(crate) const OURS_ON_LINUX: &str = "ours";

/// The same, with the births and exits that the kernel reports.
pub(crate) const OURS_LISTENING: &str = "ours, listening";

/// The name of the system calls of our scan on Linux.
pub(crate) const BARE_CALLS: &str = "the bare system calls of ours";

/// A way to scan all processes of this host.
pub(crate) trait Contender {
    /// Returns the name for tables.
    fn name(&self) -> &'static str;

    /// Scans once. An error ends the experiment; a failed scan does not.
    fn scan(&mut self) -> Result<Scan, Box<dyn Error>>;
}

/// One scan of a contender.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan {
    pub(crate) cost: Cost,
    pub(crate) has_failed: bool,
    /// The number of processes it found; `None` if unknown.
    pub(crate) processes: Option<usize>,
}

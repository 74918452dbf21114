//! Scans that read the share of one process.

use std::time::Duration;

use process_scanner::{Config, LinuxSource, ProcessInfo, Scanner};

pub(super) const INTERVAL: Duration = Duration::from_millis(500);

pub(super) fn scanner() -> process_scanner::Result<Scanner> {
    let config = Config::default();
    let source = LinuxSource::new(config.collect)?;
    Scanner::builder().config(config).source(source).build()
}

pub(super) fn reported(scanner: &Scanner, pid: u32) -> Option<f64> {
    let is_it = |process: &&ProcessInfo| process.pid == pid;
    let process = scanner.processes().find(is_it)?;
    process.cpu_percent.map(f64::from)
}

//! The time of boot, on the clock of the scanner's start times.

use process_scanner::ProcessInfo;

use super::proc;

/// Returns the time of boot in milliseconds, or `None` where it is unknown.
///
/// The processes are those of a scan. This process itself has both kinds of start time.
pub(crate) fn boot_ms<'p>(mut processes: impl Iterator<Item = &'p ProcessInfo>) -> Option<u64> {
    let own_pid = std::process::id();
    let own = processes.find(|own| own.pid == own_pid)?;
    Some(own.start_time_ms? - proc::start_ms_since_boot(own_pid)?)
}

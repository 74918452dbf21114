//! The time of boot, on the clock of the scanner's start times.

use process_scanner::Scanner;

use super::proc;

/// Return the time of boot in milliseconds, or `None` where it is unknown.
///
/// The scanner must have made a scan: this process itself has both kinds of start time.
pub(crate) fn boot_ms(scanner: &Scanner) -> Option<u64> {
    let own_pid = std::process::id();
    let own = scanner.processes().find(|own| own.pid == own_pid)?;
    Some(own.start_time_ms? - proc::start_ms_since_boot(own_pid)?)
}

//! Exits that the kernel has still to report.

use super::events::Start;

/// Processes that are gone although no exit was heard.
///
/// The kernel reports an exit a moment after the parent can reap the process, and on a busy host that
/// can take longer than a scan. The report has the status, so a scan waits for it once.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    by_last_scan: Vec<(u32, Start)>,
    by_this_scan: Vec<(u32, Start)>,
}

impl Awaited {
    pub(super) fn begin_scan(&mut self) {
        std::mem::swap(&mut self.by_last_scan, &mut self.by_this_scan);
        self.by_this_scan.clear();
    }

    /// Returns whether to wait for the exit of a process that is gone: not twice in a row.
    pub(super) fn waits(&mut self, pid: u32, start: Start) -> bool {
        let process = (pid, start);
        if self.by_last_scan.contains(&process) {
            return false;
        }
        self.by_this_scan.push(process);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_waits_once_for_the_exit_of_a_process() {
        let start = |ticks| Start { ticks, nth: 0 };
        let mut awaited = Awaited::default();
        awaited.begin_scan();
        assert!(awaited.waits(7, start(1)));
        awaited.begin_scan();
        assert!(!awaited.waits(7, start(1)));
        assert!(awaited.waits(7, start(2)) && awaited.waits(8, start(1)));
        awaited.begin_scan();
        assert!(awaited.waits(7, start(1)));
    }
}

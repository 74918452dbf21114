//! Which processes have ended: their children have another parent, though they have not run.

use super::known::Known;
use super::procfs::Listed;

/// The processes that have ended since the scan before. Its room is kept from scan to scan.
#[derive(Default)]
pub(super) struct Ended {
    /// In order of pid.
    pids: Vec<u32>,
    /// Those that were found to have ended in this scan, and may have been behind their children.
    found: Vec<u32>,
}

impl Ended {
    /// Notes those that are not listed any more, and those that the scan before found to be zombies.
    pub(super) fn begin_scan(&mut self, before: &[Known], listed: &[Listed]) {
        self.pids.clear();
        self.pids.append(&mut self.found);
        let mut listed = listed.iter().peekable();
        for known in before {
            while listed.next_if(|listed| listed.pid < known.pid).is_some() {}
            if listed.peek().is_none_or(|listed| listed.pid != known.pid) {
                self.pids.push(known.pid);
            }
        }
        self.pids.sort_unstable();
    }

    /// Adds a process that this scan found to have ended: it is known from the next scan on.
    pub(super) fn add(&mut self, pid: u32) {
        self.found.push(pid);
    }

    /// Whether a process has ended.
    pub(super) fn has(&self, pid: u32) -> bool {
        !self.pids.is_empty() && self.pids.binary_search(&pid).is_ok()
    }
}

//! Processes that have ended, because their children change their parent without running.

use super::known::Known;
use super::proc::procfs::Listed;

/// The processes that have ended since the scan before. Its buffers are reused from scan to scan.
#[derive(Default)]
pub(super) struct Ended {
    /// In order of pid.
    pids: Vec<u32>,
    /// Processes that this scan found to have ended, possibly after their children.
    found: Vec<u32>,
    parents_of_new: Vec<u32>,
}

impl Ended {
    /// Collects the processes that are no longer listed or known to have exited, and those that the scan before found to be
    /// zombies.
    pub(super) fn begin_scan(&mut self, before: &[Known], listed: &[Listed]) {
        self.pids.clear();
        self.pids.append(&mut self.found);
        let mut listed = listed.iter().peekable();
        for known in before {
            while listed.next_if(|listed| listed.pid < known.pid).is_some() {}
            let is_listed = listed.peek().is_some_and(|listed| listed.pid == known.pid);
            if !is_listed || known.has_exited {
                self.pids.push(known.pid);
            }
        }
        self.pids.sort_unstable();
    }

    /// Adds a process that this scan found to have ended, for the next scan.
    pub(super) fn add(&mut self, pid: u32) {
        self.found.push(pid);
    }

    /// Adds the parent of a process that this scan has read for the first time; 0: none.
    pub(super) fn add_parent_of_new(&mut self, pid: u32) {
        self.parents_of_new.push(pid);
    }

    /// Ends a scan. A parent that it has not found may have been born and ended in the middle of it.
    pub(super) fn end_scan(&mut self, known: &[Known]) {
        for parent in self.parents_of_new.drain(..) {
            let is_known = known
                .binary_search_by_key(&parent, |known| known.pid)
                .is_ok();
            if parent != 0 && !is_known {
                self.found.push(parent);
            }
        }
    }

    /// Returns whether a process has ended.
    pub(super) fn has(&self, pid: u32) -> bool {
        !self.pids.is_empty() && self.pids.binary_search(&pid).is_ok()
    }
}

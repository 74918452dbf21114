//! Checks in [`Lives`] whether processes that have ended were reaped, between scans.

use super::lives::{Lives, Scans};
use super::waiting::Waiting;

/// So many are checked between scans. Further ones are checked after scans.
const MAX_CHECKED: usize = 1000;

impl Lives {
    /// Checks those whose time has come, between scans. `is_gone` asks whether a pid is free.
    pub(super) fn check_waiting(
        &mut self,
        now_ns: u64,
        scans: Scans<'_>,
        is_gone: &mut dyn FnMut(u32) -> bool,
    ) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut checked = 0;
        waiting.retain_mut(|entry| {
            if entry.check_ns.is_none_or(|check_ns| check_ns > now_ns) {
                return true;
            }
            let Some(life) = self.lives.get_mut(&entry.pid) else {
                return false;
            };
            // A process with this pid has been born or called `exec` since.
            let Some(end) = life.end else {
                life.is_waiting = false;
                return false;
            };
            checked += 1;
            if checked > MAX_CHECKED {
                entry.check_ns = None;
                return true;
            }
            if is_gone(entry.pid) {
                self.exit(entry.pid, scans);
                return false;
            }
            *entry = Waiting::new(entry.pid, end.at.at_ns, now_ns);
            true
        });
        self.waiting = waiting;
    }

    /// Returns when there are exits to check again, as in timestamps.
    pub(super) fn next_check_ns(&self) -> Option<u64> {
        match self.fresh.is_empty() {
            true => self.waiting.iter().filter_map(|entry| entry.check_ns).min(),
            false => Some(0),
        }
    }
}

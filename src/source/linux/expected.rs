//! Finds the processes of a scan without listing `/proc`, while the kernel reports all births and exits.
//!
//! Only births depend on that. The CPU clock of each known process shows whether it still exists, and
//! the scanner's own `stat`, which has changed in each scan, whether `/proc` can be read.

use super::known::Known;
use super::proc::procfs::Listed;
use crate::model::Hearing;
use crate::source::{Happening, Heard};

/// `/proc` is listed at least this often, in case that an event is missing without any sign.
const LIST_NS: u64 = 60_000_000_000;

/// What must be there, as far as it was heard.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Pids of the births that were heard since the scan before.
    born: Vec<u32>,
    /// When `/proc` was last listed; `None`: the next scan must list it.
    listed_ns: Option<u64>,
    /// The tick in which the last drain began.
    heard_ticks: u64,
}

impl Expected {
    /// Begins a drain, in this tick after boot.
    pub(super) fn begin_drain(&mut self, ticks: u64) {
        self.heard_ticks = ticks;
    }

    /// Takes into account what happened.
    pub(super) fn happened(&mut self, happening: &Happening<'_>) {
        if let Happening::Born(row) = happening {
            self.born.push(row.pid);
        }
    }

    /// Ends a drain. After a loss, the next scan lists `/proc`.
    pub(super) fn end_drain(&mut self, heard: &Heard) {
        if heard.hearing != Hearing::Complete {
            self.doubt();
        }
    }

    /// Makes the next scan list `/proc`.
    pub(super) fn doubt(&mut self) {
        self.listed_ns = None;
        // The list will have them.
        self.born.clear();
    }

    /// Returns whether a scan that begins now must list `/proc`.
    pub(super) fn needs_list(&self, now_ns: u64) -> bool {
        self.listed_ns
            .is_none_or(|listed_ns| now_ns.saturating_sub(listed_ns) >= LIST_NS)
    }

    /// Stores that a scan which began then has listed `/proc`.
    pub(super) fn was_listed(&mut self, began_ns: u64) {
        self.listed_ns = Some(began_ns);
        self.born.clear();
    }

    /// Puts together what a list would contain, in order of pid. `before` is of the scan before, and
    /// `inode_of` returns the inode of a process's folder, if the list would have it.
    pub(super) fn list(
        &mut self,
        before: &[Known],
        listed: &mut Vec<Listed>,
        mut inode_of: impl FnMut(u32) -> Option<u64>,
    ) {
        listed.clear();
        self.born.sort_unstable();
        self.born.dedup();
        let mut born = self.born.drain(..).peekable();
        let mut look_up = |pid| inode_of(pid).map(|inode| Listed { pid, inode });
        for known in before {
            while let Some(pid) = born.next_if(|&pid| pid < known.pid) {
                listed.extend(look_up(pid));
            }
            // Another process may have been born with its pid.
            if known.has_exited {
                continue;
            }
            born.next_if_eq(&known.pid);
            // Another process can follow that starts in the same tick, or whose exit is not heard because
            // nothing else is known about it.
            let is_certain = known.start_ticks < self.heard_ticks && !known.is_denied;
            listed.extend(match is_certain {
                true => Some(Listed {
                    pid: known.pid,
                    inode: known.inode,
                }),
                false => look_up(known.pid),
            });
        }
        listed.extend(born.filter_map(look_up));
    }
}

//! The data as it goes on while the view is frozen.

use process_scanner::{Batch, ProcessInfo};

use super::recent::Recent;
use super::seen::{Seen, Wanted};

/// The data as it goes on while the view is frozen.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) seen: Seen,
    pub(super) recent: Recent,
}

impl Frozen {
    /// Takes a batch. Processes are selected when the view goes on.
    pub(super) fn take(&mut self, batch: &Batch, wanted: &Wanted) {
        if !self.seen.take(batch, wanted, |_, _, _| {}) {
            return;
        }
        let snapshot = &self.seen.snapshot;
        let parent = |process: &ProcessInfo| {
            let parent = snapshot.parent(process)?;
            Some(parent.full_name()?.to_owned())
        };
        self.recent.take(batch, wanted, parent, snapshot);
    }
}

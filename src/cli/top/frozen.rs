//! The data as it goes on while the view is frozen.

use process_scanner::Batch;

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
        self.recent.take(batch, wanted, &self.seen.snapshot);
    }
}

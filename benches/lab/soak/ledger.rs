//! What one consumer received.

use process_scanner::{Batch, ErrorClass, Snapshot};

/// The fold of the batches of one consumer, and their counts.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) snapshot: Snapshot,
    last: Option<u64>,
    pub(super) batches: u64,
    /// Lost batches that were reported.
    pub(super) reported_lost: u64,
    /// Missing batches that were not reported as lost.
    pub(super) unreported_lost: u64,
    pub(super) failed: u64,
    pub(super) notices: u64,
}

impl Ledger {
    pub(super) fn take(&mut self, batch: &Batch) {
        self.snapshot.apply(batch);
        self.batches += 1;
        self.reported_lost += batch.lost_batches;
        if is_notice(batch) {
            self.notices += 1;
            return;
        }
        self.failed += u64::from(batch.failure.is_some());
        if let Some(last) = self.last.replace(batch.seq) {
            // A full batch counts itself as lost: it replaces the batch that had no room.
            let accounted = last + batch.lost_batches + u64::from(!batch.full);
            self.unreported_lost += batch.seq.saturating_sub(accounted);
        }
    }
}

/// Returns whether the batch is a notice between two scans.
pub(super) fn is_notice(batch: &Batch) -> bool {
    !batch.full
        && batch.events.is_empty()
        && batch
            .failure
            .as_ref()
            .is_some_and(|failure| failure.class() == ErrorClass::Stuck)
}

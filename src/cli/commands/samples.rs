//! Takes the samples of commands that print once.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Result, Scanner, Snapshot};

/// Scans once, and once more after `apart` unless that is zero.
///
/// Returns the processes, and the batch of the last scan.
pub(super) fn take(scanner: &mut Scanner, apart: Duration) -> Result<(Snapshot, Arc<Batch>)> {
    let mut snapshot = Snapshot::new();
    let began = Instant::now();
    let mut last = sample(scanner, &mut snapshot)?;
    if !apart.is_zero() {
        thread::sleep(apart.saturating_sub(began.elapsed()));
        last = sample(scanner, &mut snapshot)?;
    }
    Ok((snapshot, last))
}

/// Scans once.
///
/// A failed scan is an error, since its list may be incomplete.
fn sample(scanner: &mut Scanner, snapshot: &mut Snapshot) -> Result<Arc<Batch>> {
    let batch = scanner
        .scan_once()
        .expect("BUG: a live source never ends by itself");
    match &batch.failure {
        Some(failure) => Err(failure.clone()),
        None => {
            snapshot.apply(&batch);
            Ok(batch)
        }
    }
}

//! A scan that must not fail.

use std::sync::Arc;

use process_scanner::{Batch, Error, ErrorClass, Result, Scanner};

/// Names and command lines are read more often in the first scans of a process.
pub(crate) const WARM_UP_SCANS: usize = 6;

/// Makes one scan, and returns an error if it failed.
pub(crate) fn scan(scanner: &mut Scanner) -> Result<Arc<Batch>> {
    let ended = || Error::new(ErrorClass::Ended, "the source has ended");
    let batch = scanner.scan_once().ok_or_else(ended)?;
    match &batch.failure {
        Some(failure) => Err(failure.clone()),
        None => Ok(batch),
    }
}

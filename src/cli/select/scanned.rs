//! Tells good scans from batches between scans.

use process_scanner::Batch;

/// Returns whether a consumer of all batches up to this one knows every process.
///
/// A batch between two scans has no failure, even where no scan has succeeded yet. A full batch has
/// the failure of the last scan.
pub(crate) fn is_good_scan(batch: &Batch) -> bool {
    (batch.of_scan || batch.full) && batch.failure.is_none()
}

#[cfg(test)]
mod tests {
    use process_scanner::{Error, ErrorClass};

    use super::*;

    #[test]
    fn a_batch_between_scans_is_good_only_if_it_lists_all_processes() {
        let mut batch = Batch::new(2, 1000, Vec::new());
        assert!(is_good_scan(&batch));
        batch.of_scan = false;
        assert!(!is_good_scan(&batch));
        batch.full = true;
        assert!(is_good_scan(&batch));
        batch.failure = Some(Error::new(ErrorClass::Permission, "no"));
        assert!(!is_good_scan(&batch));
    }
}

//! Compresses what is sent.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Compresses bytes with gzip, fast rather than small.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes);
    let compressed = written.and_then(|()| encoder.finish());
    compressed.expect("BUG: memory is writable")
}

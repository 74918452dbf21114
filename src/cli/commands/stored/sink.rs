//! A file that a recording is written to, perhaps compressed.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::format::progress::Counted;

/// Lines of a recording repeat those before, so that more work saves little: docs/benchmarks.md.
const LEVEL: Compression = Compression::new(3);

/// Where bytes go in the end, counted in this file and in all.
type Bytes = Counted<Counted<Box<dyn Write + Send>>>;

/// An output that is compressed on its way, or not.
pub(crate) struct Sink {
    form: Form,
    /// Bytes in the file.
    bytes: Arc<AtomicU64>,
}

enum Form {
    Plain(Bytes),
    Gzip(Box<GzEncoder<Bytes>>),
    /// It has ended.
    Ended,
}

impl Sink {
    /// `all_bytes`: counter of the bytes written, of all outputs.
    pub(crate) fn new(
        output: Box<dyn Write + Send>,
        is_compressed: bool,
        all_bytes: Arc<AtomicU64>,
    ) -> Self {
        let bytes = Arc::new(AtomicU64::new(0));
        let output = Counted::new(Counted::new(output, all_bytes), Arc::clone(&bytes));
        let form = match is_compressed {
            true => Form::Gzip(Box::new(GzEncoder::new(output, LEVEL))),
            false => Form::Plain(output),
        };
        Self { form, bytes }
    }

    /// Returns whether written bytes can wait in memory.
    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self.form, Form::Gzip(_))
    }

    /// Returns how many bytes are in the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Writes what is missing of a compressed file, and closes it.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.form, Form::Ended) {
            Form::Plain(mut output) => output.flush(),
            Form::Gzip(encoder) => encoder.finish().and_then(|mut output| output.flush()),
            Form::Ended => Ok(()),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.form {
            Form::Plain(output) => output.write(bytes),
            Form::Gzip(encoder) => encoder.write(bytes),
            Form::Ended => Err(io::Error::other("the recording has ended")),
        }
    }

    /// Writes all bytes so far, so that they can be read.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Plain(output) => output.flush(),
            Form::Gzip(encoder) => encoder.flush(),
            Form::Ended => Ok(()),
        }
    }
}

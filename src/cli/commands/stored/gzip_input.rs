//! Decompresses a recording.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

/// How much a compressed file of any size may become.
const FREE_BYTES: u64 = 1 << 30;

/// How much longer it may become beyond that, times its length.
///
/// A line of a recording has numbers that differ from those of the line before, and deflate(5) needs two bytes for
/// each 258 that repeat: no recording comes near. A file that was made to be a burden reaches 1000.
const MAX_RATIO: u64 = 250;

/// The start of compressed data.
pub(super) const MAGIC: &[u8] = b"\x1f\x8b";

/// Decompresses gzip data, also several files one after the other.
///
/// Data that is cut ends where it is cut: its recorder was killed, or still writes it.
pub(super) struct Unzipped<R> {
    decoder: MultiGzDecoder<Consumed<R>>,
    bytes: u64,
    free_bytes: u64,
    has_ended: bool,
    on_cut: Box<dyn FnMut() + Send>,
}

impl<R: BufRead> Unzipped<R> {
    /// `on_cut` is called when the data is found to be cut.
    pub(super) fn new(input: R, on_cut: impl FnMut() + Send + 'static) -> Self {
        Self {
            decoder: MultiGzDecoder::new(Consumed { input, bytes: 0 }),
            bytes: 0,
            free_bytes: FREE_BYTES,
            has_ended: false,
            on_cut: Box::new(on_cut),
        }
    }
}

impl<R: BufRead> Read for Unzipped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.has_ended {
            return Ok(0);
        }
        let read = match self.decoder.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.has_ended = true;
                (self.on_cut)();
                return Ok(0);
            }
            // flate2 reports damaged data so.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::InvalidData
                ) =>
            {
                let message = format!("the compressed data is damaged: {error}");
                return Err(io::Error::new(ErrorKind::InvalidData, message));
            }
            Err(error) => return Err(error),
        };
        self.bytes += read as u64;
        let consumed = self.decoder.get_ref().bytes;
        if self.bytes.saturating_sub(self.free_bytes) > consumed.saturating_mul(MAX_RATIO) {
            let message = format!(
                "{consumed} compressed bytes became {} bytes, more than any recording does; if it \
                 is one, decompress it: gzip -dc FILE | pscan replay -",
                self.bytes
            );
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        }
        Ok(read)
    }
}

/// Counts the bytes that were taken of an input.
struct Consumed<R> {
    input: R,
    bytes: u64,
}

impl<R: BufRead> Read for Consumed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Consumed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes += amount as u64;
        self.input.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    /// Returns the data, the outcome, and how often it was cut.
    fn read(zipped: &[u8], free_bytes: u64) -> (Vec<u8>, io::Result<usize>, u64) {
        let cuts = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&cuts);
        let mut input = Unzipped::new(zipped, move || _ = counted.fetch_add(1, Ordering::Relaxed));
        input.free_bytes = free_bytes;
        let mut data = Vec::new();
        let outcome = input.read_to_end(&mut data);
        (data, outcome, cuts.load(Ordering::Relaxed))
    }

    #[test]
    fn data_cut_anywhere_is_read_until_there() {
        let text: Vec<u8> = (0..5000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let whole = [zipped(&text), zipped(b"more")].concat();
        let (data, outcome, cuts) = read(&whole, FREE_BYTES);
        assert_eq!(data, [&text[..], b"more"].concat());
        assert!(outcome.is_ok() && cuts == 0);
        let first = zipped(&text).len();
        for len in MAGIC.len()..whole.len() {
            let (data, outcome, cuts) = read(&whole[..len], FREE_BYTES);
            assert!(outcome.is_ok(), "{len}: {outcome:?}");
            assert!([&text[..], b"more"].concat().starts_with(&data), "{len}");
            // The end of the first file is no cut.
            assert_eq!(cuts, u64::from(len != first), "{len}");
        }
    }

    #[test]
    fn all_that_was_flushed_before_a_cut_is_read() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let mut flushed = Vec::new();
        for line in 0..20 {
            writeln!(encoder, "line {line}").expect("memory takes it");
            encoder.flush().expect("memory takes it");
            flushed.push(encoder.get_ref().len());
        }
        let bytes = encoder.get_ref().clone();
        for (line, len) in flushed.into_iter().enumerate() {
            let (data, _, cuts) = read(&bytes[..len], FREE_BYTES);
            let lines = data.iter().filter(|&&byte| byte == b'\n').count();
            assert_eq!((lines, cuts), (line + 1, 1));
        }
    }

    #[test]
    fn damaged_data_is_an_error() {
        let text: Vec<u8> = (0..5000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let whole = zipped(&text);
        for at in (10..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            let (data, outcome, cuts) = read(&damaged, FREE_BYTES);
            // A change of a length can look like a cut, and some bits mean nothing.
            assert!(outcome.is_err() || cuts == 1 || data == text, "{at}");
            if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::InvalidData);
                assert!(
                    error
                        .to_string()
                        .starts_with("the compressed data is damaged"),
                    "{error}"
                );
            }
        }
        let (_, outcome, _) = read(&[&whole[..], b"garbage after it"].concat(), FREE_BYTES);
        assert!(outcome.is_err());
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = zipped(&vec![b'\n'; 1 << 20]);
        assert!(bomb.len() < (1 << 20) / 300, "{}", bomb.len());
        let (_, outcome, _) = read(&bomb, FREE_BYTES);
        outcome.expect("a short one is read");
        let (data, outcome, _) = read(&bomb, 1000);
        let error = outcome.expect_err("it is too long").to_string();
        assert!(error.contains("more than any recording does"), "{error}");
        assert!(error.ends_with("gzip -dc FILE | pscan replay -"), "{error}");
        assert!(data.len() < 1 << 20);
    }
}

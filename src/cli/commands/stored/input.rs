//! Opens recordings for reading.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use process_scanner::{RecordingPart, Result};
use serde::Deserialize;

use super::gzip_input::{MAGIC, Unzipped};
use crate::cli::outcome::{cannot, remark};

/// A recording that is read.
pub(crate) type Input = Box<dyn BufRead + Send>;

/// A header is shorter.
const MAX_HEADER_BYTES: u64 = 1 << 16;

/// Bytes that are read at a time: lines are long.
const BUFFER_BYTES: usize = 1 << 17;

/// Opens a recording; `-` is standard input.
pub(crate) fn open(path: &Path) -> Result<Input> {
    let name = name_of(path);
    let cut =
        format!("{name}: the compressed data has no end: its recorder was killed, or still writes");
    open_with(path, move || remark(&cut))
}

/// Opens a recording to read a part of it.
pub(super) fn open_quietly(path: &Path) -> Result<Input> {
    open_with(path, || {})
}

/// Opens a recording. `on_cut` is called at the end of compressed data that is cut.
fn open_with(path: &Path, on_cut: impl FnMut() + Send + 'static) -> Result<Input> {
    let raw: Box<dyn Read + Send> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(open_file(path).map_err(|error| cannot_open(path, error))?),
    };
    decompressed(raw, on_cut).map_err(|error| cannot("read", path, error, None))
}

/// Returns how messages name a recording.
pub(crate) fn name_of(path: &Path) -> String {
    match path.as_os_str() == "-" {
        true => "standard input".into(),
        false => path.display().to_string(),
    }
}

/// Reads which part a file is; `None` if it is none, or cannot be read.
pub(super) fn part_of(path: &Path) -> Option<RecordingPart> {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "pscan_recording")]
        _version: u32,
        part: Option<RecordingPart>,
    }
    let input = decompressed(Box::new(open_file(path).ok()?), || {}).ok()?;
    let mut line = Vec::new();
    let mut input = input.take(MAX_HEADER_BYTES);
    input.read_until(b'\n', &mut line).ok()?;
    let header: Header = serde_json::from_slice(&line).ok()?;
    header.part
}

/// Decompresses an input if it begins like a compressed one.
fn decompressed(
    mut raw: Box<dyn Read + Send>,
    on_cut: impl FnMut() + Send + 'static,
) -> io::Result<Input> {
    let mut begin = Vec::with_capacity(MAGIC.len());
    (&mut raw)
        .take(MAGIC.len() as u64)
        .read_to_end(&mut begin)?;
    let is_compressed = begin == MAGIC;
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(begin).chain(raw));
    Ok(match is_compressed {
        true => Box::new(BufReader::with_capacity(
            BUFFER_BYTES,
            Unzipped::new(whole, on_cut),
        )),
        false => Box::new(whole),
    })
}

fn cannot_open(path: &Path, error: io::Error) -> process_scanner::Error {
    let advice = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Some("check the path"),
        io::ErrorKind::PermissionDenied => {
            Some("run pscan as a user that may read it, or replay a copy")
        }
        io::ErrorKind::IsADirectory => Some("name a recording, such as one in that folder"),
        _ => None,
    };
    cannot("open", path, error, advice)
}

/// Opens a file, and fails for a folder.
///
/// On Unix a folder can be opened, and only reading it fails.
fn open_file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    }
}

//! Reads a recording line by line and believes nothing it has not checked.

use std::collections::HashSet;
use std::error::Error as _;
use std::io::{BufRead, Read};

use ahash::RandomState;

use super::format::{Header, Line, Rechecked, Shown, TimedScan, VERSION};
use crate::model::{Error, ErrorClass, Result};

/// A line may hold this much: a scan of some 200,000 processes.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// How much room is kept from line to line.
const KEPT_BYTES: usize = 1 << 20;

/// A line after the header.
#[derive(Debug)]
pub(crate) enum Recorded {
    Scan(TimedScan),
    Recheck(Rechecked),
}

/// The lines of a recording, in order, until the first that is wrong.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    input: R,
    /// The line just read, counted from 1.
    line: u64,
    buffer: Vec<u8>,
    scans: u64,
    monotonic_ns: Option<u64>,
    /// Pids that the last scan and its recheck showed.
    shown: HashSet<u32, RandomState>,
}

const NO_RECORDING: &str = "take a file that `pscan record` or a `Recorder` has written";

/// Every header has it, not far from its beginning, and hardly anything else.
const HEADER_MARK: &[u8] = b"\"pscan_recording\"";

const HEADER_BYTES: usize = 4096;

/// So many are passed over at the end of a recording.
const MAX_BLANK_LINES: usize = 100;

/// What recordings are kept in, by its first bytes, and the program that unpacks it.
const PACKED: [(&[u8], &str); 4] = [
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
];

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(input: R) -> Result<(Self, Header)> {
        let mut reader = Self {
            input,
            line: 0,
            buffer: Vec::new(),
            scans: 0,
            monotonic_ns: None,
            shown: HashSet::default(),
        };
        let header = match reader.read_line() {
            Ok(true) => reader
                .parse("the header of a recording")
                .map_err(|error| error.with_advice(NO_RECORDING)),
            Ok(false) => return Err(bad("the recording is empty").with_advice(NO_RECORDING)),
            Err(error) => Err(error),
        };
        let header: Header = header.map_err(|error| reader.or_no_recording(error))?;
        if header.pscan_recording != VERSION {
            return Err(reader
                .bad(format!(
                    "the recording has version {}, and this program reads version {VERSION}",
                    header.pscan_recording
                ))
                .with_advice("play it with the version of this program that wrote it"));
        }
        if header.start_time_resolution_ms == 0 {
            return Err(reader.bad("start_time_resolution_ms is 0, and has to be at least 1"));
        }
        Ok((reader, header))
    }

    /// The error that the first line gave, or, where that is something else altogether, what it is.
    fn or_no_recording(&self, error: Error) -> Error {
        let first = &self.buffer;
        let packed = PACKED.iter().find(|(begin, _)| first.starts_with(begin));
        if let Some((_, program)) = packed {
            return bad(format!("it is compressed with {program}"))
                .with_advice(format!("unpack it: {program} -dc FILE | pscan replay -"));
        }
        let is_header = first[..first.len().min(HEADER_BYTES)]
            .windows(HEADER_MARK.len())
            .any(|bytes| bytes == HEADER_MARK);
        // Of what could not be read, that is the thing to say.
        if is_header || error.source().is_some() {
            return error;
        }
        bad("not a recording: the first line of one has \"pscan_recording\"")
            .with_advice(NO_RECORDING)
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Recorded>> {
        let next_line = self.line + 1;
        if !self.read_filled_line()? {
            return Ok(None);
        }
        if self.line > next_line {
            return Err(bad(format!(
                "line {next_line}: the line is empty, and others come after it"
            )));
        }
        match self.parse("a scan or a recheck")? {
            Line::Scan(scan) => {
                if self
                    .monotonic_ns
                    .is_some_and(|last| last > scan.monotonic_ns)
                {
                    return Err(self
                        .bad(format!(
                            "time goes back: monotonic_ns is {}, after {}",
                            scan.monotonic_ns,
                            self.monotonic_ns.unwrap_or_default()
                        ))
                        .with_advice(
                            "the lines have to be in the order that they were written in",
                        ));
                }
                self.monotonic_ns = Some(scan.monotonic_ns);
                let before = std::mem::take(&mut self.shown);
                if let Some(pid) = scan
                    .shown
                    .unchanged
                    .iter()
                    .find(|&pid| !before.contains(pid))
                {
                    return Err(self.bad(format!(
                        "pid {pid} is said to be unchanged, and the scan before does not show it"
                    )));
                }
                self.note(&scan.shown)?;
                self.scans += 1;
                Ok(Some(Recorded::Scan(scan)))
            }
            Line::Recheck(_) if self.scans == 0 => {
                Err(self.bad("a recheck stands before the first scan"))
            }
            Line::Recheck(recheck) => {
                self.note(&recheck.shown)?;
                Ok(Some(Recorded::Recheck(recheck)))
            }
        }
    }

    fn note(&mut self, shown: &Shown) -> Result<()> {
        for pid in shown.pids() {
            if !self.shown.insert(pid) {
                return Err(self.bad(format!("pid {pid} stands twice in one scan")));
            }
        }
        Ok(())
    }

    /// Reads on to a line that is not blank; false at the end of the recording.
    fn read_filled_line(&mut self) -> Result<bool> {
        for _ in 0..=MAX_BLANK_LINES {
            if !self.read_line()? {
                return Ok(false);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
        Err(self.bad(format!("{MAX_BLANK_LINES} lines before it are empty too")))
    }

    /// Reads one line without its end; false at the end of the recording.
    fn read_line(&mut self) -> Result<bool> {
        // One long line is no reason to hold on to its room.
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        self.line += 1;
        (&mut self.input)
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| {
                Error::from_io(
                    format!("line {}: the recording cannot be read on", self.line),
                    error,
                )
                .mark_final()
            })?;
        if self.buffer.is_empty() {
            return Ok(false);
        }
        if self.buffer.pop() != Some(b'\n') {
            if self.buffer.len() as u64 >= MAX_LINE_BYTES {
                return Err(self.bad(format!("the line is longer than {MAX_LINE_BYTES} bytes")));
            }
            return Err(self
                .bad(format!(
                    "the recording breaks off within the line; the {} scans before it are whole",
                    self.scans
                ))
                .with_advice("whatever wrote it was ended; what was told so far is true"));
        }
        Ok(true)
    }

    fn parse<'a, T: serde::Deserialize<'a>>(&'a self, what: &str) -> Result<T> {
        serde_json::from_slice(&self.buffer).map_err(|error| {
            // serde_json counts lines of its own; ours is always its first.
            let text = error.to_string();
            let text = match text.split_once(" at line 1 column ") {
                Some((text, column)) => format!("{text} at column {column}"),
                None => text,
            };
            self.bad(format!("not {what}: {}", without_quoted(&text)))
        })
    }

    fn bad(&self, reason: impl std::fmt::Display) -> Error {
        bad(format!("line {}: {reason}", self.line))
    }
}

/// What is quoted is of a process, and may be secret.
fn without_quoted(text: &str) -> String {
    const START: &str = "string \"";
    let quoted = text.find(START).map(|at| at + START.len());
    match (quoted, text.rfind('"')) {
        (Some(start), Some(end)) if start <= end => {
            format!("{}…{}", &text[..start], &text[end..])
        }
        _ => text.to_owned(),
    }
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorClass::BadData, message).mark_final()
}

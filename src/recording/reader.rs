//! Reads a recording line by line and checks everything.

use std::collections::HashSet;
use std::error::Error as _;
use std::io::{BufRead, Read};

use ahash::RandomState;

use super::format::{Header, Line, Rechecked, Shown, TimedScan, VERSION};
use super::heard::{HeardRecord, When};
use super::part::RecordingPart;
use super::row::RowRecord;
use crate::model::{Error, ErrorClass, Result};

/// Maximum length of a line. A scan of some 200,000 processes is shorter.
pub(super) const MAX_LINE_BYTES: u64 = 64 << 20;

/// Memory that is kept from line to line.
const KEPT_BYTES: usize = 1 << 20;

/// A line after the header.
#[derive(Debug)]
pub(crate) enum Recorded {
    Scan(TimedScan),
    Recheck(Rechecked),
    Heard(HeardRecord),
}

/// Reads the lines of a recording in order, up to the first bad one.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    input: R,
    /// Number of the line that was just read, from 1.
    line: u64,
    buffer: Vec<u8>,
    /// The version of its format.
    version: u32,
    /// The part that is being read, if the recording has parts.
    part: Option<RecordingPart>,
    scans: u64,
    monotonic_ns: Option<u64>,
    /// Pids of the last scan and its recheck.
    shown: HashSet<u32, RandomState>,
    place: Place,
}

/// What may follow the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The last line is a scan: what was heard just after it can follow.
    AfterScan,
    /// The last line was heard just before a scan, which must follow.
    BeforeScan,
    Other,
}

const USE_A_RECORDING: &str = "use a file written by `pscan record` or a `Recorder`";

/// Identifies a header. It is in the first bytes of every header, and in hardly any other file.
const HEADER_MARK: &[u8] = b"\"pscan_recording\"";

/// How a recorder begins a header.
const HEADER_BEGIN: &[u8] = b"{\"pscan_recording\"";

const NO_SCAN_FOLLOWS: &str = "no scan follows what was heard just before it";

const HEADER_BYTES: usize = 4096;

/// Maximum number of blank lines at the end of a recording.
const MAX_BLANK_LINES: usize = 100;

/// The first bytes of compressed files, and the programs that decompress them.
const COMPRESSED: [(&[u8], &str); 4] = [
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
];

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    pub(crate) fn new(input: R) -> Result<(Self, Header)> {
        let mut reader = Self {
            input,
            line: 0,
            buffer: Vec::new(),
            version: VERSION,
            part: None,
            scans: 0,
            monotonic_ns: None,
            shown: HashSet::default(),
            place: Place::Other,
        };
        let header = match reader.read_line() {
            Ok(true) => reader
                .parse("the header of a recording")
                .map_err(|error| error.with_advice(USE_A_RECORDING)),
            Ok(false) => return Err(bad("the recording is empty").with_advice(USE_A_RECORDING)),
            Err(error) => Err(error),
        };
        let header: Header = header.map_err(|error| reader.explain_header(error))?;
        reader.begin_part(&header)?;
        Ok((reader, header))
    }

    /// Checks a header, and reads what follows as its part.
    fn begin_part(&mut self, header: &Header) -> Result<()> {
        if !(1..=VERSION).contains(&header.pscan_recording) {
            return Err(self
                .bad(format!(
                    "the recording has version {}, but this program reads versions 1 to {VERSION}",
                    header.pscan_recording
                ))
                .with_advice("replay it with the version of this program that wrote it"));
        }
        if header.start_time_resolution_ms == 0 {
            return Err(self.bad("start_time_resolution_ms is 0, but must be at least 1"));
        }
        self.version = header.pscan_recording;
        self.part.clone_from(&header.part);
        // Its first scan has every process in full.
        self.shown.clear();
        Ok(())
    }

    /// Reads the header of the next part of the same recording.
    fn next_part(&mut self) -> Result<()> {
        let header: Header = self.parse("the header of a recording")?;
        if self.place == Place::BeforeScan {
            return Err(self.bad(NO_SCAN_FOLLOWS));
        }
        let continues = match (&header.part, &self.part) {
            (Some(part), Some(before)) => part.continues(before),
            _ => false,
        };
        if !continues {
            return Err(self
                .bad("another recording begins, which does not continue the one before")
                .with_advice("replay each of them alone"));
        }
        self.place = Place::Other;
        // Lines are counted in each part.
        self.line = 1;
        self.begin_part(&header)
    }

    /// Returns the error of the first line, or a better one if the file is no recording at all.
    fn explain_header(&self, error: Error) -> Error {
        let first = &self.buffer;
        let compressed = COMPRESSED
            .iter()
            .find(|(begin, _)| first.starts_with(begin));
        if let Some((_, program)) = compressed {
            return bad(format!("the recording is compressed with {program}")).with_advice(
                format!("decompress it: {program} -dc FILE | pscan replay -"),
            );
        }
        let is_header = first[..first.len().min(HEADER_BYTES)]
            .windows(HEADER_MARK.len())
            .any(|bytes| bytes == HEADER_MARK);
        // A read error is the better explanation: the line may be incomplete.
        if is_header || error.source().is_some() {
            return error;
        }
        bad("not a recording: the first line has no \"pscan_recording\"")
            .with_advice(USE_A_RECORDING)
    }

    /// Reads and checks the next line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Recorded>> {
        loop {
            let next_line = self.line + 1;
            if !self.read_nonblank_line()? {
                return Ok(None);
            }
            if self.line > next_line {
                self.line = next_line;
                return Err(self.bad("the line is empty, but more lines follow"));
            }
            if !self.buffer.starts_with(HEADER_BEGIN) {
                break;
            }
            self.next_part()?;
        }
        let line: Line = self.parse("a scan, a recheck or what was heard")?;
        let place = match &line {
            Line::Scan(_) => Place::AfterScan,
            Line::Heard(heard) if heard.when == When::Before => Place::BeforeScan,
            Line::Heard(_) | Line::Recheck(_) => Place::Other,
        };
        let last_place = std::mem::replace(&mut self.place, place);
        if last_place == Place::BeforeScan && place != Place::AfterScan {
            return Err(self.bad(NO_SCAN_FOLLOWS));
        }
        match line {
            Line::Scan(mut scan) => {
                self.check_time(scan.monotonic_ns)?;
                let before = std::mem::take(&mut self.shown);
                if let Some(pid) = scan
                    .shown
                    .unchanged
                    .iter()
                    .find(|&pid| !before.contains(pid))
                {
                    return Err(self.bad(format!(
                        "pid {pid} is in \"unchanged\", but the scan before does not contain it"
                    )));
                }
                self.check(&mut scan.shown)?;
                self.scans += 1;
                Ok(Some(Recorded::Scan(scan)))
            }
            Line::Heard(heard) => {
                self.check_heard(&heard, last_place)?;
                Ok(Some(Recorded::Heard(heard)))
            }
            Line::Recheck(_) if self.scans == 0 => Err(self.bad("a recheck before the first scan")),
            Line::Recheck(mut recheck) => {
                self.check(&mut recheck.shown)?;
                Ok(Some(Recorded::Recheck(recheck)))
            }
        }
    }

    /// Checks time and place of what was heard.
    fn check_heard(&mut self, heard: &HeardRecord, place: Place) -> Result<()> {
        if self.version == 1 {
            return Err(self.bad("version 1 has nothing that was heard"));
        }
        if (heard.when == When::Between) != heard.at().is_some() || heard.has_half_a_time() {
            return Err(
                self.bad("what was heard between two scans has a time, and nothing else has one")
            );
        }
        if heard.when == When::After && place != Place::AfterScan {
            return Err(self.bad("what was heard just after a scan does not follow it"));
        }
        match heard.at() {
            Some(at) => self.check_time(at.monotonic_ns),
            None => Ok(()),
        }
    }

    /// Checks that the time of a line does not go back.
    fn check_time(&mut self, monotonic_ns: u64) -> Result<()> {
        if self.monotonic_ns.is_some_and(|last| last > monotonic_ns) {
            return Err(self
                .bad(format!(
                    "time goes back: monotonic_ns is {monotonic_ns}, after {}",
                    self.monotonic_ns.unwrap_or_default()
                ))
                .with_advice("keep the lines in the order in which they were written"));
        }
        self.monotonic_ns = Some(monotonic_ns);
        Ok(())
    }

    /// Checks the lists of a scan or a recheck, and brings them up to this version.
    fn check(&mut self, shown: &mut Shown) -> Result<()> {
        let (pids, times) = (shown.unchanged.len(), shown.unchanged_read_offset_ns.len());
        if times != 0 && times != pids {
            return Err(self.bad(format!(
                "\"unchanged\" has {pids} entries, but \"unchanged_read_offset_ns\" has {times}"
            )));
        }
        if self.version == 1 {
            let has_time = |row: &RowRecord| row.read_offset_ns.is_some();
            if times != 0 || shown.rows.iter().any(has_time) {
                return Err(self.bad("version 1 has no times of readings"));
            }
            shown
                .rows
                .iter_mut()
                .for_each(RowRecord::read_empty_as_unread);
        }
        for pid in shown.pids() {
            if !self.shown.insert(pid) {
                return Err(self.bad(format!("pid {pid} occurs twice in one scan")));
            }
        }
        Ok(())
    }

    /// Reads the next line that is not blank; false at the end of the recording.
    fn read_nonblank_line(&mut self) -> Result<bool> {
        for _ in 0..=MAX_BLANK_LINES {
            if !self.read_line()? {
                return Ok(false);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
        Err(self.bad(format!("more than {MAX_BLANK_LINES} empty lines in a row")))
    }

    /// Reads one line without its line break; false at the end of the recording.
    fn read_line(&mut self) -> Result<bool> {
        // One long line must not keep its memory allocated.
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        self.line += 1;
        (&mut self.input)
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| {
                let message = format!("{}: cannot read the recording", self.here());
                Error::from_io(message, error).mark_final()
            })?;
        if self.buffer.is_empty() {
            return Ok(false);
        }
        if self.buffer.pop() != Some(b'\n') {
            if self.buffer.len() as u64 >= MAX_LINE_BYTES {
                return Err(self.bad(format!("the line is longer than {MAX_LINE_BYTES} bytes")));
            }
            let complete = match self.scans {
                0 => "no scan is complete".into(),
                1 => "the scan before it is complete".into(),
                scans => format!("the {scans} scans before it are complete"),
            };
            return Err(self
                .bad(format!("the recording ends inside the line; {complete}"))
                .with_advice(
                    "its recorder could not write the rest; all scans so far are correct",
                ));
        }
        Ok(true)
    }

    fn parse<'a, T: serde::Deserialize<'a>>(&'a self, what: &str) -> Result<T> {
        serde_json::from_slice(&self.buffer).map_err(|error| {
            // serde_json sees one line at a time, so its line number is always 1.
            let text = error.to_string();
            let text = match text.split_once(" at line 1 column ") {
                Some((text, column)) => format!("{text} at column {column}"),
                None => text,
            };
            self.bad(format!("not {what}: {}", without_quoted(&text)))
        })
    }

    fn bad(&self, reason: impl std::fmt::Display) -> Error {
        bad(format!("{}: {reason}", self.here()))
    }

    /// Returns which line was just read.
    fn here(&self) -> String {
        match &self.part {
            Some(part) => format!("part {}, line {}", part.number, self.line),
            None => format!("line {}", self.line),
        }
    }
}

/// Removes quoted text from a message: it comes from a process, and may be secret.
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

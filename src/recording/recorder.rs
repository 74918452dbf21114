//! Records a source and passes its rows on.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{ErrorKind, Write};

use super::format::{Failed, Header, Line, Rechecked, TimedScan, VERSION};
use super::full_scan::in_full;
use super::heard::{HeardRecord, When};
use super::part::RecordingPart;
use super::reader::MAX_LINE_BYTES;
use super::scan_recorder::{Known, ScanRecorder};
use crate::model::{Error, ErrorClass, Hearing, Result, Timestamp};
use crate::redact::Redactor;
use crate::source::{Bell, Happening, Heard, Recheck, Row, ScanSummary, Source, SourceInfo};

/// A source that records another source and passes its rows on.
///
/// Each scan is one line, flushed before the scan returns: if the recorder is killed, the recording has all
/// scans before. An unchanged process takes a few bytes. What the source hears between scans is recorded in the
/// same way. If that cannot be written, the drain reports a loss, and the next scan returns the error.
///
/// Secrets in names and command lines are redacted in the recording and in the rows that are passed on. The
/// recorder uses [`Redactor::default`] or the one given to [`with_redactor`](Self::with_redactor). It does not know the
/// scanner's settings unless they are given to it, as below. If only a secret changes, the process counts as
/// unchanged. Other people's command lines stay in the file, so only its owner should be able to read it.
///
/// An error that [is final](Error::is_final) is passed on but not recorded. The rows of its scan are not recorded
/// either.
///
/// ```no_run
/// use std::fs::File;
/// use process_scanner::{Config, Recorder, Redactor, Scanner, live_source};
///
/// let config = Config::default();
/// let source = live_source(&config)?;
/// let recorder = Recorder::new(source, File::create("host.ndjson")?)?
///     .with_redactor(Redactor::from(&config));
/// let mut scanner = Scanner::builder().config(config).source(recorder).build()?;
/// for _ in 0..60 {
///     let batch = scanner.scan_once().expect("a live source never ends");
///     // A write error of the recording is a final failure.
///     if let Some(failure) = batch.failure.clone().filter(|failure| failure.is_final()) {
///         return Err(failure.into());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Recorder<S, W> {
    source: S,
    output: W,
    at: Timestamp,
    last: Known,
    buffer: Vec<u8>,
    redactor: Redactor,
    /// At least one scan was written.
    has_scans: bool,
    /// What the next drain is; `None` once the source has ended.
    next_drain: Option<When>,
    /// What was heard just before the scan that follows.
    before_scan: Option<HeardRecord>,
    /// Pids of what was heard since the last scan. Their rows are recorded in full.
    heard: HashSet<u32>,
    /// Why a line could not be written. The next scan returns it, since a drain returns no error.
    fault: Option<Error>,
    /// `None`: the recording has no parts.
    parts: Option<Parts<W>>,
}

/// The parts of a recording.
struct Parts<W> {
    /// The part that is being written.
    current: RecordingPart,
    next: NextPart<W>,
}

/// Replaces the output if the next part is due, and returns whether it has.
type NextPart<W> = Box<dyn FnMut(&mut W) -> Result<bool> + Send + Sync>;

impl<S: Source, W: Write> Recorder<S, W> {
    /// Creates a recorder of `source` and writes the header to `output`.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Output`](ErrorClass::Output) if the header cannot be written. The error is final.
    pub fn new(source: S, output: W) -> Result<Self> {
        Self::begin(source, output, None)
    }

    /// Creates a recorder that divides its recording into [parts](RecordingPart).
    ///
    /// `first` is the part that begins in `output`. Before each scan that can begin a part, `next` decides whether a
    /// new one is due. If so, it replaces the output by a new, empty one, and returns true. The recorder
    /// then writes a header and that scan in full. A scan that failed, or does not contain the process that scans,
    /// begins no part.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new). An error of `next` ends the recording: it is the final failure of that scan.
    pub fn in_parts(
        source: S,
        output: W,
        first: RecordingPart,
        next: impl FnMut(&mut W) -> Result<bool> + Send + Sync + 'static,
    ) -> Result<Self> {
        let parts = Parts {
            current: first,
            next: Box::new(next),
        };
        Self::begin(source, output, Some(parts))
    }

    fn begin(source: S, output: W, parts: Option<Parts<W>>) -> Result<Self> {
        let mut recorder = Self {
            source,
            output,
            at: Timestamp::new(0, 0),
            last: HashMap::default(),
            buffer: Vec::new(),
            redactor: Redactor::default(),
            has_scans: false,
            next_drain: Some(When::Between),
            before_scan: None,
            heard: HashSet::default(),
            fault: None,
            parts,
        };
        recorder.write_header()?;
        Ok(recorder)
    }

    fn write_header(&mut self) -> Result<()> {
        let info = self.source.info();
        self.write(&Header {
            pscan_recording: VERSION,
            source: info.name,
            start_time_resolution_ms: info.start_time_resolution_ms.max(1),
            own_pid: info.own_pid,
            host: info.host,
            hears_lives: info.hears_lives,
            hears_exits: info.hears_exits,
            collects: info.collects,
            part: self.parts.as_ref().map(|parts| parts.current.clone()),
        })
    }

    /// Begins the next part if one is due, and returns whether it has.
    fn begin_part(&mut self) -> Result<bool> {
        let Some(parts) = &mut self.parts else {
            return Ok(false);
        };
        let is_due = (parts.next)(&mut self.output).map_err(Error::mark_final)?;
        if is_due {
            parts.current = parts.current.following();
            self.write_header()?;
        }
        Ok(is_due)
    }

    /// Returns whether a scan of these processes can begin a part.
    fn can_begin_part(&self) -> bool {
        let own_pid = self.source.info().own_pid;
        self.has_scans
            && match own_pid {
                Some(pid) => self.last.contains_key(&pid),
                None => !self.last.is_empty(),
            }
    }

    /// Sets the redactor.
    ///
    /// Call it before the first scan: text recorded earlier stays as it was until it changes.
    #[must_use]
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Returns the output. Everything is written and flushed.
    pub fn into_output(self) -> W {
        self.output
    }

    fn write(&mut self, line: &impl serde::Serialize) -> Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)
            .expect("BUG: plain data serialises, and writing to memory does not fail");
        if self.buffer.len() as u64 > MAX_LINE_BYTES {
            let reason = format!("is longer than {MAX_LINE_BYTES} bytes");
            return Err(too_long(&reason));
        }
        self.buffer.push(b'\n');
        self.output
            .write_all(&self.buffer)
            .and_then(|()| self.output.flush())
            .map_err(|error| {
                let advice = match (error.kind(), self.has_scans) {
                    (ErrorKind::StorageFull, false) => "free space there; no scan was written",
                    (ErrorKind::StorageFull, true) => {
                        "free space there; the scans written so far can be replayed"
                    }
                    (_, false) => "write it elsewhere; no scan was written",
                    (_, true) => "the scans written so far can be replayed",
                };
                Error::new(ErrorClass::Output, "cannot write the recording")
                    .with_source(error)
                    .with_advice(advice)
                    .mark_final()
            })
    }
}

impl<S: Source, W: Write + Send> Source for Recorder<S, W> {
    fn info(&self) -> SourceInfo {
        self.source.info()
    }

    fn now(&mut self) -> Timestamp {
        self.next_drain = Some(When::Before);
        self.at = self.source.now();
        self.at
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        self.next_drain = Some(When::After);
        let heard = std::mem::take(&mut self.heard);
        let mut recorder = ScanRecorder::of_scan(
            std::mem::take(&mut self.last),
            heard,
            &self.redactor,
            self.at.monotonic_ns,
        );
        let outcome = self
            .source
            .scan(&mut |row| recorder.record(row, emit))
            .and_then(|seen| recorder.fault.take().map_or(Ok(seen), Err));
        let seen = outcome.as_ref().copied().unwrap_or_default();
        let failed = outcome
            .as_ref()
            .err()
            .map(|error| Failed::of(error, &self.redactor));
        let mut line = TimedScan {
            wall_ms: self.at.wall_ms,
            monotonic_ns: self.at.monotonic_ns,
            start_clock_ms: self.at.start_clock_ms,
            unreadable_fields: seen.unreadable_fields,
            unreadable: seen.unreadable,
            vanished: seen.vanished,
            started_total: seen.started_total,
            failed,
            shown: recorder.shown,
        };
        self.last = recorder.now;
        // A final error is the end of the source, such as the end of a recording that is recorded again.
        let before_scan = self.before_scan.take();
        if matches!(&outcome, Err(error) if error.is_final()) {
            self.next_drain = None;
            return outcome;
        }
        if outcome.is_ok() && self.parts.is_some() && self.can_begin_part() && self.begin_part()? {
            line.shown = in_full(&line.shown, &self.last);
        }
        if let Some(heard) = before_scan {
            self.write(&Line::Heard(heard))?;
        }
        self.write(&Line::Scan(line))?;
        self.has_scans = true;
        outcome
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let mut recorder = ScanRecorder::of_recheck(
            std::mem::take(&mut self.last),
            &self.redactor,
            self.at.monotonic_ns,
        );
        let outcome = self
            .source
            .recheck(pids, &mut |row| recorder.record(row, emit))
            .and_then(|able| recorder.fault.take().map_or(Ok(able), Err));
        let failed = outcome
            .as_ref()
            .err()
            .map(|error| Failed::of(error, &self.redactor));
        let line = Line::Recheck(Rechecked {
            not_able: matches!(outcome, Ok(Recheck::Unsupported)),
            failed,
            shown: recorder.shown,
        });
        self.last = recorder.now;
        // Without the line, a replay fails here too, and reports no exits.
        if !matches!(&outcome, Err(error) if error.is_final()) {
            self.write(&line)?;
        }
        outcome
    }

    fn bell(&mut self) -> Option<Bell> {
        self.source.bell()
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let Some(when) = self.next_drain else {
            return self.source.drain(emit);
        };
        if when == When::After {
            self.next_drain = Some(When::Between);
        }
        let mut record = HeardRecord::new(when);
        let scan_ns = self.at.monotonic_ns;
        let (redactor, pids) = (&self.redactor, &mut self.heard);
        let heard = self.source.drain(&mut |happening| {
            pids.insert(happening.pid());
            record.record(scan_ns, happening, redactor, emit);
        });
        let mut heard = record.finish(heard, redactor);
        // After a line that could not be written, the rest would be at the wrong place.
        if record.is_empty() || self.fault.is_some() {
            return heard;
        }
        if when == When::Before {
            self.before_scan = Some(record);
            return heard;
        }
        let written = match record.is_too_long() {
            true => Err(too_long("has too many births and exits")),
            false => self.write(&Line::Heard(record)),
        };
        if let Err(error) = written {
            // A running scanner scans at once after a loss, and that scan returns the error.
            heard.hearing = Hearing::Lossy;
            heard.reason = Some(error.full_message());
            self.fault = Some(error);
        }
        heard
    }
}

/// Omits the processes: their data can be private.
impl<S, W> fmt::Debug for Recorder<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("at", &self.at)
            .field("processes", &self.last.len())
            .finish_non_exhaustive()
    }
}

/// Returns the error of a line that no reader would read.
fn too_long(reason: &str) -> Error {
    let message = format!("cannot write the recording: a line {reason}");
    Error::new(ErrorClass::Output, message)
        .with_advice("the scans written so far can be replayed; record without arguments")
        .mark_final()
}

impl Failed {
    /// Records an error. Its message may quote text of a process.
    fn of(error: &Error, redactor: &Redactor) -> Self {
        let message = error.full_message().into_bytes();
        let message = redactor.command(&message);
        Self {
            class: error.class(),
            message: String::from_utf8_lossy(&message).into_owned(),
        }
    }
}

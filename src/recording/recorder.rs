//! Writes down what a source says while handing it on.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;

use super::format::{Failed, Header, Line, Rechecked, TimedScan, VERSION};
use super::notes::{Known, Notes};
use crate::model::{Error, ErrorClass, Result, Timestamp};
use crate::redact::Redactor;
use crate::source::{Recheck, Row, Seen, Source, SourceInfo};

/// A source that records another: it hands on everything the other says and writes it down.
///
/// Each scan is a line, flushed before the scan returns, so that whatever ends the recorder leaves
/// a recording of every scan before. A process that is word for word what it was takes a few bytes.
///
/// Neither who reads the recording nor who gets the rows sees the secrets in names and command lines: they
/// are hidden as by [`Redactor::default`], or as [`redacting`](Self::redacting) says: a scanner's settings are
/// not the recorder's unless they are given to it, as below. A change of nothing but a secret is no change.
/// Command lines are other people's all the same, so that the file should be for nobody else.
///
/// An error that [is final](Error::is_final) is handed on and not recorded, and neither is what the scan that ended
/// with it had shown.
///
/// ```no_run
/// use std::fs::File;
/// use process_scanner::{Config, Recorder, Redactor, Scanner, live_source};
///
/// let config = Config::default();
/// let source = live_source(&config)?;
/// let recorder = Recorder::new(source, File::create("host.ndjson")?)?
///     .redacting(Redactor::from(&config));
/// let mut scanner = Scanner::builder().config(config).source(recorder).build()?;
/// for _ in 0..60 {
///     let batch = scanner.scan_once().expect("a live source never ends");
///     // A recording that cannot be written on is a final failure.
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
}

impl<S: Source, W: Write> Recorder<S, W> {
    /// Records `source` into `output`, and writes the header at once.
    ///
    /// # Errors
    ///
    /// Of class [`Output`](ErrorClass::Output) when the header cannot be written.
    pub fn new(source: S, output: W) -> Result<Self> {
        let info = source.info();
        let mut recorder = Self {
            source,
            output,
            at: Timestamp::new(0, 0),
            last: HashMap::default(),
            buffer: Vec::new(),
            redactor: Redactor::default(),
        };
        recorder.write(&Header {
            pscan_recording: VERSION,
            source: info.name,
            start_time_resolution_ms: info.start_time_resolution_ms.max(1),
            own_pid: info.own_pid,
        })?;
        Ok(recorder)
    }

    /// The same with another redactor. To be called before the first scan: what was taken down already stays as it
    /// was for as long as it does not change.
    #[must_use]
    pub fn redacting(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// The output, with everything written and flushed.
    pub fn into_output(self) -> W {
        self.output
    }

    fn write(&mut self, line: &impl serde::Serialize) -> Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)
            .expect("BUG: a line is plain data, and memory takes it");
        self.buffer.push(b'\n');
        self.output
            .write_all(&self.buffer)
            .and_then(|()| self.output.flush())
            .map_err(|error| {
                Error::new(ErrorClass::Output, "cannot write the recording")
                    .with_source(error)
                    .with_advice("the scans written so far can be replayed")
                    .mark_final()
            })
    }
}

impl<S: Source, W: Write + Send> Source for Recorder<S, W> {
    fn info(&self) -> SourceInfo {
        self.source.info()
    }

    fn now(&mut self) -> Timestamp {
        self.at = self.source.now();
        self.at
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        let mut notes = Notes::of_scan(std::mem::take(&mut self.last), &self.redactor);
        let outcome = self
            .source
            .scan(&mut |row| notes.take_down(row, hand_over))
            .and_then(|seen| notes.fault.take().map_or(Ok(seen), Err));
        let seen = outcome.as_ref().copied().unwrap_or_default();
        let line = Line::Scan(TimedScan {
            wall_ms: self.at.wall_ms,
            monotonic_ns: self.at.monotonic_ns,
            start_clock_ms: self.at.start_clock_ms,
            unreadable_fields: seen.unreadable_fields,
            vanished: seen.vanished,
            started_total: seen.started_total,
            failed: outcome.as_ref().err().map(Failed::from),
            shown: notes.shown,
        });
        self.last = notes.now;
        // The end of a recording that is recorded again is not a scan.
        if !matches!(&outcome, Err(error) if error.is_final()) {
            self.write(&line)?;
        }
        outcome
    }

    fn recheck(&mut self, pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let mut notes = Notes::of_recheck(std::mem::take(&mut self.last), &self.redactor);
        let outcome = self
            .source
            .recheck(pids, &mut |row| notes.take_down(row, hand_over))
            .and_then(|able| notes.fault.take().map_or(Ok(able), Err));
        let line = Line::Recheck(Rechecked {
            not_able: matches!(outcome, Ok(Recheck::NotAble)),
            failed: outcome.as_ref().err().map(Failed::from),
            shown: notes.shown,
        });
        self.last = notes.now;
        // Without the line, a replay breaks off here too and takes nothing for gone.
        if !matches!(&outcome, Err(error) if error.is_final()) {
            self.write(&line)?;
        }
        outcome
    }
}

/// What it holds of other people's processes is left out.
impl<S, W> fmt::Debug for Recorder<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("at", &self.at)
            .field("processes", &self.last.len())
            .finish_non_exhaustive()
    }
}

impl From<&Error> for Failed {
    fn from(error: &Error) -> Self {
        Self {
            class: error.class(),
            message: error.full_message(),
        }
    }
}

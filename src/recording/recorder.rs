//! Writes down what a source says while handing it on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::Write;

use ahash::RandomState;

use super::format::{Failed, Header, Line, Rechecked, RowRecord, Shown, TimedScan, VERSION};
use crate::model::{Error, ErrorClass, Result, Timestamp};
use crate::redact::Redactor;
use crate::source::{ProcessRow, Reading, Recheck, Row, Seen, Source, SourceInfo};

/// What a scan and its recheck showed; `None` for a process of which nothing is known.
type Known = HashMap<u32, Option<RowRecord>, RandomState>;

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

/// The rows of one scan as they are taken down.
struct Notes<'r> {
    redactor: &'r Redactor,
    /// What the scan before showed; `None` in a recheck. What is rechecked was not shown, so there
    /// is nothing it could be the same as.
    before: Option<Known>,
    now: Known,
    shown: Shown,
    /// What the source broke its contract with, first. A recording with such rows could not be
    /// read, so they go no further: the scan fails, and fails alike when it is played.
    fault: Option<Error>,
}

impl<'r> Notes<'r> {
    fn of_scan(before: Known, redactor: &'r Redactor) -> Self {
        Self {
            redactor,
            now: HashMap::with_capacity_and_hasher(before.len(), RandomState::default()),
            before: Some(before),
            shown: Shown::default(),
            fault: None,
        }
    }

    fn of_recheck(now: Known, redactor: &'r Redactor) -> Self {
        Self {
            redactor,
            before: None,
            now,
            shown: Shown::default(),
            fault: None,
        }
    }

    fn take_down(&mut self, row: Row<'_>, hand_over: &mut dyn FnMut(Row<'_>)) {
        let pid = row.pid();
        if self.now.contains_key(&pid) {
            return self.blame(format!("the source showed pid {pid} twice in one scan"));
        }
        let before = self.before.as_mut().map(|before| before.remove(&pid));
        let now = match &row {
            Row::Process(row) => {
                return self.take_down_process(row, before.flatten().flatten(), hand_over);
            }
            Row::Unchanged { .. } => {
                if let Some(None) = before {
                    return self.blame(format!(
                        "the source said that pid {pid} is unchanged, and the scan before does \
                         not show it"
                    ));
                }
                self.shown.unchanged.push(pid);
                before.flatten().flatten()
            }
            Row::Unreadable { .. } => {
                self.shown.unreadable.push(pid);
                before.flatten().flatten()
            }
        };
        self.now.insert(pid, now);
        hand_over(row);
    }

    /// Takes down one that was read, without its secrets, and hands it on so.
    fn take_down_process(
        &mut self,
        row: &ProcessRow<'_>,
        before: Option<RowRecord>,
        hand_over: &mut dyn FnMut(Row<'_>),
    ) {
        // What was taken down goes through the redactor unchanged.
        let (held_name, held_command) = match &before {
            Some(before) => (before.as_row().name, before.as_row().command),
            None => (Reading::Unknown, Reading::Unknown),
        };
        let name = row
            .name
            .map(|name| match held_name == Reading::Known(name) {
                true => Cow::Borrowed(name),
                false => self.redactor.name(name),
            });
        let command = row
            .command
            .map(|command| match held_command == Reading::Known(command) {
                true => Cow::Borrowed(command),
                false => self.redactor.command(command),
            });
        let row = ProcessRow {
            name: name.as_ref().map(|name| &**name),
            command: command.as_ref().map(|command| &**command),
            ..*row
        };
        let now = self.compare(&row, before);
        self.now.insert(row.pid, Some(now));
        hand_over(Row::Process(row));
    }

    /// Takes down what is new in a row, and returns the whole of it.
    fn compare(&mut self, row: &ProcessRow<'_>, before: Option<RowRecord>) -> RowRecord {
        let mut record = RowRecord::from(row);
        let Some(before) = before else {
            self.shown.rows.push(record.clone());
            return record;
        };
        if may_be_another(&record, &before) {
            self.shown.rows.push(record.clone());
            return record;
        }
        stands(&mut record.name, &before.name);
        stands(&mut record.command, &before.command);
        if record == before {
            self.shown.unchanged.push(row.pid);
            return before;
        }
        let mut line = record.clone();
        if line.name == before.name {
            line.name = Reading::Same;
        }
        if line.command == before.command {
            line.command = Reading::Same;
        }
        self.shown.rows.push(line);
        record
    }

    fn blame(&mut self, message: String) {
        self.fault
            .get_or_insert_with(|| Error::new(ErrorClass::BadData, message));
    }
}

/// Whether the table could take the two for two processes. The second one then needs its name and
/// command in full, be they the same or not.
fn may_be_another(record: &RowRecord, before: &RowRecord) -> bool {
    // Where CPU time was unknown before, the table holds an older one against it.
    let cpu_time_went_back = record.cpu_time_ns.is_some_and(|now_ns| {
        before
            .cpu_time_ns
            .is_none_or(|before_ns| now_ns < before_ns)
    });
    record.start_time_ms != before.start_time_ms || cpu_time_went_back
}

/// A field that was not read again is what it was.
fn stands<T: Clone>(reading: &mut Reading<T>, before: &Reading<T>) {
    if matches!(reading, Reading::Same) {
        *reading = before.clone();
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

//! Writes down what a source says while handing it on.

use std::collections::HashMap;
use std::io::Write;

use ahash::RandomState;

use super::format::{Failed, Header, Line, Rechecked, RowRecord, Shown, TimedScan, VERSION};
use crate::error::{Error, ErrorClass, Result};
use crate::source::{Reading, Recheck, Row, Seen, Source, SourceInfo, Timestamp};

/// A source that records another: it hands on everything the other says and writes it down.
///
/// Each scan is a line, flushed before the scan returns, so that whatever ends the recorder leaves
/// a recording of every scan before. A process that is word for word what it was takes a few bytes.
#[derive(Debug)]
pub struct Recorder<S, W> {
    source: S,
    output: W,
    at: Timestamp,
    /// What the last scan and its recheck showed.
    last: HashMap<u32, RowRecord, RandomState>,
    buffer: Vec<u8>,
}

impl<S: Source, W: Write> Recorder<S, W> {
    /// Records `source` into `output`, and writes the header at once.
    ///
    /// # Errors
    ///
    /// When the header cannot be written.
    pub fn new(source: S, output: W) -> Result<Self> {
        let info = source.info();
        let mut recorder = Self {
            source,
            output,
            at: Timestamp {
                wall_ms: 0,
                monotonic_ns: 0,
            },
            last: HashMap::default(),
            buffer: Vec::new(),
        };
        recorder.write(&Header {
            pscan_recording: VERSION,
            source: info.name,
            start_time_resolution_ms: info.start_time_resolution_ms,
            own_pid: info.own_pid,
        })?;
        Ok(recorder)
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
                    .into_final()
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
        let mut notes = Notes::after(std::mem::take(&mut self.last));
        let outcome = self.source.scan(&mut |row| {
            notes.take_down(&row);
            hand_over(row);
        });
        let seen = outcome.as_ref().copied().unwrap_or_default();
        let line = Line::Scan(TimedScan {
            wall_ms: self.at.wall_ms,
            monotonic_ns: self.at.monotonic_ns,
            unreadable_fields: seen.unreadable_fields,
            vanished: seen.vanished,
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
        // What is rechecked was not shown, so there is nothing it could be the same as.
        let mut notes = Notes::after(HashMap::default());
        let outcome = self.source.recheck(pids, &mut |row| {
            notes.take_down(&row);
            hand_over(row);
        });
        self.last.extend(notes.now);
        self.write(&Line::Recheck(Rechecked {
            not_able: matches!(outcome, Ok(Recheck::NotAble)),
            failed: outcome.as_ref().err().map(Failed::from),
            shown: notes.shown,
        }))?;
        outcome
    }
}

/// The rows of one scan as they are taken down.
struct Notes {
    before: HashMap<u32, RowRecord, RandomState>,
    now: HashMap<u32, RowRecord, RandomState>,
    shown: Shown,
}

impl Notes {
    fn after(before: HashMap<u32, RowRecord, RandomState>) -> Self {
        Self {
            now: HashMap::with_capacity_and_hasher(before.len(), RandomState::default()),
            before,
            shown: Shown::default(),
        }
    }

    fn take_down(&mut self, row: &Row<'_>) {
        let pid = row.pid();
        let before = self.before.remove(&pid);
        match row {
            Row::Process(row) => {
                let mut record = RowRecord::from(row);
                let Some(before) = before else {
                    self.shown.rows.push(record.clone());
                    self.now.insert(pid, record);
                    return;
                };
                stands(&mut record.name, &before.name);
                stands(&mut record.command, &before.command);
                if record == before {
                    self.shown.unchanged.push(pid);
                    self.now.insert(pid, before);
                    return;
                }
                let mut line = record.clone();
                if line.name == before.name {
                    line.name = Reading::Same;
                }
                if line.command == before.command {
                    line.command = Reading::Same;
                }
                self.shown.rows.push(line);
                self.now.insert(pid, record);
            }
            Row::Unchanged { .. } => {
                self.shown.unchanged.push(pid);
                self.now.extend(before.map(|record| (pid, record)));
            }
            Row::Unreadable { .. } => {
                self.shown.unreadable.push(pid);
                self.now.extend(before.map(|record| (pid, record)));
            }
        }
    }
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

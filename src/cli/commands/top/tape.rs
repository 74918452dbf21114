//! Reads recordings forward, from the begin of any of them.

use std::sync::Arc;

use process_scanner::{Batch, Config, Error, ReplaySource, Result, Scanner};

use super::super::replay::numbered;
use super::super::stored::Runs;
use crate::cli::history::TimeAxis;

/// A batch of a recording, with its place.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) batch: Arc<Batch>,
    /// In milliseconds since the Unix epoch, by a clock that never goes back.
    pub(super) at_ms: u64,
    /// Number of its recording, from 0.
    pub(super) run: usize,
    /// Scans of its recording until then, this one included.
    pub(super) scans: u64,
}

/// Recordings that are read as one.
pub(super) struct Tape {
    pub(super) runs: Arc<Runs>,
    config: Config,
    /// The recording that is opened next.
    next: usize,
    /// `None` between two recordings.
    playing: Option<Playing>,
    axis: TimeAxis,
    /// Batches of the recordings before.
    before: u64,
    /// Number of the last batch, and when it was taken.
    last: (u64, u64),
}

struct Playing {
    scanner: Scanner,
    scans: u64,
}

impl Tape {
    pub(super) fn new(runs: Arc<Runs>, config: Config) -> Self {
        Self {
            runs,
            config,
            next: 0,
            playing: None,
            axis: TimeAxis::default(),
            before: 0,
            last: (0, 0),
        }
    }

    /// Continues at the begin of a recording.
    pub(super) fn rewind(&mut self, run: usize) {
        self.next = run;
        self.playing = None;
        self.axis = TimeAxis::default();
        (self.before, self.last) = (0, (0, 0));
    }

    /// Returns the recording that has a time, or the one before it.
    pub(super) fn run_at(&self, at_ms: u64) -> usize {
        let runs = &self.runs.runs;
        let is_before = |begins_ms: u64| begins_ms <= at_ms;
        let last = runs
            .iter()
            .rposition(|run| run.begins_ms.is_some_and(is_before));
        last.unwrap_or(0)
    }

    /// Reads the next batch; `None` at the end of the last recording.
    ///
    /// # Errors
    ///
    /// If a recording cannot be opened, or not be read to its end. The next call goes on with the next one.
    pub(super) fn next(&mut self) -> Result<Option<Recorded>> {
        loop {
            let playing = match &mut self.playing {
                Some(playing) => playing,
                None if self.next < self.runs.runs.len() => {
                    self.next += 1;
                    self.open(self.next - 1)?
                }
                None => return Ok(None),
            };
            let scanner = &mut playing.scanner;
            let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) else {
                self.playing = None;
                continue;
            };
            if let Some(failure) = batch.failure.as_ref().filter(|failure| failure.is_final()) {
                let failure = Error::clone(failure);
                self.playing = None;
                return Err(failure);
            }
            playing.scans += u64::from(batch.of_scan);
            let scans = playing.scans;
            let batch = numbered(&batch, self.before);
            self.last = (batch.seq, batch.taken_at_ms);
            return Ok(Some(Recorded {
                at_ms: self.axis.of(&batch),
                run: self.next - 1,
                batch,
                scans,
            }));
        }
    }

    fn open(&mut self, run: usize) -> Result<&mut Playing> {
        let (before, last_ms) = self.last;
        let run = &self.runs.runs[run];
        if before > 0 {
            run.announce(last_ms);
        }
        self.before = before;
        let source = ReplaySource::new(run.open()?)?;
        let config = self.config.clone();
        let scanner = Scanner::builder().config(config).source(source).build()?;
        Ok(self.playing.insert(Playing { scanner, scans: 0 }))
    }
}

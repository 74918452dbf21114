//! The recording, and the moment of it that the view has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{SendError, Sender};

use super::feed::Fed;
use super::kept::Kept;
use super::tape::{Recorded, Tape};
use crate::cli::outcome::message;

/// What the view gets before the moment that it goes to, for its curves and its births and exits.
pub(super) const BEFORE_MS: u64 = 300_000;

/// Time between two notices of where a long search is.
const BETWEEN_NOTICES: Duration = Duration::from_millis(200);

/// The view has ended.
pub(super) type Gone = SendError<Fed>;

/// Where to go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// The last batch until this time.
    Time(u64),
    /// A scan of a recording, or the last one before it.
    Scan { run: usize, scans: u64 },
}

impl Goal {
    /// Returns whether a batch is not after it.
    fn has(self, recorded: &Recorded) -> bool {
        match self {
            Self::Time(at_ms) => recorded.at_ms <= at_ms,
            // A batch between two scans has the number of the one before, and comes after it.
            Self::Scan { run, scans } => {
                let place = (recorded.run, recorded.scans, !recorded.batch.of_scan);
                place <= (run, scans, false)
            }
        }
    }
}

/// A recording that is sent to a view.
pub(super) struct Reel {
    tape: Tape,
    kept: Kept,
    /// Index of the batch that the view has.
    shown: usize,
    pub(super) fed: Sender<Fed>,
}

impl Reel {
    /// `first`: the first batch of the tape. `kept`: empty.
    pub(super) fn new(tape: Tape, mut kept: Kept, first: Recorded, fed: Sender<Fed>) -> Self {
        kept.push(first, 0);
        Self {
            tape,
            kept,
            shown: 0,
            fed,
        }
    }

    /// Goes to a moment: the view gets a full batch, and what follows it until there.
    ///
    /// Before the first batch, that is the first one. A long search calls `notice` now and then.
    pub(super) fn seek(
        &mut self,
        goal: Goal,
        mut notice: impl FnMut(&Self) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        let has = |recorded: &Recorded| goal.has(recorded);
        if self.kept.last_until(has).is_none() {
            let run = match goal {
                Goal::Time(at_ms) => self.tape.run_at(at_ms),
                Goal::Scan { run, .. } => run,
            };
            self.restart(run)?;
        }
        let mut noticed = Instant::now();
        loop {
            let last = self.kept.len() - 1;
            let is_after = !self.kept.get(last).is_some_and(has);
            if is_after && last > 0 {
                break;
            }
            // What was read before is no longer shown.
            self.shown = last;
            if !self.read()? {
                break;
            }
            if noticed.elapsed() >= BETWEEN_NOTICES {
                noticed = Instant::now();
                notice(self)?;
            }
        }
        let to = self.kept.last_until(has);
        self.show(to.unwrap_or(0))
    }

    /// Reads again from the begin of a recording.
    ///
    /// If that is no longer there, what is kept stays.
    fn restart(&mut self, run: usize) -> Result<(), Gone> {
        let is_first = |first: &Recorded| (first.run, first.scans) <= (run, 1);
        if self.kept.get(0).is_some_and(is_first) {
            return Ok(());
        }
        self.tape.rewind(run);
        if let Some(first) = self.next()? {
            self.kept.clear();
            self.shown = self.kept.push(first, 0);
        }
        Ok(())
    }

    /// Sends the processes of a moment to the view, with what was just before.
    fn show(&mut self, to: usize) -> Result<(), Gone> {
        let at_ms = self.kept.get(to).map_or(0, |recorded| recorded.at_ms);
        let Some((from, full)) = self.kept.begin(at_ms.saturating_sub(BEFORE_MS), to) else {
            return Ok(());
        };
        self.fed.send(Fed::CatchUp { begins_again: true })?;
        self.fed.send(Fed::Batch(full))?;
        for index in from + 1..=to {
            self.send(index)?;
        }
        self.shown = to;
        Ok(())
    }

    /// Sends the next batch to the view, and returns whether it is of a scan. There is one.
    pub(super) fn advance(&mut self) -> Result<bool, Gone> {
        self.shown += 1;
        self.send(self.shown)?;
        Ok(self.shown().batch.of_scan)
    }

    fn send(&self, index: usize) -> Result<(), Gone> {
        match self.kept.get(index) {
            Some(recorded) => self.fed.send(Fed::Batch(Arc::clone(&recorded.batch))),
            None => Ok(()),
        }
    }

    /// Returns the batch after the one that the view has; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<&Recorded>, Gone> {
        if self.shown + 1 == self.kept.len() {
            self.read()?;
        }
        Ok(self.kept.get(self.shown + 1))
    }

    /// Reads and keeps a batch; returns false at the end.
    fn read(&mut self) -> Result<bool, Gone> {
        let next = self.next()?;
        let has_next = next.is_some();
        if let Some(recorded) = next {
            self.shown = self.kept.push(recorded, self.shown);
        }
        Ok(has_next)
    }

    /// Reads the next batch of any recording; `None` at the end.
    fn next(&mut self) -> Result<Option<Recorded>, Gone> {
        loop {
            match self.tape.next() {
                Ok(next) => return Ok(next),
                // The recordings after a damaged one are whole.
                Err(error) => {
                    let name = &self.tape.runs.name;
                    let text = format!("{name}: {}", message(&error));
                    self.fed.send(Fed::Message(text))?;
                }
            }
        }
    }

    /// Returns the batch that the view has.
    pub(super) fn shown(&self) -> &Recorded {
        let shown = self.kept.get(self.shown);
        shown.expect("BUG: the batch that the view has is kept")
    }
}

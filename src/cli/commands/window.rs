//! The part of a replay that the user wants, between two times.

use std::sync::Arc;

use jiff::tz::TimeZone;
use process_scanner::{Batch, Error, ErrorClass, Event, Result, Snapshot};

use crate::cli::args::Span;
use crate::cli::format::times;
use crate::cli::outcome::remark;
use crate::cli::select::Moment;

/// What follows from a batch.
pub(super) enum Passed {
    /// It is before the begin.
    Nothing,
    /// These batches are to be printed.
    Batches(Vec<Arc<Batch>>),
    /// It is after the end.
    Over,
}

/// Passes on the batches between two times.
///
/// What is before the begin is applied to a snapshot, which the first batch lists. So the first batch is full, as
/// that of a replay is.
pub(super) struct Window {
    from: Option<Moment>,
    to: Option<Moment>,
    /// When the recording begins; `None` until its first batch.
    begin_ms: Option<u64>,
    /// When it ends, if that is needed.
    end_ms: Option<u64>,
    /// The begin and the end of the window; `None` until they are known.
    limits: Option<(u64, u64)>,
    has_begun: bool,
    snapshot: Snapshot,
    last: Option<Arc<Batch>>,
    /// Scans between the begin and the end.
    scans: u64,
}

impl Window {
    /// `begin_ms`: when the recording begins, `None` for its first batch. `end_ms`: its end, if it is known.
    pub(super) fn new(span: &Span, begin_ms: Option<u64>, end_ms: Option<u64>) -> Self {
        Self {
            from: span.from.clone(),
            to: span.to.clone(),
            begin_ms,
            end_ms,
            limits: None,
            has_begun: false,
            snapshot: Snapshot::new(),
            last: None,
            scans: 0,
        }
    }

    /// Returns whether the window begins in a later recording. `next_ms`: when the next one begins.
    pub(super) fn is_later(&mut self, next_ms: Option<u64>) -> bool {
        let (Some(next_ms), Some(begin_ms), Some(_)) = (next_ms, self.begin_ms, &self.from) else {
            return false;
        };
        self.limits(begin_ms).is_ok_and(|(from, _)| next_ms <= from)
    }

    /// Returns whether a time is before the begin.
    pub(super) fn is_before(&mut self, wall_ms: u64) -> bool {
        !self.has_begun && self.limits(wall_ms).is_ok_and(|(from, _)| wall_ms < from)
    }

    /// Takes the next batch.
    ///
    /// # Errors
    ///
    /// If the times are not in the recording, as far as that is known.
    pub(super) fn take(&mut self, batch: &Arc<Batch>) -> Result<Passed> {
        let is_final = batch.failure.as_ref().is_some_and(Error::is_final);
        if (self.from.is_none() && self.to.is_none()) || is_final {
            return Ok(Passed::Batches(vec![Arc::clone(batch)]));
        }
        let (from, to) = self.limits(batch.taken_at_ms)?;
        if !self.has_begun && batch.taken_at_ms < from {
            self.snapshot.apply(batch);
            self.last = Some(Arc::clone(batch));
            return Ok(Passed::Nothing);
        }
        let is_over = batch.taken_at_ms > to;
        let mut passed = Vec::new();
        if !std::mem::replace(&mut self.has_begun, true)
            && let Some(last) = self.last.take()
        {
            passed.push(Arc::new(full(&last, &self.snapshot)));
            self.snapshot = Snapshot::new();
        }
        if !is_over {
            self.scans += u64::from(batch.of_scan);
            passed.push(Arc::clone(batch));
        }
        self.last = Some(Arc::clone(batch));
        Ok(match (is_over, passed.is_empty()) {
            (true, true) => Passed::Over,
            _ => Passed::Batches(passed),
        })
    }

    /// Checks the times at the end of the recording. `name`: of the recording, for a remark.
    pub(super) fn finish(&self, name: &str) -> Result<()> {
        if let (Some(from), Some(last), false) = (&self.from, &self.last, self.has_begun) {
            return Err(self.outside("--from", from, last.taken_at_ms));
        }
        if let Some(end_ms) = self.missing_end() {
            let end = times::local(end_ms);
            remark(&format!("{name}: the recording ends at {end}, before --to"));
        }
        Ok(())
    }

    /// Returns what the window lacks, if no scan is in it. `find_end`: finds the end of the recording.
    pub(super) fn lack(&self, find_end: impl FnOnce() -> Option<u64>) -> Option<String> {
        let ((from, to), begin_ms) = (self.limits?, self.begin_ms?);
        if self.scans > 0 || (self.from.is_none() && self.to.is_none()) {
            return None;
        }
        let last_ms = self.last.as_ref().map(|last| last.taken_at_ms);
        let end_ms = self.end_ms.or_else(find_end).max(last_ms)?;
        let [from, to, begin, end] = [from, to.min(end_ms), begin_ms, end_ms].map(times::local);
        Some(format!(
            "no scan is from {from} to {to}; the recording is from {begin} to {end}"
        ))
    }

    /// Returns the time of the last batch if the end of the window is after it.
    fn missing_end(&self) -> Option<u64> {
        let ((_, to), last) = (self.limits?, self.last.as_ref()?);
        (self.to.is_some() && to > last.taken_at_ms).then_some(last.taken_at_ms)
    }

    /// Returns the begin and the end. `now_ms`: time of the batch, which is the first if none was before.
    fn limits(&mut self, now_ms: u64) -> Result<(u64, u64)> {
        if let Some(limits) = self.limits {
            return Ok(limits);
        }
        let begin_ms = *self.begin_ms.get_or_insert(now_ms);
        let at = |moment: &Option<Moment>, otherwise| match moment {
            Some(moment) => in_recording(moment, begin_ms, self.end_ms),
            None => Ok(otherwise),
        };
        let (from, to) = (at(&self.from, begin_ms)?, at(&self.to, u64::MAX)?);
        for (option, moment, at_ms) in [("--from", &self.from, from), ("--to", &self.to, to)] {
            if let Some(moment) = moment
                && at_ms < begin_ms
            {
                return Err(outside(option, moment, begin_ms, self.end_ms));
            }
        }
        if let (Some(first), Some(last), true) = (&self.from, &self.to, from > to) {
            let message = format!(
                "--from {first} is {}, after --to {last}, which is {}",
                times::local(from),
                times::local(to)
            );
            let error = Error::new(ErrorClass::Config, message);
            return Err(error.with_advice("add the date to the later one, or exchange them"));
        }
        self.limits = Some((from, to));
        Ok((from, to))
    }

    fn outside(&self, option: &str, moment: &Moment, end_ms: u64) -> Error {
        outside(
            option,
            moment,
            self.begin_ms.unwrap_or(end_ms),
            Some(end_ms),
        )
    }
}

/// Returns the time of a moment in a recording.
pub(super) fn in_recording(moment: &Moment, begin_ms: u64, end_ms: Option<u64>) -> Result<u64> {
    let at_ms = moment.in_recording(begin_ms, end_ms, &TimeZone::system());
    at_ms.ok_or_else(|| {
        let message = format!("the recording has no time {moment}");
        Error::new(ErrorClass::Config, message).with_advice("give a date and a time")
    })
}

/// Returns the error for a time that is not in the recording.
pub(super) fn outside(option: &str, moment: &Moment, begin_ms: u64, end_ms: Option<u64>) -> Error {
    let begin = times::local(begin_ms);
    let message = match end_ms {
        Some(end_ms) => format!(
            "{option} {moment} is outside of the recording, which is from {begin} to {}",
            times::local(end_ms)
        ),
        None => format!("{option} {moment} is before the recording, which begins at {begin}"),
    };
    Error::new(ErrorClass::Config, message).with_advice("choose a time from it, with its date")
}

/// Returns a full batch of the processes after this one.
pub(super) fn full(last: &Batch, snapshot: &Snapshot) -> Batch {
    let mut full = last.clone();
    full.events = snapshot.iter().cloned().map(Event::Existing).collect();
    full.full = true;
    full.lost_batches = 0;
    full.failure = None;
    full.transitions.clear();
    full
}

//! Prints batches to standard output, for `watch` and `replay`.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;

use process_scanner::{Batch, Event, Hearing, HostInfo, Metrics, Result, escape};

use super::chosen_events::{Chosen, ChosenEvents, Selected};
use super::color::{self, Color};
use super::intervals::Terms;
use super::json;
use super::line_layout::LineLayout;
use super::lines;
use super::recorded_host::recorded_on;
use super::summary::Summary;
use super::times::{self, Zone};
use crate::cli::outcome::{Done, printed, remark};
use crate::cli::select::{FilterArgs, is_good_scan};
use crate::cli::terminal::{self, fold};

/// `Continue`, or `Break` with the outcome.
pub(crate) type Step = ControlFlow<Result<()>>;

/// The output format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) json: bool,
    pub(crate) color: Color,
    /// For events of this host, as they happen; `None`: for a recording.
    pub(crate) terms: Option<Terms>,
}

/// The format of times in lines.
#[derive(Debug, Clone, Copy)]
enum Times {
    /// Time with date, for readers elsewhere and later.
    Whole,
    /// Time of day, and a line where a day begins.
    OfDay(Zone),
}

/// Prints batches.
pub(crate) struct Printer {
    out: Box<dyn Write + Send>,
    selection: ChosenEvents,
    /// `None` for a recording.
    terms: Option<Terms>,
    /// Format of times in text; `None`: print JSON.
    times: Option<Times>,
    /// The day printed last, if lines have the time of day alone.
    day: Option<String>,
    /// The line `watching …` is still to be printed.
    is_silent: bool,
    /// Why the source hears no births and exits, until that is printed.
    not_listening: Option<String>,
    /// `None` if standard output is no terminal.
    summary: Option<Summary>,
}

impl Printer {
    pub(crate) fn new(
        style: Style,
        chosen: Chosen,
        filter: &FilterArgs,
        own_pid: Option<u32>,
    ) -> Self {
        let Style { json, color, terms } = style;
        let is_live = terms.is_some();
        let is_watched = !json && io::stdout().is_terminal();
        let out: Box<dyn Write + Send> = match json {
            true => Box::new(io::stdout()),
            false => Box::new(color.stdout()),
        };
        let selection = ChosenEvents::new(chosen, filter, own_pid, is_live);
        Self {
            // Large enough for all processes of a host in a few writes.
            out: Box::new(BufWriter::with_capacity(1 << 16, out)),
            summary: is_watched.then(|| Summary::new(!selection.is_closed())),
            selection,
            terms,
            times: match (json, is_watched, is_live) {
                (true, _, _) => None,
                (false, false, _) => Some(Times::Whole),
                (false, true, true) => Some(Times::OfDay(Zone::Here)),
                (false, true, false) => Some(Times::OfDay(Zone::Utc)),
            },
            day: None,
            is_silent: is_watched && is_live,
            not_listening: None,
        }
    }

    /// Lets the output begin with why the source hears no births and exits.
    ///
    /// `reason`: `None` if it hears them, or was not asked to.
    pub(crate) fn begin_watch(&mut self, reason: Option<String>) {
        self.not_listening = reason;
    }

    /// Prints the host of a recording, if a terminal shows its replay.
    pub(crate) fn begin_replay(&mut self, host: &HostInfo) -> Result<()> {
        let line = recorded_on(host).filter(|_| self.summary.is_some());
        line.map_or(Ok(()), |line| printed(self.write_remark(&line)))
    }

    /// Prints a batch and flushes the output.
    ///
    /// Breaks if the reader has closed the pipe, if writing fails, and if no event can follow: on a
    /// final failure, or when all processes of `--pid` have exited.
    pub(crate) fn take(&mut self, batch: &Batch) -> Step {
        if let Some(failure) = &batch.failure
            && failure.is_final()
        {
            return Step::Break(Err(failure.clone()));
        }
        let Selected { matches, events } = self.selection.take(batch);
        if self.selection.was_empty() {
            // Its outcome alone is printed.
            self.summary = None;
            self.is_silent = false;
            if self.times.is_some() {
                self.not_listening = None;
            }
        }
        if let Err(error) = self.write_not_listening(batch) {
            return Step::Break(printed(Err(error)));
        }
        if let Some(summary) = &mut self.summary {
            summary.take(batch, &matches);
        }
        if is_good_scan(batch) && std::mem::take(&mut self.is_silent) {
            // The first event may come much later.
            let text = self.selection.begin(batch, events.len());
            // The user knows the current day.
            self.day = Some(times::day(batch.taken_at_ms, Zone::Here));
            if let Err(error) = self.write_remark(&text) {
                return Step::Break(printed(Err(error)));
            }
        }
        let is_json = self.times.is_none();
        let mut events: Vec<&Event> = events.iter().collect();
        events.retain(|event| self.selection.has(event, is_json, batch.full));
        let outcome = match self.times {
            None => json::write_events(&mut self.out, batch, &events),
            Some(times) => self.write_lines(batch, &events, times),
        };
        match outcome.and_then(|()| self.out.flush()) {
            Ok(()) if self.selection.has_ended() => Step::Break(Ok(())),
            Ok(()) => Step::Continue(()),
            failed => Step::Break(printed(failed)),
        }
    }

    /// Writes once why the source hears nothing.
    ///
    /// Text for programs has events alone, so then it goes to standard error.
    fn write_not_listening(&mut self, batch: &Batch) -> io::Result<()> {
        let Some(reason) = self.not_listening.take() else {
            return Ok(());
        };
        if self.times.is_none() {
            return json::write_not_listening(&mut self.out, batch, &reason);
        }
        let origin = match batch.hearing {
            Hearing::Exits => {
                "births come from scans, and exits of known processes from the kernel"
            }
            _ => "births and exits come from scans, without exit status",
        };
        let text = format!("{origin}: {reason}");
        match self.is_silent {
            true => self.write_remark(&escape(&text)),
            false => {
                remark(&text);
                Ok(())
            }
        }
    }

    /// Writes a text about the whole output, on as many lines as it needs.
    fn write_remark(&mut self, text: &str) -> io::Result<()> {
        let width = terminal::line_width();
        for (indent, text) in fold("", 2, text, width) {
            color::write_line(&mut self.out, &[(color::DIM, indent + &text)], width)?;
        }
        Ok(())
    }

    fn write_lines(&mut self, batch: &Batch, events: &[&Event], times: Times) -> io::Result<()> {
        let width = terminal::line_width();
        let at_ms = batch.taken_at_ms;
        let time = match times {
            Times::Whole => times::utc(at_ms),
            Times::OfDay(zone) => {
                let day = times::day(at_ms, zone);
                // The first line of a replay is the date, even if the first event comes much later.
                let is_first = self.day.is_none() && self.terms.is_none();
                let is_due = is_first || lines::has_any(batch, events);
                if is_due && self.day.as_ref() != Some(&day) {
                    color::write_line(&mut self.out, &[(color::DIM, day.clone())], width)?;
                    self.day = Some(day);
                }
                times::time_of_day(at_ms, zone)
            }
        };
        let layout = LineLayout {
            time: &time,
            width,
            has_measures: self.selection.has_measures(),
            terms: self.terms,
        };
        lines::write(&mut self.out, batch, events, layout)
    }

    /// Prints the summary, and returns the outcome.
    ///
    /// `cost`: metrics of the scanner, for a live host. `is_stopped`: a signal ended the command.
    pub(crate) fn finish(&mut self, cost: Option<&Metrics>, is_stopped: bool) -> Result<Done> {
        if let Some(summary) = &self.summary {
            // The terminal may have printed ^C.
            let begin = if is_stopped { "\n" } else { "" };
            let outcome =
                write!(self.out, "{begin}").and_then(|()| summary.write(&mut self.out, cost));
            printed(outcome.and_then(|()| self.out.flush()))?;
        }
        Ok(self.selection.outcome())
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{BreakerState, Error, ErrorClass, Hearing, Scanner, Transition};

    use super::*;

    #[test]
    fn loss_and_failure_are_printed_before_events() {
        let mut scanner = Scanner::builder()
            .build()
            .expect("this host can be scanned");
        let batch = scanner.scan_once().expect("a live source never ends");
        let mut batch = Batch::clone(&batch);
        batch.lost_batches = 3;
        batch.hearing = Hearing::Lossy;
        batch.counts.unseen_at_most = Some(296);
        batch.failure = Some(Error::new(ErrorClass::Stuck, "no\nanswer"));
        batch.transitions = vec![
            Transition::interval(1000, 4213, "expensive"),
            Transition::budget(true, "too expensive"),
            Transition::hearing(Hearing::Complete, Hearing::Lossy, "full"),
            Transition::breaker(BreakerState::Closed, BreakerState::Open, "bad"),
        ];

        let events: Vec<_> = batch.events.iter().collect();
        let mut out = Vec::new();
        json::write_events(&mut out, &batch, &events).expect("writing to memory works");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        let at_ms = batch.taken_at_ms;
        let mut lines = text.lines();
        let lost = format!(
            r#"{{"seq":1,"at_ms":{at_ms},"event":"resync","lost_batches":3,"pace":null,"hearing":"lossy"}}"#
        );
        assert_eq!(lines.next(), Some(lost.as_str()));
        let failed = format!(
            r#"{{"seq":1,"at_ms":{at_ms},"event":"scan_failed","class":"stuck","message":"no\\nanswer"}}"#
        );
        assert_eq!(lines.next(), Some(failed.as_str()));
        for expected in [
            r#""unseen","unseen_at_most":296}"#,
            r#""interval_changed","from_ms":1000,"to_ms":4213,"reason":"expensive"}"#,
            r#""budget_changed","exceeded":true,"reason":"too expensive"}"#,
            r#""hearing_changed","from":"complete","to":"lossy","reason":"full"}"#,
            r#""breaker_changed","from":"closed","to":"open","reason":"bad"}"#,
        ] {
            let line = format!(r#"{{"seq":1,"at_ms":{at_ms},"event":{expected}"#);
            assert_eq!(lines.next(), Some(line.as_str()));
        }
        assert_eq!(lines.clone().count(), batch.events.len());
        assert!(lines.all(|line| line.contains(r#","event":"existing","process":{"pid":"#)));

        let printed = |terms| {
            let mut out = Vec::new();
            let layout = LineLayout {
                time: "now",
                width: Some(60),
                has_measures: false,
                terms,
            };
            lines::write(&mut out, &batch, &events, layout).expect("writing to memory works");
            let text = anstream::adapter::strip_bytes(&out).into_vec();
            String::from_utf8(text).expect("text is UTF-8")
        };
        let text = printed(None);
        for expected in [
            "now resync: 3 batches lost;",
            "now scan failed: no\\nanswer\n",
            "now interval 1s → 4.21s: expensive\n",
            "now budget exceeded: too expensive\n",
            "now hearing complete → lossy: full\n",
            "now breaker closed → open: bad\n",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        // A line for each of them and for each event: text has no line for the unseen.
        assert_eq!(text.lines().count(), 6 + events.len(), "{text}");
        assert!(text.lines().all(|line| terminal::width(line) <= 60));
        let terms = Terms {
            interval_ms: 1000,
            max_interval_ms: None,
            budget_percent: Some(0.75),
        };
        let text = printed(Some(terms));
        for expected in [
            "now scanning every 4.21s, not every 1s, to stay under ",
            "now over the budget: ",
            "now births and exits may be missing: full\n",
            "now breaker closed → open: bad\n",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

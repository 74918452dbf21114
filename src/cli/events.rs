//! Batches as lines on standard output: what `watch` and `replay` print.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;

use anstyle::Style;
use clap::ValueEnum;
use process_scanner::{Batch, Event, Metrics, ProcessInfo, Result, Status};

use super::args::Output;
use super::filter::Filter;
use super::json::{self, EventLine, Notice, What};
use super::summary::Summary;
use super::{Done, cells, color, printed, told};

/// So wide are the longest names that a program can have on Linux; those of kernel workers can be wider.
const NAME_WIDTH: usize = 15;

/// What of a process changes all the time.
const MEASURES: [&str; 2] = ["cpu", "rss"];

/// Whether to go on, and if not how it ended.
pub(super) type Step = ControlFlow<Result<()>>;

/// What can happen to a process, by its name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Kind {
    Existing,
    Created,
    Updated,
    Exited,
}

/// Which events are printed.
struct Selection {
    kinds: Option<Vec<Kind>>,
    filter: Filter,
}

/// Prints batch after batch.
pub(super) struct Printer {
    out: Box<dyn Write + Send>,
    selection: Selection,
    /// How the text has the time; `None` prints JSON.
    time: Option<fn(u64) -> String>,
    /// Nothing is printed yet to say that it watches.
    is_silent: bool,
    /// `None` where nobody looks on.
    summary: Option<Summary>,
    /// There was a process that the filter lets pass, be it printed or not.
    has_matched: bool,
}

impl Printer {
    /// As the command line says. `filter`: its own, as it is for this host. `is_live`: what is told
    /// happens now and here.
    pub(super) fn new(args: &Output, filter: Filter, is_live: bool) -> Self {
        let is_watched = !args.json && io::stdout().is_terminal();
        let out: Box<dyn Write + Send> = match args.json {
            true => Box::new(io::stdout()),
            false => Box::new(args.color.stdout()),
        };
        Self {
            // All processes of a host in few writes.
            out: Box::new(BufWriter::with_capacity(1 << 16, out)),
            selection: Selection {
                kinds: args.events.clone(),
                filter,
            },
            time: match (args.json, is_watched && is_live) {
                (true, _) => None,
                (false, true) => Some(cells::time_of_day),
                (false, false) => Some(cells::utc),
            },
            is_silent: is_watched && is_live,
            summary: is_watched.then(Summary::new),
            has_matched: false,
        }
    }

    /// Prints a batch, and sends it on its way. It ends when the reader has gone, when nothing can
    /// be written, and at the batch that says that no more will come.
    pub(super) fn take(&mut self, batch: &Batch) -> Step {
        if let Some(failure) = &batch.failure
            && failure.is_final()
        {
            return Step::Break(Err(failure.clone()));
        }
        let filter = &self.selection.filter;
        let matching = batch
            .events
            .iter()
            .filter(|event| filter.matches(event.process()));
        let matching: Vec<_> = matching.collect();
        self.has_matched |= !matching.is_empty();
        if let Some(summary) = &mut self.summary {
            summary.take(batch, &matching);
        }
        if std::mem::take(&mut self.is_silent) {
            // Nothing may happen for a long time.
            let (of, all) = (matching.len(), batch.counts.processes);
            let text = match filter.is_empty() {
                true => format!("watching {all} processes; Ctrl-C ends it"),
                false => format!("watching {of} of {all} processes; Ctrl-C ends it"),
            };
            let line = [(color::DIM, text)];
            if let Err(error) = color::write_line(&mut self.out, &line, cells::line_width()) {
                return Step::Break(printed(Err(error)));
            }
        }
        let is_json = self.time.is_none();
        let mut events = matching;
        events.retain(|event| self.selection.has(event, is_json));
        let outcome = match self.time {
            None => write_json(&mut self.out, batch, &events),
            Some(time) => {
                let manner = Manner {
                    time: &time(batch.taken_at_ms),
                    width: cells::line_width(),
                    has_measures: self.selection.kinds.is_some(),
                };
                write_text(&mut self.out, batch, &events, manner)
            }
        };
        match outcome.and_then(|()| self.out.flush()) {
            Ok(()) => Step::Continue(()),
            failed => Step::Break(printed(failed)),
        }
    }

    /// What there is to say when all is told. `cost`: what the scanner says of itself, if that is
    /// of interest. `is_stopped`: a signal ended it.
    pub(super) fn finish(&mut self, cost: Option<&Metrics>, is_stopped: bool) -> Result<Done> {
        if let Some(summary) = &self.summary {
            // The terminal may have printed ^C.
            let begin = if is_stopped { "\n" } else { "" };
            let outcome =
                write!(self.out, "{begin}").and_then(|()| summary.write(&mut self.out, cost));
            printed(outcome.and_then(|()| self.out.flush()))?;
        }
        let filter = &self.selection.filter;
        Ok(match self.has_matched || filter.is_empty() {
            true => Done::All,
            false => Done::Nothing(format!("no process matches {filter}")),
        })
    }
}

impl Selection {
    /// Whether it is an event of a kind that is printed.
    fn has(&self, event: &Event, is_json: bool) -> bool {
        let kind = match event {
            Event::Existing(_) => Kind::Existing,
            Event::Created(_) => Kind::Created,
            Event::Updated { .. } => Kind::Updated,
            Event::Exited { .. } => Kind::Exited,
            // The library may learn to tell more than this command knows.
            _ => return self.kinds.is_none(),
        };
        match (&self.kinds, event) {
            (Some(kinds), _) => kinds.contains(&kind),
            (None, _) if is_json => true,
            // For people it would be a flood.
            (None, Event::Existing(_)) => false,
            (None, Event::Updated { changed, .. }) => {
                changed.names().any(|name| !MEASURES.contains(&name))
            }
            (None, _) => true,
        }
    }
}

fn write_json(out: &mut impl Write, batch: &Batch, events: &[&Event]) -> io::Result<()> {
    let mut write = |what| {
        let line = EventLine {
            seq: batch.seq,
            at_ms: batch.taken_at_ms,
            what,
        };
        json::write_line(out, &line)
    };
    if batch.lost_batches > 0 {
        write(What::Notice(Notice::Resync {
            lost_batches: batch.lost_batches,
            pace: batch.pace,
        }))?;
    }
    if let Some(failure) = &batch.failure {
        write(What::Notice(Notice::ScanFailed(failure)))?;
    }
    for transition in &batch.transitions {
        write(What::Pace(transition))?;
    }
    for event in events {
        write(What::Process(event))?;
    }
    Ok(())
}

/// How events are told to people.
#[derive(Debug, Clone, Copy)]
struct Manner<'a> {
    time: &'a str,
    width: Option<usize>,
    /// What it uses is told of a process that has changed.
    has_measures: bool,
}

fn write_text(
    out: &mut impl Write,
    batch: &Batch,
    events: &[&Event],
    manner: Manner<'_>,
) -> io::Result<()> {
    let mut write = |style: Style, what: String, more: String| {
        let time = (color::DIM, format!("{} ", manner.time));
        let parts = [time, (style, what), (color::PLAIN, more)];
        color::write_line(out, &parts, manner.width)
    };
    if batch.lost_batches > 0 {
        let (lost, now) = (batch.lost_batches, batch.counts.processes);
        let more = format!(" {lost} scans were not told; {now} processes now");
        write(color::RED, "resync:".into(), more)?;
    }
    if let Some(failure) = &batch.failure {
        let more = format!(" {}", told(failure));
        write(color::RED, "scan failed:".into(), more)?;
    }
    for transition in &batch.transitions {
        write(color::YELLOW, transition.to_string(), String::new())?;
    }
    for event in events {
        let process = event.process();
        let style = match event {
            Event::Created(_) => color::GREEN,
            Event::Exited { .. } => color::RED,
            Event::Updated { .. } => color::YELLOW,
            _ => color::DIM,
        };
        let name = cells::name(process);
        let padding = NAME_WIDTH.saturating_sub(cells::width(&name));
        let more = format!(
            " {:>7} {name}{:padding$} {}",
            process.pid,
            "",
            details(event, process, manner)
        );
        write(style, format!("{:<8}", event.kind()), more)?;
    }
    Ok(())
}

/// What an event has to say besides which process it is about.
fn details(event: &Event, process: &ProcessInfo, manner: Manner<'_>) -> String {
    match event {
        Event::Updated { changed, .. } => {
            let names = changed
                .names()
                .filter(|name| manner.has_measures || !MEASURES.contains(name));
            let facts: Vec<_> = names.map(|name| fact(name, process, manner)).collect();
            facts.join(", ")
        }
        Event::Exited { lived_ms, .. } => {
            let lived = lived_ms.map_or_else(
                || cells::UNKNOWN.to_owned(),
                |ms| format!("at most {}", cells::duration(ms)),
            );
            let used = cells::cpu_time(process.cpu_time_ms);
            format!("lived {lived}, used {used} CPU")
        }
        _ => command(process, manner),
    }
}

fn command(process: &ProcessInfo, manner: Manner<'_>) -> String {
    match &process.command {
        Some(command) if cells::is_narrow(manner.width) => cells::short_command(command),
        command => cells::command(command.as_ref()),
    }
}

/// What something that changed is now.
fn fact(name: &str, process: &ProcessInfo, manner: Manner<'_>) -> String {
    match name {
        "command" => format!("command {}", command(process, manner)),
        "parent" => match process.parent_pid {
            Some(pid) => format!("parent {pid}"),
            None => format!("parent {}", cells::UNKNOWN),
        },
        "status" => {
            let status = process.status.map_or(cells::UNKNOWN, Status::as_str);
            format!("status {status}")
        }
        "cpu" => format!(
            "cpu {} % {}",
            cells::percent(process.cpu_percent),
            cells::cpu_time(process.cpu_time_ms)
        ),
        "rss" => format!("rss {}", cells::bytes(process.rss_bytes)),
        // It stands at the beginning of the line.
        "name" => "has this name now".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{BreakerState, Error, ErrorClass, Scanner, Transition};

    use super::*;

    #[test]
    fn a_loss_and_a_failure_are_told_before_the_events() {
        let mut scanner = Scanner::builder()
            .build()
            .expect("this host can be scanned");
        let batch = scanner.scan_once().expect("a live source never ends");
        let mut batch = Batch::clone(&batch);
        batch.lost_batches = 3;
        batch.failure = Some(Error::new(ErrorClass::Stuck, "no\nanswer"));
        batch.transitions = vec![
            Transition::interval(1000, 4213, "dear"),
            Transition::breaker(BreakerState::Closed, BreakerState::Open, "bad"),
        ];

        let events: Vec<_> = batch.events.iter().collect();
        let mut out = Vec::new();
        write_json(&mut out, &batch, &events).expect("memory takes it");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        let at_ms = batch.taken_at_ms;
        let mut lines = text.lines();
        let lost =
            format!(r#"{{"seq":1,"at_ms":{at_ms},"event":"resync","lost_batches":3,"pace":null}}"#);
        assert_eq!(lines.next(), Some(lost.as_str()));
        let failed = format!(
            r#"{{"seq":1,"at_ms":{at_ms},"event":"scan_failed","class":"stuck","message":"no\nanswer"}}"#
        );
        assert_eq!(lines.next(), Some(failed.as_str()));
        for told in [
            r#""interval_changed","from_ms":1000,"to_ms":4213,"reason":"dear"}"#,
            r#""breaker_changed","from":"closed","to":"open","reason":"bad"}"#,
        ] {
            let line = format!(r#"{{"seq":1,"at_ms":{at_ms},"event":{told}"#);
            assert_eq!(lines.next(), Some(line.as_str()));
        }
        assert_eq!(lines.clone().count(), batch.events.len());
        assert!(lines.all(|line| line.contains(r#","event":"existing","process":{"pid":"#)));

        let mut out = Vec::new();
        let manner = Manner {
            time: "now",
            width: Some(60),
            has_measures: false,
        };
        write_text(&mut out, &batch, &events, manner).expect("memory takes it");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("text is UTF-8");
        assert!(text.contains("now resync: 3 scans"), "{text}");
        assert!(text.contains("now scan failed: no\\nanswer\n"), "{text}");
        assert!(text.contains("now interval 1 s → 4.21 s: dear\n"), "{text}");
        assert!(text.contains("now breaker closed → open: bad\n"), "{text}");
        assert!(text.lines().all(|line| cells::width(line) <= 60));
    }
}

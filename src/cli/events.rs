//! Batches as lines on standard output: what `watch` and `replay` print.

use std::io::{self, BufWriter, Stdout, Write};
use std::ops::ControlFlow;

use process_scanner::{Batch, Event, ProcessInfo, Result, Status, Transition};

use super::escape::escape;
use super::json::{self, EventLine, What};
use super::{cells, printed};

/// Whether to go on, and if not how it ended.
pub(super) type Step = ControlFlow<Result<()>>;

/// Prints batch after batch.
pub(super) struct Printer {
    out: BufWriter<Stdout>,
    json: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self {
            // All processes of a host in few writes.
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            json,
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
        let outcome = match self.json {
            true => write_json(&mut self.out, batch),
            false => write_text(&mut self.out, batch, cells::line_width()),
        };
        match outcome.and_then(|()| self.out.flush()) {
            Ok(()) => Step::Continue(()),
            failed => Step::Break(printed(failed)),
        }
    }
}

fn write_json(out: &mut impl Write, batch: &Batch) -> io::Result<()> {
    let mut write = |event, what| {
        let line = EventLine {
            event,
            seq: batch.seq,
            at_ms: batch.taken_at_ms,
            what,
        };
        json::write_line(out, &line)
    };
    if batch.lost_batches > 0 {
        let what = What::Resync {
            lost_batches: batch.lost_batches,
            pace: batch.pace,
        };
        write("resync", what)?;
    }
    if let Some(failure) = &batch.failure {
        let what = What::ScanFailed {
            class: failure.class(),
            message: failure.full_message(),
        };
        write("scan_failed", what)?;
    }
    for transition in &batch.transitions {
        match transition {
            Transition::Interval {
                from_ms,
                to_ms,
                reason,
            } => {
                let (from_ms, to_ms) = (*from_ms, *to_ms);
                let what = What::IntervalChanged {
                    from_ms,
                    to_ms,
                    reason,
                };
                write("interval_changed", what)?;
            }
            Transition::Breaker { from, to, reason } => {
                let (from, to) = (*from, *to);
                let what = What::BreakerChanged { from, to, reason };
                write("breaker_changed", what)?;
            }
            // The library may learn to tell more than this command knows.
            _ => {}
        }
    }
    for event in &batch.events {
        let process = event.process();
        let what = match *event {
            Event::Updated { changed, .. } => What::Updated { process, changed },
            Event::Exited { lived_ms, .. } => What::Exited { process, lived_ms },
            _ => What::Process { process },
        };
        write(event.kind(), what)?;
    }
    Ok(())
}

fn write_text(out: &mut impl Write, batch: &Batch, line_width: Option<usize>) -> io::Result<()> {
    let time = cells::utc(batch.taken_at_ms);
    let mut write = |text: String| {
        let line = format!("{time} {text}");
        writeln!(out, "{}", cells::cut(line.trim_end(), line_width))
    };
    if batch.lost_batches > 0 {
        let lost = batch.lost_batches;
        write(format!(
            "resync: {lost} scans were not told; all processes anew"
        ))?;
    }
    if let Some(failure) = &batch.failure {
        let message = failure.full_message();
        write(format!("scan failed: {}", escape(&message)))?;
    }
    for transition in &batch.transitions {
        write(transition.to_string())?;
    }
    for event in &batch.events {
        let process = event.process();
        write(format!(
            "{:<8} {:>7} {}  {}",
            event.kind(),
            process.pid,
            cells::name(process),
            details(event, process)
        ))?;
    }
    Ok(())
}

/// What an event has to say besides which process it is about.
fn details(event: &Event, process: &ProcessInfo) -> String {
    match event {
        Event::Updated { changed, .. } => {
            let facts: Vec<_> = changed.names().map(|name| fact(name, process)).collect();
            facts.join(", ")
        }
        Event::Exited { lived_ms, .. } => {
            let lived = lived_ms.map_or_else(|| cells::UNKNOWN.to_owned(), cells::duration);
            format!("lived {lived}")
        }
        _ => cells::command(process.command.as_ref()),
    }
}

/// What something that changed is now.
fn fact(name: &str, process: &ProcessInfo) -> String {
    match name {
        "command" => format!("command {}", cells::command(process.command.as_ref())),
        "parent" => match process.parent_pid {
            Some(pid) => format!("parent {pid}"),
            None => format!("parent {}", cells::UNKNOWN),
        },
        "status" => {
            let status = process.status.map_or(cells::UNKNOWN, Status::as_str);
            format!("status {status}")
        }
        "cpu" => format!(
            "cpu {}% {}",
            cells::percent(process.cpu_percent),
            cells::cpu_time(process.cpu_time_ms)
        ),
        "rss" => format!("rss {}", cells::bytes(process.rss_bytes)),
        // The name stands at the beginning of the line.
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{BreakerState, Error, ErrorClass, Scanner};

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
            Transition::Interval {
                from_ms: 1000,
                to_ms: 4213,
                reason: "dear".into(),
            },
            Transition::Breaker {
                from: BreakerState::Closed,
                to: BreakerState::Open,
                reason: "bad".into(),
            },
        ];

        let mut out = Vec::new();
        write_json(&mut out, &batch).expect("memory takes it");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        let at_ms = batch.taken_at_ms;
        let mut lines = text.lines();
        let lost =
            format!(r#"{{"event":"resync","seq":1,"at_ms":{at_ms},"lost_batches":3,"pace":null}}"#);
        assert_eq!(lines.next(), Some(lost.as_str()));
        let failed = format!(
            r#"{{"event":"scan_failed","seq":1,"at_ms":{at_ms},"class":"stuck","message":"no\nanswer"}}"#
        );
        assert_eq!(lines.next(), Some(failed.as_str()));
        for told in [
            r#""interval_changed","seq":1,"at_ms":AT,"from_ms":1000,"to_ms":4213,"reason":"dear"}"#,
            r#""breaker_changed","seq":1,"at_ms":AT,"from":"closed","to":"open","reason":"bad"}"#,
        ] {
            let told = told.replace("AT", &at_ms.to_string());
            assert_eq!(lines.next(), Some(format!(r#"{{"event":{told}"#).as_str()));
        }
        assert_eq!(lines.clone().count(), batch.events.len());
        assert!(lines.all(|line| line.starts_with(r#"{"event":"existing","seq":1,"#)));

        let mut out = Vec::new();
        write_text(&mut out, &batch, Some(60)).expect("memory takes it");
        let text = String::from_utf8(out).expect("text is UTF-8");
        assert!(text.contains("Z resync: 3 scans"), "{text}");
        assert!(text.contains("Z scan failed: no\\nanswer\n"), "{text}");
        assert!(text.contains("Z interval 1 s → 4.21 s: dear\n"), "{text}");
        assert!(text.contains("Z breaker closed → open: bad\n"), "{text}");
        assert!(text.lines().all(|line| cells::width(line) <= 60));
    }
}

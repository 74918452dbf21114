//! Writes events as text, one line per event.

use std::io::{self, Write};

use anstyle::Style;
use process_scanner::{Batch, Changes, Event, FIELDS, ProcessInfo};

use super::intervals::{self, Terms};
use super::{cells, color};
use crate::cli::outcome::message;

/// Width of the longest program name on Linux.
///
/// Names of kernel threads can be wider.
const NAME_WIDTH: usize = 15;

/// The format of event lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineLayout<'a> {
    pub(crate) time: &'a str,
    pub(crate) width: Option<usize>,
    /// `updated` lines contain CPU use and memory.
    pub(crate) has_measures: bool,
    /// For events of this host.
    pub(crate) terms: Option<Terms>,
}

/// Returns whether a batch has anything to print.
pub(crate) fn has_any(batch: &Batch, events: &[&Event]) -> bool {
    !events.is_empty()
        || batch.lost_batches > 0
        || batch.failure.is_some()
        || !batch.transitions.is_empty()
}

/// Writes a batch: its losses, failure and transitions first, then `events`.
pub(crate) fn write(
    out: &mut impl Write,
    batch: &Batch,
    events: &[&Event],
    layout: LineLayout<'_>,
) -> io::Result<()> {
    let mut write_line = |style: Style, what: String, more: String| {
        let time = (color::DIM, format!("{} ", layout.time));
        let parts = [time, (style, what), (color::PLAIN, more)];
        color::write_line(out, &parts, layout.width)
    };
    if batch.lost_batches > 0 {
        let (lost, now) = (batch.lost_batches, batch.counts.processes);
        let batches = if lost == 1 { "batch" } else { "batches" };
        let more = format!(" {lost} {batches} lost; {now} processes now");
        write_line(color::RED, "resync:".into(), more)?;
    }
    if let Some(failure) = &batch.failure {
        let more = format!(" {}", message(failure));
        write_line(color::RED, "scan failed:".into(), more)?;
    }
    for transition in &batch.transitions {
        let text = intervals::text(transition, layout.terms);
        write_line(color::YELLOW, text, String::new())?;
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
            details(event, process, layout)
        );
        write_line(style, format!("{:<8}", event.kind()), more)?;
    }
    Ok(())
}

/// Formats the details of an event, without its process.
fn details(event: &Event, process: &ProcessInfo, layout: LineLayout<'_>) -> String {
    match event {
        Event::Updated { changed, .. } => {
            let changed = match layout.has_measures {
                true => *changed,
                false => changed.without(Changes::MEASURES),
            };
            let facts = changed.each().map(|change| fact(change, process, layout));
            let facts: Vec<_> = facts.collect();
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
        _ => command(process, layout),
    }
}

fn command(process: &ProcessInfo, layout: LineLayout<'_>) -> String {
    match &process.command {
        Some(command) if cells::is_narrow(layout.width) => cells::short_command(command),
        command => cells::command(command.as_ref()),
    }
}

/// Formats the new values of a change.
fn fact(change: Changes, process: &ProcessInfo, layout: LineLayout<'_>) -> String {
    match change {
        // The name itself is at the start of the line.
        Changes::NAME => "has this name now".into(),
        Changes::COMMAND => format!("command {}", command(process, layout)),
        _ => {
            let fields = FIELDS.iter().filter(|field| Changes::of(field) == change);
            // A start time never changes, so no value is an age.
            let values = fields.map(|field| cells::value_with_unit(field, process, 0));
            format!("{change} {}", values.collect::<Vec<_>>().join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{ProcessKey, Status};

    use super::*;

    #[test]
    fn each_change_is_printed_with_the_values_of_its_fields() {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        });
        let layout = LineLayout {
            time: "now",
            width: Some(60),
            has_measures: true,
            terms: None,
        };
        let printed = |process: &ProcessInfo| {
            let changed = Event::updated(process.clone(), Changes::ALL);
            details(&changed, process, layout)
        };
        let unknown = printed(&process);
        assert!(
            unknown
                .starts_with("has this name now, command -, parent -, status -, cpu - % -, rss -"),
            "{unknown}"
        );
        process.command = Some(["/bin/sh", "-c"].iter().collect());
        process.parent_pid = Some(1);
        process.status = Some(Status::Zombie);
        (process.cpu_percent, process.cpu_time_ms) = (Some(12.54), Some(1250.5));
        process.resources.rss_bytes = Some(4096);
        let known = printed(&process);
        assert!(
            known.starts_with(
                "has this name now, command sh -c, parent 1, status zombie, cpu 12.5 % 1.2s, rss 4.1 kB"
            ),
            "{known}"
        );
    }
}

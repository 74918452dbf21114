//! What happens, a line an event, for people.

use std::io::{self, Write};

use anstyle::Style;
use process_scanner::{Batch, Changes, Event, FIELDS, ProcessInfo};

use super::{cells, color};
use crate::cli::outcome::told;

/// So wide are the longest names that a program can have on Linux; those of kernel workers can be wider.
const NAME_WIDTH: usize = 15;

/// How events are told to people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner<'a> {
    pub(crate) time: &'a str,
    pub(crate) width: Option<usize>,
    /// What it uses is told of a process that has changed.
    pub(crate) has_measures: bool,
}

/// Whether there is anything to tell of a batch.
pub(crate) fn has_any(batch: &Batch, events: &[&Event]) -> bool {
    !events.is_empty()
        || batch.lost_batches > 0
        || batch.failure.is_some()
        || !batch.transitions.is_empty()
}

/// Writes what a batch has to tell: first what concerns all, then these events of it.
pub(crate) fn write(
    out: &mut impl Write,
    batch: &Batch,
    events: &[&Event],
    manner: Manner<'_>,
) -> io::Result<()> {
    let mut write_line = |style: Style, what: String, more: String| {
        let time = (color::DIM, format!("{} ", manner.time));
        let parts = [time, (style, what), (color::PLAIN, more)];
        color::write_line(out, &parts, manner.width)
    };
    if batch.lost_batches > 0 {
        let (lost, now) = (batch.lost_batches, batch.counts.processes);
        let more = format!(" {lost} scans were not told; {now} processes now");
        write_line(color::RED, "resync:".into(), more)?;
    }
    if let Some(failure) = &batch.failure {
        let more = format!(" {}", told(failure));
        write_line(color::RED, "scan failed:".into(), more)?;
    }
    for transition in &batch.transitions {
        write_line(color::YELLOW, transition.to_string(), String::new())?;
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
        write_line(style, format!("{:<8}", event.kind()), more)?;
    }
    Ok(())
}

/// What an event has to say besides which process it is about.
fn details(event: &Event, process: &ProcessInfo, manner: Manner<'_>) -> String {
    match event {
        Event::Updated { changed, .. } => {
            let changed = match manner.has_measures {
                true => *changed,
                false => changed.without(Changes::MEASURES),
            };
            let facts = changed.each().map(|change| fact(change, process, manner));
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
fn fact(change: Changes, process: &ProcessInfo, manner: Manner<'_>) -> String {
    match change {
        // It stands at the beginning of the line.
        Changes::NAME => "has this name now".into(),
        Changes::COMMAND => format!("command {}", command(process, manner)),
        _ => {
            let fields = FIELDS.iter().filter(|field| Changes::of(field) == change);
            // No start time changes, so that no age is reckoned.
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
    fn each_change_is_told_with_the_values_of_its_fields() {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        });
        let manner = Manner {
            time: "now",
            width: Some(60),
            has_measures: true,
        };
        let told = |process: &ProcessInfo| {
            let changed = Event::updated(process.clone(), Changes::ALL);
            details(&changed, process, manner)
        };
        let unknown = told(&process);
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
        let known = told(&process);
        assert!(
            known.starts_with(
                "has this name now, command sh -c, parent 1, status zombie, cpu 12.5 % 1.2s, rss 4.1 kB"
            ),
            "{known}"
        );
    }
}

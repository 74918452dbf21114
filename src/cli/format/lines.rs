//! Writes events as text, one line per event.

use std::io::{self, Write};

use anstyle::Style;
use process_scanner::{Batch, Changes, Event, FIELDS, Field, ProcessInfo};

use super::color::{self, Part};
use super::line_layout::{KIND_WIDTH, LineLayout, NAME_WIDTH};
use super::text_changes::in_text;
use super::{cells, exits, intervals};
use crate::cli::outcome::message;
use crate::cli::terminal;

/// Returns the sign of an event, for lines without room for its name.
fn sign(event: &Event) -> &'static str {
    match event {
        Event::Existing(_) => "=",
        Event::Created(_) => "+",
        Event::Updated { .. } => "~",
        Event::Exited { .. } => "-",
        // A later version of the library may have more kinds of events.
        _ => "?",
    }
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
    let time = layout.time_text();
    let mut write_line = |style: Style, what: String, more: Vec<Part>| {
        let mut parts = vec![(color::DIM, time.clone()), (style, what)];
        parts.extend(more);
        color::write_line(out, &parts, layout.width)
    };
    if batch.lost_batches > 0 {
        let (lost, now) = (batch.lost_batches, batch.counts.processes);
        let batches = if lost == 1 { "batch" } else { "batches" };
        let more = format!(" {lost} {batches} lost; {now} processes now");
        write_line(color::RED, "resync:".into(), plain(more))?;
    }
    if let Some(failure) = &batch.failure {
        let more = format!(" {}", message(failure));
        write_line(color::RED, "scan failed:".into(), plain(more))?;
    }
    for transition in &batch.transitions {
        if intervals::is_said_by_another(transition, &batch.transitions) {
            continue;
        }
        let text = intervals::text(transition, layout.terms);
        write_line(color::YELLOW, text, Vec::new())?;
    }
    for event in events {
        let parts = parts(event, layout, |room| details(event, room, layout));
        color::write_line(out, &parts, layout.width)?;
    }
    Ok(())
}

/// Returns the line of an event. `details`: makes its end, for a room of so many columns.
pub(crate) fn parts(
    event: &Event,
    layout: LineLayout<'_>,
    details: impl FnOnce(Option<usize>) -> Vec<Part>,
) -> Vec<Part> {
    let columns = layout.columns();
    let process = event.process();
    let style = match event {
        Event::Created(_) => color::GREEN,
        Event::Exited { .. } if exits::is_failure(event) => color::RED,
        Event::Updated { .. } => color::YELLOW,
        _ => color::DIM,
    };
    let kind = match columns.has_kind {
        true => format!("{:<KIND_WIDTH$}", event.kind()),
        false => sign(event).to_owned(),
    };
    let mut begin = format!(
        " {:>1$} {2}",
        process.pid,
        columns.pid_width,
        cells::name(process)
    );
    let time = layout.time_text();
    let mut more = Vec::new();
    if columns.has_details {
        let padding = NAME_WIDTH.saturating_sub(terminal::width(&cells::name(process)));
        begin.push_str(&format!("{:padding$} ", ""));
        let before = [&time, &kind, &begin].map(|text| terminal::width(text));
        let before = before.iter().sum();
        let room = layout.width.map(|width| width.saturating_sub(before));
        more = details(room);
    }
    let mut parts = vec![(color::DIM, time), (style, kind), (color::PLAIN, begin)];
    parts.append(&mut more);
    parts
}

/// Formats the details of an event, without its process. `room`: for them, in columns.
fn details(event: &Event, room: Option<usize>, layout: LineLayout<'_>) -> Vec<Part> {
    let process = event.process();
    let text = match event {
        Event::Updated { changed, .. } => {
            let changed = in_text(process, *changed, layout.has_measures);
            let facts = changed.each().map(|change| fact(change, process, layout));
            let facts: Vec<_> = facts.collect();
            facts.join(", ")
        }
        Event::Exited { .. } => return exits::details(event, room),
        // Between its birth and the next scan only its parent is known, unless it runs a program.
        Event::Created(_) if process.command.is_none() => match process.parent_pid {
            Some(parent) => format!("child of {parent}"),
            None => command(process, layout.width),
        },
        _ => command(process, layout.width),
    };
    plain(text)
}

fn plain(text: String) -> Vec<Part> {
    vec![(color::PLAIN, text)]
}

/// Formats the command line for a line of this width in columns.
pub(crate) fn command(process: &ProcessInfo, width: Option<usize>) -> String {
    match &process.command {
        Some(command) if cells::is_narrow(width) => cells::short_command(command),
        command => cells::command(command.as_ref()),
    }
}

/// Formats the new values of a change.
fn fact(change: Changes, process: &ProcessInfo, layout: LineLayout<'_>) -> String {
    match change {
        Changes::NAME => format!("name {}", cells::name(process)),
        Changes::COMMAND => format!("command {}", command(process, layout.width)),
        _ => {
            let is_in_text = |field: &&Field| field.detail().is_none();
            let fields = FIELDS.iter().filter(is_in_text);
            let fields = fields.filter(|field| Changes::of(field) == change);
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
            let parts = details(&changed, None, layout);
            parts.into_iter().map(|(_, text)| text).collect::<String>()
        };
        let unknown = printed(&process);
        assert!(
            unknown.starts_with("name -, command -, parent -, status -, cpu - % -, rss -"),
            "{unknown}"
        );
        process.name = Some("sh".into());
        process.command = Some(["/bin/sh", "-c"].iter().collect());
        process.parent_pid = Some(1);
        process.status = Some(Status::Zombie);
        (process.cpu_percent, process.cpu_time_ms) = (Some(12.54), Some(1250.5));
        process.resources.rss_bytes = Some(4096);
        let known = printed(&process);
        assert!(
            known.starts_with(
                "name sh, command sh -c, parent 1, status zombie, cpu 12.5 % 1.2s, rss 4.1 kB"
            ),
            "{known}"
        );
    }

    fn lines_of(width: usize, time: &str, processes: &[ProcessInfo]) -> Vec<String> {
        let events: Vec<_> = processes
            .iter()
            .flat_map(|process| {
                [
                    Event::Existing(process.clone()),
                    Event::Created(process.clone()),
                    Event::updated(process.clone(), Changes::COMMAND),
                    Event::exited(process.clone(), Some(1500)),
                ]
            })
            .collect();
        let batch = Batch::new(1, 0, Vec::new());
        let layout = LineLayout {
            time,
            width: Some(width),
            has_measures: false,
            terms: None,
        };
        let mut out = Vec::new();
        let events: Vec<_> = events.iter().collect();
        write(&mut out, &batch, &events, layout).expect("writing to memory works");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("text is UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    fn process(pid: u32, name: &str) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: None,
        });
        process.name = Some(name.into());
        process.command = Some(["/usr/bin/program", "日本", "--option"].iter().collect());
        process
    }

    #[test]
    fn narrow_lines_keep_pid_and_name() {
        let cc = [process(4242, "cc")];
        for (width, existing, exited) in [
            (20, "=  4242 cc", "-  4242 cc"),
            (36, "existing  4242 cc", "exited    4242 cc"),
            (
                50,
                "existing  4242 cc              program 日本 --opt…",
                "exited    4242 cc              at most 1.5s",
            ),
            (
                60,
                "12:34:56 existing    4242 cc              program 日本 --op…",
                "12:34:56 exited      4242 cc              at most 1.5s",
            ),
        ] {
            let lines = lines_of(width, "12:34:56", &cc);
            assert_eq!([&lines[0], &lines[3]], [existing, exited], "{width}");
        }
        let signs = ["=  4242 cc", "+  4242 cc", "~  4242 cc", "-  4242 cc"];
        assert_eq!(lines_of(35, "", &cc), signs);
    }

    #[test]
    fn lines_of_any_width_fit_and_have_the_whole_name_if_they_can() {
        let names = [
            "cc",
            "fifteen-letters",
            "日本語日本語日本語",
            "👩\u{200d}🔬e\u{301}",
            "a-kernel-thread/with-a-long-name",
        ];
        let times = ["12:34:56", "12:34:56.789", "2023-11-14T22:13:22.000Z"];
        let pids = [1, 99_999, 4_194_304, u32::MAX];
        let all = names
            .iter()
            .flat_map(|name| pids.map(|pid| process(pid, name)));
        let all: Vec<_> = all.collect();
        for (width, time) in (1..130).flat_map(|width| times.map(|time| (width, time))) {
            let lines = lines_of(width, time, &all);
            assert_eq!(lines.len(), 4 * all.len(), "{width}");
            for (line, process) in lines
                .iter()
                .zip(all.iter().flat_map(|process| [process; 4]))
            {
                assert!(terminal::width(line) <= width, "{width}: {line}");
                if width < 20 {
                    continue;
                }
                let pid = format!(" {} ", process.pid);
                let (_, after) = line.split_once(&pid).expect(line);
                let name = cells::name(process);
                let is_whole = after.starts_with(&name);
                // A name that does not fit is cut at the end of the line.
                let is_cut = after
                    .strip_suffix('…')
                    .is_some_and(|begin| name.starts_with(begin));
                assert!(is_whole || is_cut, "{width}: {line}");
                let is_short = terminal::width(&name) <= NAME_WIDTH;
                assert!(is_whole || width < 36 || !is_short, "{width}: {line}");
            }
        }
    }
}

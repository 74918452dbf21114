//! Writes groups of processes as a table or as JSON.

use std::io::{self, Write};

use process_scanner::{GroupBy, GroupId, Unit, Value, escape};
use serde::Serialize;

use super::cells;
use super::color::{self, Part};
use crate::cli::terminal;

/// One group.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GroupLine {
    #[serde(flatten)]
    pub(crate) id: GroupId,
    pub(crate) processes: u64,
    /// Sum of the known values, as the other sums; `None` if none is known.
    pub(crate) threads: Option<u64>,
    /// Number of processes whose value is unknown, as of the other sums.
    pub(crate) threads_unknown: u64,
    pub(crate) cpu_percent: Option<f32>,
    pub(crate) cpu_unknown: u64,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) rss_unknown: u64,
    pub(crate) oldest_start_ms: Option<u64>,
}

impl GroupLine {
    /// Creates the line of a group without processes.
    pub(crate) fn empty(id: GroupId) -> Self {
        Self {
            id,
            processes: 0,
            threads: None,
            threads_unknown: 0,
            cpu_percent: None,
            cpu_unknown: 0,
            rss_bytes: None,
            rss_unknown: 0,
            oldest_start_ms: None,
        }
    }
}

/// All groups at one moment.
#[derive(Debug, Serialize)]
pub(crate) struct GroupListing<'a> {
    pub(crate) schema: u32,
    pub(crate) by: &'static str,
    pub(crate) taken_at_ms: u64,
    pub(crate) interval_ms: Option<f64>,
    pub(crate) groups: &'a [GroupLine],
}

const HEADINGS: [&str; 5] = ["PROCESSES", "THREADS", "CPU%", "RSS", "OLDEST"];

/// Writes the table within the width. `now_ms`: time for ages, milliseconds from the Unix epoch.
pub(crate) fn write_table(
    out: &mut impl Write,
    by: GroupBy,
    lines: &[GroupLine],
    now_ms: u64,
    width: Option<usize>,
) -> io::Result<()> {
    let cells = |line: &GroupLine| -> [Part; 5] {
        let cell = |unit, value| {
            (
                color::of_value(unit, value),
                cells::value(unit, value, now_ms),
            )
        };
        [
            cell(Unit::Count, Value::Count(line.processes)),
            at_least(cell(Unit::Count, line.threads.into()), line.threads_unknown),
            at_least(
                cell(Unit::CorePercent, line.cpu_percent.into()),
                line.cpu_unknown,
            ),
            at_least(cell(Unit::Bytes, line.rss_bytes.into()), line.rss_unknown),
            cell(Unit::EpochMs, line.oldest_start_ms.into()),
        ]
    };
    let rows: Vec<_> = lines.iter().map(cells).collect();
    let widest = |at: usize| {
        let widths = rows.iter().map(|row| terminal::width(&row[at].1));
        widths.max().unwrap_or(0).max(HEADINGS[at].len())
    };
    let widths: [usize; 5] = std::array::from_fn(widest);
    let headings = HEADINGS.map(|heading| (color::BOLD, heading.to_owned()));
    let title = (color::BOLD, by.as_str().to_uppercase());
    write_row(out, headings, title, widths, width)?;
    for (row, line) in rows.into_iter().zip(lines) {
        write_row(out, row, (color::PLAIN, name(&line.id, by)), widths, width)?;
    }
    Ok(())
}

fn write_row(
    out: &mut impl Write,
    row: [Part; 5],
    name: Part,
    widths: [usize; 5],
    width: Option<usize>,
) -> io::Result<()> {
    let cells = row.into_iter().zip(widths);
    let padded = cells.flat_map(|((style, text), width)| {
        let padding = width.saturating_sub(terminal::width(&text));
        [
            (color::PLAIN, " ".repeat(padding)),
            (style, text),
            (color::PLAIN, " ".into()),
        ]
    });
    let parts: Vec<Part> = padded.chain([name]).collect();
    color::write_line(out, &parts, width)
}

/// Marks a sum that lacks the values of some processes.
fn at_least((style, text): Part, unknown: u64) -> Part {
    match unknown > 0 && text != cells::UNKNOWN {
        true => (style, format!("≥{text}")),
        false => (style, text),
    }
}

/// Returns the name of a group; brackets for a group that has no name of its own.
fn name(id: &GroupId, by: GroupBy) -> String {
    match id {
        GroupId::Named(name) => escape(name).into_owned(),
        GroupId::Without => format!("(no {})", by.as_str()),
        GroupId::Unknown => format!("(unknown {})", by.as_str()),
        GroupId::Kernel => "(kernel threads)".into(),
        _ => "(others)".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: GroupId, threads: Option<u64>, unknown: u64) -> GroupLine {
        GroupLine {
            processes: 12,
            threads,
            threads_unknown: unknown,
            cpu_percent: threads.map(|_| 1.25),
            cpu_unknown: unknown,
            rss_bytes: threads.map(|_| 2_500_000),
            oldest_start_ms: Some(1000),
            ..GroupLine::empty(id)
        }
    }

    fn table(lines: &[GroupLine], width: Option<usize>) -> Vec<String> {
        let mut out = Vec::new();
        write_table(&mut out, GroupBy::User, lines, 61_000, width).expect("memory is writable");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("it is UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_aligned_and_names_escaped_and_cut() {
        let lines = [
            line(GroupId::Named("\x1b[31m anna".into()), Some(1500), 1),
            line(GroupId::Unknown, None, 12),
            line(GroupId::Kernel, Some(3), 0),
        ];
        assert_eq!(
            table(&lines, None),
            [
                "PROCESSES THREADS CPU%    RSS OLDEST USER",
                "       12   ≥1500 ≥1.2 2.5 MB  1m00s \\x1b[31m anna",
                "       12       -    -      -  1m00s (unknown user)",
                "       12       3  1.2 2.5 MB  1m00s (kernel threads)",
            ]
        );
        for width in 1..60 {
            let lines = table(&lines, Some(width));
            assert!(lines.iter().all(|line| terminal::width(line) <= width));
        }
    }
}

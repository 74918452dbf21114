//! Writes groups of processes as a table or as JSON.

use std::io::{self, Write};

use process_scanner::{GroupBy, GroupId, Unit, Value, escape};
use serde::Serialize;

use super::cells;
use super::color::{self, Part};
use crate::cli::select::GroupOrder;
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

/// The columns before the name: heading and order.
const COLUMNS: [(&str, GroupOrder); 5] = [
    ("PROCESSES", GroupOrder::Processes),
    ("THREADS", GroupOrder::Threads),
    ("CPU%", GroupOrder::Cpu),
    ("RSS", GroupOrder::Rss),
    ("OLDEST", GroupOrder::Age),
];

/// The columns in the order in which they leave a line that has no room for names.
const DROPPED: [GroupOrder; 5] = [
    GroupOrder::Age,
    GroupOrder::Threads,
    GroupOrder::Processes,
    GroupOrder::Rss,
    GroupOrder::Cpu,
];

/// Width that a name keeps.
const NAME_WIDTH: usize = 12;

/// The layout of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupLayout {
    pub(crate) by: GroupBy,
    /// Its column is always printed.
    pub(crate) order: GroupOrder,
    /// Width of lines in columns; `None`: no limit.
    pub(crate) width: Option<usize>,
    /// Time for ages: wall clock, milliseconds from the Unix epoch.
    pub(crate) now_ms: u64,
}

/// Writes the table within the layout's width.
pub(crate) fn write_table(
    out: &mut impl Write,
    lines: &[GroupLine],
    layout: GroupLayout,
) -> io::Result<()> {
    for parts in rows(lines, layout) {
        color::write_line(out, &parts, layout.width)?;
    }
    Ok(())
}

/// Returns the headings, and the row of each group.
pub(crate) fn rows(lines: &[GroupLine], layout: GroupLayout) -> Vec<Vec<Part>> {
    let by = layout.by;
    let cells: Vec<_> = lines.iter().map(|line| cells(line, layout)).collect();
    let names: Vec<_> = lines.iter().map(|line| name(&line.id, by)).collect();
    let title = by.as_str().to_uppercase();
    let widest = |at: usize| {
        let widths = cells.iter().map(|row| terminal::width(&row[at].1));
        widths.max().unwrap_or(0).max(COLUMNS[at].0.len())
    };
    let widths: [usize; 5] = std::array::from_fn(widest);
    let of_names = names
        .iter()
        .chain([&title])
        .map(|name| terminal::width(name));
    let shown = shown(widths, of_names.max().unwrap_or(0), layout);
    let row = |row: &[Part; 5], name: Part| {
        let padded = shown.iter().flat_map(|&at| {
            let (style, text) = &row[at];
            let padding = widths[at].saturating_sub(terminal::width(text));
            [
                (color::PLAIN, " ".repeat(padding)),
                (*style, text.clone()),
                (color::PLAIN, " ".into()),
            ]
        });
        padded.chain([name]).collect::<Vec<Part>>()
    };
    let headings = COLUMNS.map(|(heading, _)| (color::BOLD, heading.to_owned()));
    let headings = row(&headings, (color::BOLD, title));
    let names = names.into_iter().map(|name| (color::PLAIN, name));
    let rows = cells
        .iter()
        .zip(names)
        .map(|(cells, name)| row(cells, name));
    [headings].into_iter().chain(rows).collect()
}

/// Returns the cells of a group, without its name.
fn cells(line: &GroupLine, layout: GroupLayout) -> [Part; 5] {
    let cell = |unit, value| {
        let text = cells::value(unit, value, layout.now_ms);
        (color::of_value(unit, value), text)
    };
    let threads = cell(Unit::Count, line.threads.into());
    let cpu = cell(Unit::CorePercent, line.cpu_percent.into());
    let rss = cell(Unit::Bytes, line.rss_bytes.into());
    [
        cell(Unit::Count, Value::Count(line.processes)),
        at_least(threads, line.threads_unknown),
        at_least(cpu, line.cpu_unknown),
        at_least(rss, line.rss_unknown),
        cell(Unit::EpochMs, line.oldest_start_ms.into()),
    ]
}

/// Returns the columns that leave room for names.
fn shown(widths: [usize; 5], widest_name: usize, layout: GroupLayout) -> Vec<usize> {
    let mut shown: Vec<_> = (0..COLUMNS.len()).collect();
    let needed = widest_name.min(NAME_WIDTH);
    let droppable = DROPPED.iter().filter(|order| **order != layout.order);
    for dropped in droppable {
        let others: usize = shown.iter().map(|&at| widths[at] + 1).sum();
        if layout.width.is_none_or(|width| others + needed <= width) {
            break;
        }
        shown.retain(|&at| COLUMNS[at].1 != *dropped);
    }
    shown
}

/// Marks a sum that lacks the values of some processes.
fn at_least((style, text): Part, unknown: u64) -> Part {
    match unknown > 0 && text != cells::UNKNOWN {
        true => (style, format!("≥{text}")),
        false => (style, text),
    }
}

/// Returns the name of a group; brackets for a group that has no name of its own.
pub(crate) fn name(id: &GroupId, by: GroupBy) -> String {
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
        sorted_table(GroupOrder::Cpu, lines, width)
    }

    fn sorted_table(order: GroupOrder, lines: &[GroupLine], width: Option<usize>) -> Vec<String> {
        let layout = GroupLayout {
            by: GroupBy::User,
            order,
            width,
            now_ms: 61_000,
        };
        let mut out = Vec::new();
        write_table(&mut out, lines, layout).expect("memory is writable");
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
    #[test]
    fn a_narrow_line_has_fewer_columns_and_the_name() {
        let lines = [line(
            GroupId::Named("a-user-of-20-letters".into()),
            Some(3),
            0,
        )];
        for (width, expected) in [
            (20, " 1.2 a-user-of-20-l…"),
            (30, " 1.2 2.5 MB a-user-of-20-lett…"),
            (45, "       12       3  1.2 2.5 MB a-user-of-20-l…"),
            (
                60,
                "       12       3  1.2 2.5 MB  1m00s a-user-of-20-letters",
            ),
        ] {
            let row = table(&lines, Some(width)).swap_remove(1);
            assert_eq!(row, expected, "{width}");
        }
        let row = |order| sorted_table(order, &lines, Some(20)).swap_remove(1);
        assert_eq!(row(GroupOrder::Age), " 1m00s a-user-of-20…");
        assert_eq!(row(GroupOrder::Processes), "       12 a-user-of…");
        // A short name needs less.
        let short = [line(GroupId::Named("ada".into()), Some(3), 0)];
        assert_eq!(table(&short, Some(20))[1], " 1.2 2.5 MB ada");
    }
}

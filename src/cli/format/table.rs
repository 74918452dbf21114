//! Writes processes as a table.

use std::io::{self, Write};

use process_scanner::{Field, ProcessInfo};

use super::cells::{self, UNKNOWN};
use super::color::{self, Part};
use super::tree::Line;
use crate::cli::select::Sort;
use crate::cli::terminal;

/// Widest column of names.
///
/// A longer name shifts the command of its own line alone.
const MAX_NAME_WIDTH: usize = 24;

/// The usual columns: field, and narrowest line with that column.
///
/// On narrow lines the command line matters more than most columns.
const COLUMNS: [(&str, usize); 8] = [
    ("pid", 0),
    ("cpu_percent", 0),
    ("rss_bytes", 35),
    ("cpu_time_ms", 70),
    ("start_time_ms", 60),
    ("status", 50),
    (NAME, cells::WIDE),
    (COMMAND, 0),
];

/// Position of the `--sort` column, if it is not usual.
const OTHER_AFTER: usize = 2;

const NAME: &str = "name";
const COMMAND: &str = "command";

/// The layout of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Width of lines in columns; `None`: no limit.
    pub(crate) width: Option<usize>,
    pub(crate) is_tree: bool,
    /// The order from `--sort`, if given; its column is always printed.
    pub(crate) sort: Option<Sort>,
    /// Time for ages: wall clock, milliseconds from the Unix epoch.
    pub(crate) now_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct Column {
    field: &'static Field,
    heading: &'static str,
}

impl Layout {
    fn columns(self) -> Vec<Column> {
        let has_room = |from| self.width.is_none_or(|width| width >= from);
        let usual = COLUMNS.iter().filter(|&&(name, from)| {
            // A tree has no room for names.
            has_room(from) && !(self.is_tree && name == NAME)
        });
        let mut columns: Vec<_> = usual
            .map(|(name, _)| {
                let field = Field::named(name).expect("BUG: a test compares them with the fields");
                Column::of(field).expect("BUG: a test compares them with the fields")
            })
            .collect();
        let sorted_by = self.sort.and_then(Sort::field);
        let is_usual = |field: &Field| COLUMNS.iter().any(|(name, _)| *name == field.name);
        if let Some(column) = sorted_by
            .filter(|field| !is_usual(field))
            .and_then(Column::of)
        {
            columns.insert(OTHER_AFTER, column);
        }
        columns
    }
}

impl Column {
    fn of(field: &'static Field) -> Option<Self> {
        let heading = field.heading?;
        Some(Self { field, heading })
    }

    fn is(self, name: &str) -> bool {
        self.field.name == name
    }

    fn max_width(self) -> usize {
        match self.is(NAME) {
            true => MAX_NAME_WIDTH,
            false => usize::MAX,
        }
    }

    fn part(self, line: &Line<'_>, layout: Layout, has_names: bool) -> Part {
        let (process, unit) = (line.process, self.field.unit);
        let value = self.field.value(process);
        let text = match self.is(COMMAND) && !has_names {
            true => {
                let text = what_runs(process, cells::is_narrow(layout.width));
                format!("{}{text}", line.branch)
            }
            false => cells::value(unit, value, layout.now_ms),
        };
        let is_quiet = line.is_context || process.kernel_thread == Some(true);
        let style = match is_quiet {
            true => color::DIM,
            false if self.is(NAME) => color::BOLD,
            false => color::of_value(unit, value),
        };
        (style, text)
    }
}

/// Formats the command line, or the name in brackets.
///
/// The name replaces an empty or unknown command line, as in ps(1). Narrow lines omit the folders of the program.
fn what_runs(process: &ProcessInfo, is_narrow: bool) -> String {
    match &process.command {
        Some(command) if !command.is_empty() => match is_narrow {
            true => cells::short_command(command),
            false => cells::command(Some(command)),
        },
        _ if process.name.is_some() => format!("[{}]", cells::name(process)),
        _ => UNKNOWN.to_owned(),
    }
}

/// Writes processes in the given order, within the layout's width.
pub(crate) fn write(out: &mut impl Write, lines: &[Line<'_>], layout: Layout) -> io::Result<()> {
    let columns = layout.columns();
    let has_names = columns.iter().any(|column| column.is(NAME));
    let headings = columns
        .iter()
        .map(|column| (color::BOLD, column.heading.to_owned()));
    let mut rows = vec![headings.collect::<Vec<_>>()];
    rows.extend(lines.iter().map(|line| {
        let cells = columns.iter();
        cells
            .map(|column| column.part(line, layout, has_names))
            .collect()
    }));
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            // The last column needs no padding.
            if column.is(COMMAND) {
                return 0;
            }
            let widest = rows.iter().map(|row| terminal::width(&row[at].1)).max();
            let widest = widest.unwrap_or(0).min(column.max_width());
            widest.max(column.heading.len())
        })
        .collect();
    for row in &rows {
        color::write_line(out, &parts(row, &columns, &widths), layout.width)?;
    }
    Ok(())
}

fn parts(row: &[Part], columns: &[Column], widths: &[usize]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(3 * row.len());
    for (at, (style, text)) in row.iter().enumerate() {
        let gap = usize::from(at > 0);
        let padding = widths[at].saturating_sub(terminal::width(text));
        // Numbers are to the right, so that their size shows.
        let (before, after) = match columns[at].field.unit.is_number() {
            true => (gap + padding, 0),
            false => (gap, padding),
        };
        parts.push((color::PLAIN, " ".repeat(before)));
        parts.push((*style, text.clone()));
        parts.push((color::PLAIN, " ".repeat(after)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use process_scanner::ProcessKey;

    use super::*;

    fn process(pid: u32, name: &str, cpu_percent: Option<f32>) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: None,
        });
        process.name = Some(name.into());
        process.cpu_percent = cpu_percent;
        process
    }

    fn table(processes: &[ProcessInfo], width: Option<usize>) -> Vec<String> {
        let lines: Vec<_> = processes.iter().map(Line::flat).collect();
        let layout = Layout {
            width,
            is_tree: false,
            sort: None,
            now_ms: 0,
        };
        let mut out = Vec::new();
        write(&mut out, &lines, layout).expect("writing to memory works");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("the table is UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_column_is_a_field_with_a_heading() {
        for (name, _) in COLUMNS {
            assert!(Field::named(name).and_then(Column::of).is_some(), "{name}");
        }
    }

    #[test]
    fn field_of_each_order_has_a_column() {
        for sort in Sort::all() {
            let layout = Layout {
                width: None,
                is_tree: false,
                sort: Some(sort),
                now_ms: 0,
            };
            let columns = layout.columns();
            let field = sort.field().expect("it is an order");
            assert!(
                columns.iter().any(|column| column.is(field.name)),
                "{sort:?}"
            );
            let mut names: Vec<_> = columns.iter().map(|column| column.field.name).collect();
            names.dedup();
            assert_eq!(names.len(), columns.len(), "{sort:?}");
        }
    }

    #[test]
    fn columns_are_aligned_and_unknown_values_are_never_zero() {
        let lines = table(
            &[process(3, "busy", Some(120.5)), process(11, "x", None)],
            None,
        );
        assert_eq!(
            lines,
            [
                "PID  CPU% RSS TIME AGE STATUS NAME COMMAND",
                "  3 120.5   -    -   - -      busy -",
                " 11     -   -    -   - -      x    -",
            ]
        );
    }

    #[test]
    fn narrow_table_has_names_only_without_command_lines() {
        for (width, line) in [
            (20, "  3  1.0 [busy]"),
            (40, "  3  1.0   - [busy]"),
            (59, "  3  1.0   - -      [busy]"),
            (69, "  3  1.0   -   - -      [busy]"),
        ] {
            let lines = table(&[process(3, "busy", Some(1.0))], Some(width));
            assert_eq!(lines[1], line, "{width}");
        }
        let lines = table(&[process(3, "busy", Some(1.0))], Some(99));
        assert_eq!(lines[1], "  3  1.0   -    -   - -      [busy]");
        let lines = table(&[process(3, "busy", Some(1.0))], Some(100));
        assert_eq!(lines[1], "  3  1.0   -    -   - -      busy -");
    }

    #[test]
    fn lines_are_cut_and_names_are_escaped() {
        let wicked = [process(1, "a\nb\x1b[2J\u{202e}日本", Some(1.0))];
        let lines = table(&wicked, Some(33));
        assert_eq!(lines[1], "  1  1.0 [a\\nb\\x1b[2J\\u{202e}日…");
        assert_eq!(terminal::width(&lines[1]), 32);
        for width in 0..60 {
            let lines = table(&wicked, Some(width));
            assert_eq!(lines.len(), 2);
            assert!(
                lines.iter().all(|line| terminal::width(line) <= width),
                "{width}: {lines:?}"
            );
        }
    }

    #[test]
    fn wide_characters_keep_columns_aligned() {
        let lines = table(
            &[process(1, "日本", None), process(2, "abcdef", None)],
            None,
        );
        assert_eq!(lines[1], "  1    -   -    -   - -      日本   -");
        assert_eq!(lines[2], "  2    -   -    -   - -      abcdef -");
    }
}

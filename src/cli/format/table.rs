//! Writes processes as a table.

use std::io::{self, Write};

use process_scanner::Field;

use super::color::{self, Part};
use super::table_columns::{Column, Layout};
use super::tree::Line;
use crate::cli::terminal;

/// Writes processes in the given order, within the layout's width.
pub(crate) fn write(
    out: &mut impl Write,
    lines: &[Line<'_>],
    layout: Layout<'_>,
) -> io::Result<()> {
    let grid = Grid::new(layout);
    let rows = lines.iter().map(|line| grid.row(line));
    let rows: Vec<_> = [grid.headings()].into_iter().chain(rows).collect();
    let mut widest = Vec::new();
    for row in &rows {
        grid.widen(&mut widest, row);
    }
    let widths = grid.widths(&widest);
    for row in &rows {
        color::write_line(out, &grid.padded(row, &widths), layout.width)?;
    }
    Ok(())
}

/// Width that a text keeps, where columns are too wide for the line.
const SHRUNK: usize = 12;

/// The columns of a table, and the cells of each line.
#[derive(Debug)]
pub(crate) struct Grid<'a> {
    columns: Vec<Column>,
    layout: Layout<'a>,
}

impl<'a> Grid<'a> {
    pub(crate) fn new(layout: Layout<'a>) -> Self {
        let columns = layout.columns();
        Self { columns, layout }
    }

    /// Returns the fields of the columns, in order.
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = &'static Field> {
        self.columns.iter().map(|column| column.field)
    }

    /// Returns the line of headings.
    pub(crate) fn headings(&self) -> Vec<Part> {
        let headings = self.fields();
        headings
            .map(|field| (color::BOLD, field.heading.to_owned()))
            .collect()
    }

    /// Returns the cells of a process.
    pub(crate) fn row(&self, line: &Line<'_>) -> Vec<Part> {
        let cells = self.columns.iter();
        cells.map(|column| column.part(line, self.layout)).collect()
    }

    /// Adds a row to the widest texts of all rows, which begin empty.
    pub(crate) fn widen(&self, widest: &mut Vec<usize>, row: &[Part]) {
        widest.resize(self.columns.len(), 0);
        let last = self.columns.len().saturating_sub(1);
        for (at, (column, (_, text))) in self.columns.iter().zip(row).enumerate() {
            // The end of the last text may be cut.
            let limit = match at == last && !column.field.unit.is_number() {
                true => SHRUNK,
                false => column.max_width,
            };
            widest[at] = terminal::width(text).min(limit).max(widest[at]);
        }
    }

    /// Returns the width of each column; 0 for a text in the last one, which needs no padding.
    pub(crate) fn widths(&self, widest: &[usize]) -> Vec<usize> {
        let is_text = |at: &usize| !self.columns[*at].field.unit.is_number();
        let mut widths = widest.to_vec();
        let last = self.columns.len().saturating_sub(1);
        if let Some(width) = self.layout.width {
            // Each but the first has a gap before it.
            let mut excess = (widths.iter().sum::<usize>() + last).saturating_sub(width);
            while excess > 0 {
                let shrinkable = (0..last).filter(|at| is_text(at) && widths[*at] > SHRUNK);
                let Some(at) = shrinkable.max_by_key(|&at| widths[at]) else {
                    break;
                };
                widths[at] -= 1;
                excess -= 1;
            }
        }
        if !self.columns.is_empty() && is_text(&last) {
            widths[last] = 0;
        }
        widths
    }

    /// Pads the cells of a row to the widths of the columns.
    ///
    /// On a terminal texts are cut; elsewhere a program gets all of them, and they shift the rest.
    pub(crate) fn padded(&self, row: &[Part], widths: &[usize]) -> Vec<Part> {
        let is_cut = self.layout.width.is_some();
        let mut parts = Vec::with_capacity(3 * row.len());
        for (at, (style, text)) in row.iter().enumerate() {
            let gap = usize::from(at > 0);
            let is_last = at + 1 == row.len();
            let text = match is_cut && !is_last && terminal::width(text) > widths[at] {
                true => {
                    let room = widths[at].saturating_sub(terminal::width(CUT));
                    format!("{}{CUT}", terminal::cut(text, Some(room)))
                }
                false => text.clone(),
            };
            let padding = widths[at].saturating_sub(terminal::width(&text));
            // Numbers are to the right, so that their size shows.
            let (before, after) = match self.columns[at].field.unit.is_number() {
                true => (gap + padding, 0),
                false => (gap, padding),
            };
            parts.push((color::PLAIN, " ".repeat(before)));
            parts.push((*style, text));
            parts.push((color::PLAIN, " ".repeat(after)));
        }
        parts
    }
}

/// End of a text that is cut to its column.
const CUT: &str = "…";

#[cfg(test)]
mod tests {
    use process_scanner::{Detail, ProcessInfo, ProcessKey, Value};

    use super::*;
    use crate::cli::select::Columns;

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
        table_of(&Columns::Usual, processes, width)
    }

    fn table_of(columns: &Columns, processes: &[ProcessInfo], width: Option<usize>) -> Vec<String> {
        let lines: Vec<_> = processes.iter().map(Line::flat).collect();
        let layout = Layout {
            width,
            is_tree: false,
            sort: None,
            columns,
            now_ms: 0,
        };
        let mut out = Vec::new();
        write(&mut out, &lines, layout).expect("writing to memory works");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("the table is UTF-8");
        text.lines().map(str::to_owned).collect()
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
                "PID  CPU% RSS TIME AGE STATUS USER NAME COMMAND",
                "  3 120.5   -    -   - -      -    busy -",
                " 11     -   -    -   - -      -    x    -",
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
        let lines = table(&[process(3, "busy", Some(1.0))], Some(79));
        assert_eq!(lines[1], "  3  1.0   -    -   - -      [busy]");
        let lines = table(&[process(3, "busy", Some(1.0))], Some(99));
        assert_eq!(lines[1], "  3  1.0   -    -   - -      -    [busy]");
        let lines = table(&[process(3, "busy", Some(1.0))], Some(100));
        assert_eq!(lines[1], "  3  1.0   -    -   - -      -    busy -");
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
        assert_eq!(lines[1], "  1    -   -    -   - -      -    日本   -");
        assert_eq!(lines[2], "  2    -   -    -   - -      -    abcdef -");
    }

    #[test]
    fn users_have_their_name_or_their_id_and_are_cut_on_terminals_alone() {
        let mut named = process(1, "a", None);
        named.details.set(Detail::UserId, Value::Count(0));
        named
            .details
            .set(Detail::UserName, Value::Text("a-name-of-20-letters"));
        let mut unnamed = process(2, "b", None);
        unnamed.details.set(Detail::UserId, Value::Count(1000));
        let processes = [named, unnamed, process(3, "c", None)];
        let columns = Columns::Only(
            ["pid", "user", "name"]
                .map(|name| Field::called(name).expect("it is a column"))
                .into(),
        );
        assert_eq!(
            table_of(&columns, &processes, Some(80)),
            [
                "PID USER     NAME",
                "  1 a-name-… a",
                "  2 1000     b",
                "  3 -        c",
            ]
        );
        assert_eq!(
            table_of(&columns, &processes, None),
            [
                "PID USER             NAME",
                "  1 a-name-of-20-letters a",
                "  2 1000             b",
                "  3 -                c",
            ]
        );
    }

    #[test]
    fn any_column_can_be_last_and_hostile_texts_stay_in_theirs() {
        let mut wicked = process(1, "a", None);
        let path = format!("/\x1b[2J\n{}", "x".repeat(4000));
        wicked.details.set(Detail::Cgroup, Value::Text(&path));
        wicked.details.set(Detail::Threads, Value::Count(7));
        let processes = [wicked, process(2, "b", None)];
        let of = |names: [&str; 2]| {
            let fields = names.map(|name| Field::called(name).expect("it is a column"));
            table_of(&Columns::Only(fields.into()), &processes, Some(60))
        };
        let cut = format!("/\\x1b[2J\\n{}…", "x".repeat(25));
        assert_eq!(
            of(["cgroup", "threads"]),
            [
                format!("{:<36} THREADS", "CGROUP"),
                format!("{cut}       7"),
                format!("{:<36}       -", "-"),
            ]
        );
        let lines = of(["threads", "cgroup"]);
        assert!(lines[1].starts_with("      7 /\\x1b[2J"), "{lines:?}");
        assert_eq!(terminal::width(&lines[1]), 60, "{lines:?}");
    }

    #[test]
    fn texts_shrink_until_the_columns_fit_the_line() {
        let mut process = process(1, "a-name-of-15-by", None);
        let path = Value::Text("/a/path/of/36/columns/or/even/more/x");
        process.details.set(Detail::Cgroup, path);
        process.details.set(Detail::Executable, path);
        let fields = ["cgroup", "exe", "pid", "name"];
        let fields = fields.map(|name| Field::called(name).expect("it is a column"));
        let columns = Columns::Only(fields.into());
        let row = |width| table_of(&columns, &[process.clone()], width).swap_remove(1);
        let path = "/a/path/of/36/columns/or/even/more/x";
        assert_eq!(row(None), format!("{path} {path}   1 a-name-of-15-by"));
        assert_eq!(row(Some(94)), format!("{path} {path}   1 a-name-of-15-by"));
        let both = "/a/path/of/36/columns/o… /a/path/of/36/columns/o…";
        assert_eq!(row(Some(66)), format!("{both}   1 a-name-of-1…"));
        assert_eq!(row(Some(30)), "/a/path/of/… /a/path/of/…   1…");
    }
}

//! Writes processes as a table.

use std::io::{self, Write};

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
    let columns = layout.columns();
    let headings = columns
        .iter()
        .map(|column| (color::BOLD, column.field.heading.to_owned()));
    let mut rows = vec![headings.collect::<Vec<_>>()];
    rows.extend(lines.iter().map(|line| {
        let cells = columns.iter();
        cells.map(|column| column.part(line, layout)).collect()
    }));
    let widths = widths(&rows, &columns, layout.width);
    for row in &rows {
        let parts = parts(row, &columns, &widths, layout.width.is_some());
        color::write_line(out, &parts, layout.width)?;
    }
    Ok(())
}

/// Width that a text keeps, where columns are too wide for the line.
const SHRUNK: usize = 12;

/// Returns the width of each column; 0 for a text in the last one, which needs no padding.
fn widths(rows: &[Vec<Part>], columns: &[Column], line_width: Option<usize>) -> Vec<usize> {
    let widest = |at: usize| {
        let widths = rows.iter().map(|row| terminal::width(&row[at].1));
        widths.max().unwrap_or(0)
    };
    let is_text = |column: &Column| !column.field.unit.is_number();
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| widest(at).min(column.max_width))
        .collect();
    let last = columns.len().saturating_sub(1);
    let end = columns.last().filter(|column| is_text(column));
    if let Some(width) = line_width {
        // Each but the first has a gap before it. The end of the last text may be cut.
        let end = end.map_or(0, |_| widths[last].saturating_sub(SHRUNK));
        let mut excess = (widths.iter().sum::<usize>() + last).saturating_sub(width + end);
        while excess > 0 {
            let shrinkable = (0..last).filter(|&at| is_text(&columns[at]) && widths[at] > SHRUNK);
            let Some(at) = shrinkable.max_by_key(|&at| widths[at]) else {
                break;
            };
            widths[at] -= 1;
            excess -= 1;
        }
    }
    if end.is_some() {
        widths[last] = 0;
    }
    widths
}

/// Pads the cells of a row. `is_cut`: a text is cut to its column, and otherwise shifts the rest.
///
/// On a terminal texts are cut; elsewhere a program gets all of them.
fn parts(row: &[Part], columns: &[Column], widths: &[usize], is_cut: bool) -> Vec<Part> {
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
        let (before, after) = match columns[at].field.unit.is_number() {
            true => (gap + padding, 0),
            false => (gap, padding),
        };
        parts.push((color::PLAIN, " ".repeat(before)));
        parts.push((*style, text));
        parts.push((color::PLAIN, " ".repeat(after)));
    }
    parts
}

/// End of a text that is cut to its column.
const CUT: &str = "…";

#[cfg(test)]
mod tests {
    use process_scanner::{Detail, Field, ProcessInfo, ProcessKey, Value};

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

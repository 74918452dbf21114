//! The table that `pscan` prints for people.

use std::io::{self, Write};

use process_scanner::{ProcessInfo, Status};

use super::cells::{self, UNKNOWN};
use super::color::{self, Part};
use super::tree::Line;

/// A name longer than this pushes its own command aside, and not those of all others.
const MAX_NAME_WIDTH: usize = 24;

/// How the table is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// `None`: lines may be as long as they like.
    pub(crate) width: Option<usize>,
    pub(crate) is_tree: bool,
    /// Wall clock, milliseconds from the Unix epoch: ages are reckoned to it.
    pub(crate) now_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    Pid,
    Cpu,
    Rss,
    CpuTime,
    Age,
    Status,
    Name,
    Command,
}

impl Layout {
    fn columns(self) -> Vec<Column> {
        use Column::{Age, Command, Cpu, CpuTime, Name, Pid, Rss, Status};
        let has_room = |from| self.width.is_none_or(|width| width >= from);
        let mut columns = vec![Pid, Cpu];
        // What runs is worth more than all of these.
        columns.extend(has_room(35).then_some(Rss));
        columns.extend(has_room(70).then_some(CpuTime));
        columns.extend(has_room(60).then_some(Age));
        columns.extend(has_room(50).then_some(Status));
        if !self.is_tree && !cells::is_narrow(self.width) {
            columns.push(Name);
        }
        columns.push(Command);
        columns
    }
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Pid => "PID",
            Self::Cpu => "CPU%",
            Self::Rss => "RSS",
            Self::CpuTime => "TIME",
            Self::Age => "AGE",
            Self::Status => "STATUS",
            Self::Name => "NAME",
            Self::Command => "COMMAND",
        }
    }

    /// Numbers are to the right, so that their size shows.
    fn is_to_the_right(self) -> bool {
        matches!(
            self,
            Self::Pid | Self::Cpu | Self::Rss | Self::CpuTime | Self::Age
        )
    }

    fn max_width(self) -> usize {
        match self {
            Self::Name => MAX_NAME_WIDTH,
            _ => usize::MAX,
        }
    }

    fn part(self, line: &Line<'_>, layout: Layout, has_names: bool) -> Part {
        let process = line.process;
        let (text, style): (String, _) = match self {
            Self::Pid => (process.pid.to_string(), color::PLAIN),
            Self::Cpu => (
                cells::percent(process.cpu_percent),
                color::of_cpu(process.cpu_percent),
            ),
            Self::Rss => (cells::bytes(process.rss_bytes), color::PLAIN),
            Self::CpuTime => (cells::cpu_time(process.cpu_time_ms), color::PLAIN),
            Self::Age => (
                cells::age(process.start_time_ms, layout.now_ms),
                color::PLAIN,
            ),
            Self::Status => (
                process.status.map_or(UNKNOWN, Status::as_str).to_owned(),
                color::of_status(process.status),
            ),
            Self::Name => (cells::name(process), color::BOLD),
            Self::Command if has_names => (cells::command(process.command.as_ref()), color::PLAIN),
            Self::Command => {
                let text = what_runs(process, cells::is_narrow(layout.width));
                (format!("{}{text}", line.branch), color::PLAIN)
            }
        };
        let is_quiet = line.is_context || process.kernel_thread == Some(true);
        let style = if is_quiet { color::DIM } else { style };
        (style, text)
    }
}

/// The command line; where there is none or it is unknown, the name in brackets, as ps has it. Where
/// there is little room, it begins with the program and not with the folders that lead there.
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

/// Writes the processes in the order given, each line no wider than the layout has it.
pub(crate) fn write(out: &mut impl Write, lines: &[Line<'_>], layout: Layout) -> io::Result<()> {
    let columns = layout.columns();
    let has_names = columns.contains(&Column::Name);
    let headings = columns
        .iter()
        .map(|column| (color::BOLD, column.heading().to_owned()));
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
            // Nothing comes after it.
            if *column == Column::Command {
                return 0;
            }
            let widest = rows.iter().map(|row| cells::width(&row[at].1)).max();
            let widest = widest.unwrap_or(0).min(column.max_width());
            widest.max(column.heading().len())
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
        let padding = widths[at].saturating_sub(cells::width(text));
        let (before, after) = match columns[at].is_to_the_right() {
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
            now_ms: 0,
        };
        let mut out = Vec::new();
        write(&mut out, &lines, layout).expect("memory takes it");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("the table is UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_aligned_and_the_unknown_is_never_zero() {
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
    fn a_narrow_table_has_the_name_only_where_there_is_no_command_line() {
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
    fn lines_are_cut_and_names_cannot_break_them() {
        let wicked = [process(1, "a\nb\x1b[2J\u{202e}日本", Some(1.0))];
        let lines = table(&wicked, Some(33));
        assert_eq!(lines[1], "  1  1.0 [a\\nb\\x1b[2J\\u{202e}日…");
        assert_eq!(cells::width(&lines[1]), 32);
        for width in 0..60 {
            let lines = table(&wicked, Some(width));
            assert_eq!(lines.len(), 2);
            assert!(
                lines.iter().all(|line| cells::width(line) <= width),
                "{width}: {lines:?}"
            );
        }
    }

    #[test]
    fn wide_characters_keep_the_columns_straight() {
        let lines = table(
            &[process(1, "日本", None), process(2, "abcdef", None)],
            None,
        );
        assert_eq!(lines[1], "  1    -   -    -   - -      日本   -");
        assert_eq!(lines[2], "  2    -   -    -   - -      abcdef -");
    }
}

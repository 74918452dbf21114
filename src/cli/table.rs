//! The table that `pscan` prints for people.

use std::cmp::Reverse;
use std::io::{self, Write};

use process_scanner::{ProcessInfo, Status};

use super::cells;

const HEADINGS: [&str; COLUMNS] = ["PID", "CPU%", "TIME", "RSS", "STATUS", "NAME", "COMMAND"];
const COLUMNS: usize = 7;
const NAME: usize = 5;
const COMMAND: usize = 6;

/// Numbers are to the right, so that their size shows.
const TO_THE_RIGHT: [bool; COLUMNS] = [true, true, true, true, false, false, false];

/// A name longer than this pushes its own command aside, and not those of all others.
const NAME_WIDTH: usize = 24;

/// Writes the processes, the busiest first, each line no wider than `line_width`.
pub(super) fn write<'a>(
    out: &mut impl Write,
    processes: impl Iterator<Item = &'a ProcessInfo>,
    line_width: Option<usize>,
) -> io::Result<()> {
    let mut processes: Vec<_> = processes.collect();
    processes.sort_by_key(|process| {
        // Where use is the same or unknown, whoever used more so far is the busier one.
        (
            Reverse(order(process.cpu_percent.map(f64::from))),
            Reverse(order(process.cpu_time_ms)),
            process.pid,
        )
    });
    let rows: Vec<_> = processes.into_iter().map(cells_of).collect();
    let widths = std::array::from_fn(|column| {
        let widest = rows
            .iter()
            .map(|row: &[String; COLUMNS]| cells::width(&row[column]))
            .max()
            .unwrap_or(0);
        let widest = match column {
            NAME => widest.min(NAME_WIDTH),
            COMMAND => 0,
            _ => widest,
        };
        widest.max(HEADINGS[column].len())
    });
    write_row(out, &HEADINGS.map(str::to_owned), &widths, line_width)?;
    for row in &rows {
        write_row(out, row, &widths, line_width)?;
    }
    Ok(())
}

/// A number that sorts as a value that is never negative does, with unknown before all others.
fn order(value: Option<f64>) -> Option<u64> {
    value.map(|value| value.max(0.0).to_bits())
}

fn cells_of(process: &ProcessInfo) -> [String; COLUMNS] {
    [
        process.pid.to_string(),
        cells::percent(process.cpu_percent),
        cells::cpu_time(process.cpu_time_ms),
        cells::bytes(process.rss_bytes),
        process
            .status
            .map_or(cells::UNKNOWN, Status::as_str)
            .to_owned(),
        cells::name(process),
        cells::command(process.command.as_ref()),
    ]
}

fn write_row(
    out: &mut impl Write,
    row: &[String; COLUMNS],
    widths: &[usize; COLUMNS],
    line_width: Option<usize>,
) -> io::Result<()> {
    let mut line = String::new();
    for (column, cell) in row.iter().enumerate() {
        if column > 0 {
            line.push(' ');
        }
        let padding = " ".repeat(widths[column].saturating_sub(cells::width(cell)));
        match TO_THE_RIGHT[column] {
            true => line.extend([padding.as_str(), cell]),
            false => line.extend([cell, padding.as_str()]),
        }
    }
    writeln!(
        out,
        "{}",
        cells::cut(line.trim_end(), line_width).trim_end()
    )
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

    fn table(processes: &[ProcessInfo], line_width: Option<usize>) -> Vec<String> {
        let mut out = Vec::new();
        write(&mut out, processes.iter(), line_width).expect("memory takes it");
        let text = String::from_utf8(out).expect("the table is UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_busiest_is_first_and_the_unknown_last() {
        let lines = table(
            &[
                process(1, "idle", Some(0.0)),
                process(2, "unknown", None),
                process(3, "busy", Some(120.5)),
            ],
            None,
        );
        assert_eq!(
            lines,
            [
                "PID  CPU% TIME RSS STATUS NAME    COMMAND",
                "  3 120.5    -   - -      busy    -",
                "  1   0.0    -   - -      idle    -",
                "  2     -    -   - -      unknown -",
            ]
        );
    }

    #[test]
    fn lines_are_cut_and_names_cannot_break_them() {
        let lines = table(
            &[process(1, "a\nb\x1b[2J\u{202e}日本", Some(1.0))],
            Some(36),
        );
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1], "  1  1.0    -   - -      a\\nb\\x1b[2J");
        assert_eq!(cells::width(&lines[1]), 36);
    }

    #[test]
    fn wide_characters_keep_the_columns_straight() {
        let lines = table(
            &[process(1, "日本", None), process(2, "abcdef", None)],
            None,
        );
        assert_eq!(lines[1], "  1    -    -   - -      日本   -");
        assert_eq!(lines[2], "  2    -    -   - -      abcdef -");
    }
}

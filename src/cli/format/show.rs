//! Writes all that is known of one process.

use std::io::{self, Write};

use process_scanner::{ProcessInfo, Unit, Value};

use super::color::Part;
use super::headings::headed_within;
use super::show_blocks::{Entry, Shown};
pub(crate) use super::show_blocks::{Frame, Relatives};
use super::{cells, color, relatives};

/// Most lines of one text on a terminal, and among few facts.
///
/// Command lines and paths can be longer than a screen.
const MAX_LINES: [usize; 2] = [10, 4];

/// Writes the process in blocks: what it is, what it uses, where it belongs, and its relatives.
pub(crate) fn write(
    out: &mut impl Write,
    relatives: &Relatives<'_>,
    frame: Frame,
) -> io::Result<()> {
    color::write_line(out, &title(relatives.process), frame.width)?;
    for line in facts(relatives, frame) {
        color::write_line(out, &line, frame.width)?;
    }
    Ok(())
}

/// Returns the lines below the title. Blocks are separated by empty ones.
pub(crate) fn facts(relatives: &Relatives<'_>, frame: Frame) -> Vec<Vec<Part>> {
    let shown = Shown {
        process: relatives.process,
        frame,
    };
    let blocks = [
        shown.identity(),
        shown.usage(),
        shown.place(),
        shown.relatives(relatives),
    ];
    let mut lines = Vec::new();
    for block in blocks.into_iter().filter(|block| !block.is_empty()) {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        for entry in block {
            add_entry(&mut lines, &entry, frame, relatives.process.pid);
        }
    }
    lines
}

/// Returns the line with pid, name and status.
pub(crate) fn title(process: &ProcessInfo) -> Vec<Part> {
    let kernel = match process.kernel_thread {
        Some(true) => "kernel thread, ",
        _ => "",
    };
    let status = Value::from(process.status);
    vec![
        (color::BOLD, relatives::label(process)),
        (color::PLAIN, format!(": {kernel}")),
        (
            color::of_value(Unit::State, status),
            cells::value(Unit::State, status, 0),
        ),
    ]
}

/// Adds a text to the right of its heading, folded, and cut after [`MAX_LINES`] on a terminal.
fn add_entry(all: &mut Vec<Vec<Part>>, (heading, text, style): &Entry, frame: Frame, pid: u32) {
    let mut lines = headed_within(heading, text, frame.width);
    let most = MAX_LINES[usize::from(frame.is_brief)];
    let left_out = match frame.width {
        Some(_) => lines.len().saturating_sub(most),
        None => 0,
    };
    if let Some((_, last)) = lines.get_mut(most.saturating_sub(1))
        && left_out > 0
    {
        let source = match frame.is_brief {
            true => format!("pscan show {pid}"),
            false => "--json".to_owned(),
        };
        *last = format!("and {} more lines; {source} has all", left_out + 1);
    }
    lines.truncate(lines.len() - left_out);
    let parts = lines
        .into_iter()
        .map(|(begin, text)| vec![(color::BOLD, begin), (*style, text)]);
    all.extend(parts);
}

#[cfg(test)]
mod tests {
    use process_scanner::{Collect, Detail, ProcessKey, Status};

    use super::*;
    use crate::cli::format::times::Zone;

    fn process(pid: u32, name: &str) -> ProcessInfo {
        let start_time_ms = None;
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.name = Some(name.into());
        process.status = Some(Status::Sleeping);
        process
    }

    fn shown(relatives: &Relatives<'_>, width: Option<usize>) -> Vec<String> {
        let frame = Frame {
            width,
            now_ms: 0,
            interval_ms: Some(500.4),
            collects: Collect::ALL,
            zone: Zone::Utc,
            is_brief: false,
        };
        let mut out = Vec::new();
        write(&mut out, relatives, frame).expect("writing to memory works");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("the text is UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    /// Returns a process of which all but the start time is known.
    fn known() -> ProcessInfo {
        let mut process = process(4711, "postgres");
        process.command = Some(["postgres", "-D", "/var/lib/data", "x\n"].iter().collect());
        process.cpu_percent = Some(12.3);
        process.cpu_time_ms = Some(1500.0);
        process.resources.rss_bytes = Some(12_300_000);
        for detail in Detail::ALL {
            let value = match detail.field().unit {
                Unit::Text => Value::Text("t"),
                Unit::CpuMs => Value::Real(700.0),
                Unit::Integer => Value::Integer(-5),
                _ => Value::Count(7),
            };
            process.details.set(*detail, value);
        }
        process
    }

    #[test]
    fn a_process_is_shown_in_blocks() {
        let process = known();
        let (sh, init) = (self::process(10, "sh"), self::process(1, "init"));
        let relatives = Relatives {
            process: &process,
            parents: vec![&sh, &init],
            children: Vec::new(),
        };
        assert_eq!(
            shown(&relatives, Some(60)),
            [
                "4711 postgres: sleeping",
                "started        -",
                "user           t (id 7)",
                "program        t",
                "command        postgres -D /var/lib/data x\\n",
                "",
                "CPU            12.3 % of one core over 500ms;",
                "               1.5s since the start: 700ms user,",
                "               700ms system",
                "memory         12.3 MB resident, 7 B peak, 7 B proportional,",
                "               7 B swapped, 7 B virtual",
                "disk I/O       7 B read, 7 B written",
                "threads        7; nice -5; open files 7",
                "switches       7 voluntary, 7 involuntary",
                "page faults    7 minor, 7 major",
                "",
                "unit           t",
                "container      t",
                "pod            t",
                "cgroup         t",
                "session        7; process group 7; terminal t",
                "",
                "parents        10 sh, 1 init",
                "children       none",
            ]
        );
    }

    #[test]
    fn the_last_line_names_what_could_not_be_read() {
        fn alone(process: &ProcessInfo) -> Relatives<'_> {
            Relatives {
                process,
                parents: Vec::new(),
                children: Vec::new(),
            }
        }

        let mut process = process(4711, "x");
        let lines = shown(&alone(&process), None);
        assert_eq!(lines[3], "program        -");
        let memory = "memory         - resident, - peak, - proportional, - swapped, - virtual";
        assert!(lines.iter().any(|line| line == memory), "{lines:?}");
        let last = "not read       program, disk I/O, open files, proportional memory; pscan needs \
                    CAP_SYS_PTRACE for that, which root usually has";
        assert_eq!(lines[lines.len() - 1], last);
        process.kernel_thread = Some(true);
        let lines = shown(&alone(&process), None);
        assert_eq!(lines[0], "4711 x: kernel thread, sleeping");
        assert_eq!(lines[lines.len() - 1], "children       none");
    }

    #[test]
    fn long_and_hostile_texts_end_after_ten_lines_and_no_line_is_too_wide() {
        let mut process = known();
        let wicked = format!("\x1b[2J\u{202e}{}", "日本".repeat(4000));
        process.name = Some(wicked.as_str().into());
        process.command = Some([wicked.as_str(); 2].iter().collect());
        let path = Value::Text(&wicked);
        process.details.set(Detail::Executable, path);
        let relatives = Relatives {
            process: &process,
            parents: vec![&process],
            children: vec![&process; 30],
        };
        for width in 20..120 {
            let lines = shown(&relatives, Some(width));
            let width_of = |line: &String| crate::cli::terminal::width(line);
            assert!(
                lines.iter().all(|line| width_of(line) <= width),
                "{lines:?}"
            );
            assert!(lines.len() < 80, "{lines:?}");
            let ends = lines.iter().filter(|line| line.contains("more"));
            assert!(ends.count() >= 2, "{lines:?}");
            assert!(lines.iter().all(|line| !line.contains('\u{202e}')));
        }
        assert!(shown(&relatives, None).len() < 30);
    }
}

//! Formats what a command and its descendants did, for people.

use std::io::{self, Write};

use process_scanner::escape;

use super::cells;
use super::exits::status_text;
use super::headings::headed;
use crate::cli::profile::{Kind, OneLife, ProgramSum, Report};
use crate::cli::terminal;

/// Lines of each list.
const LISTED: usize = 10;

/// Programs in the table.
const PROGRAMS: usize = 20;

/// Writes a summary in lines of at most `width` columns, where names and numbers allow it.
///
/// `program`: the name of what was run.
pub(crate) fn write(
    out: &mut impl Write,
    report: &Report,
    program: &str,
    width: Option<usize>,
) -> io::Result<()> {
    for (heading, text) in headings(report, program) {
        for (begin, text) in headed(heading, &text, width) {
            writeln!(out, "{begin}{text}")?;
        }
    }
    write_programs(out, &report.programs, width)?;
    // A single process is the command itself.
    if report.started > 1 {
        write_lives(out, "slowest", &report.slowest, None, width)?;
    }
    write_lives(out, "failed", &report.failures, report.failed, width)?;
    write_lives(out, "still running", &report.remaining, None, width)
}

/// Returns the lines before the table, each with its heading.
fn headings(report: &Report, program: &str) -> Vec<(&'static str, String)> {
    let mut lines = vec![("pscan run", first_line(report, program))];
    let wall = time(Some(report.wall_ms));
    let cpu = report.cpu_ms.map(|ms| {
        let cores = ms / report.wall_ms.max(0.001);
        format!(", {} CPU ({cores:.2} cores)", time(Some(ms)))
    });
    lines.push(("time", format!("{wall} wall{}", cpu.unwrap_or_default())));
    if let Some(ms) = report.not_attributed_cpu_ms.filter(|&ms| ms >= 0.005) {
        let share = ms / report.cpu_ms.unwrap_or(ms).max(0.001) * 100.0;
        let text = "of no program below: what was too short to be read";
        let text = format!("at least {} CPU ({share:.1} %) {text}", time(Some(ms)));
        lines.push(("not attributed", text));
    }
    if let Some(peak) = report.peak_rss_bytes {
        let text = format!("peak {} of all together", cells::bytes(peak));
        lines.push(("memory", text));
    }
    let failed = match (report.failed, report.exits_unknown) {
        (None, _) => ", exit statuses unknown".to_owned(),
        (Some(failed), 0) => format!(", {failed} failed"),
        (Some(failed), 1) => format!(", {failed} failed, 1 exit status unknown"),
        (Some(failed), unknown) => format!(", {failed} failed, {unknown} exit statuses unknown"),
    };
    let counts = format!(
        "{} started, {} at most at a time",
        report.started, report.most_at_a_time
    );
    lines.push(("processes", counts + &failed));
    let missing = match report.unseen_at_most {
        None => "unknown".into(),
        Some(0) => "none".into(),
        Some(unseen) => format!("at most {unseen} starts of the whole host, threads included"),
    };
    lines.push(("missing", missing));
    if let Some(ms) = report.own_cpu_ms {
        // Over less time, the first scan dominates.
        let share = match report.wall_ms >= 1000.0 {
            true => format!(", {:.1} % of one core", ms / report.wall_ms * 100.0),
            false => String::new(),
        };
        lines.push((
            "watching",
            format!("{} CPU of pscan{share}", time(Some(ms))),
        ));
    }
    lines
}

/// `program`: what was run.
fn first_line(report: &Report, program: &str) -> String {
    let name = escape(program);
    let exit = report.exit.map(|exit| status_text(exit, false));
    let exit = exit.unwrap_or_else(|| "unknown exit status".into());
    let mut line = format!("{name}: {exit}");
    if let Some(ms) = report.listening.sampled_every_ms {
        line.push_str(&format!("; sampled every {ms} ms"));
        let missed = match report.unseen_at_most {
            Some(unseen) => format!(", so up to {unseen} processes of the host are missing"),
            None => ", so short-lived processes are missing".into(),
        };
        line.push_str(&missed);
        if let Some(reason) = &report.listening.not_listening {
            line.push_str(&format!(" ({})", escape(reason)));
        }
    }
    line
}

/// Writes the table of programs.
fn write_programs(
    out: &mut impl Write,
    programs: &[ProgramSum],
    width: Option<usize>,
) -> io::Result<()> {
    const HEADINGS: [&str; 6] = [
        "STARTED",
        "FAILED",
        "CPU",
        "MEAN LIFE",
        "LONGEST",
        "PEAK MEM",
    ];
    let mut rows = vec![(HEADINGS.map(str::to_owned), "PROGRAM".to_owned())];
    rows.extend(programs.iter().take(PROGRAMS).map(|sum| {
        let failed = sum
            .failed
            .map_or(cells::UNKNOWN.into(), |failed| failed.to_string());
        let peak = sum.peak_rss_bytes;
        let cells = [
            sum.started.to_string(),
            failed,
            time(sum.cpu_ms),
            time(sum.mean_life_ms),
            time(sum.longest_life_ms),
            peak.map_or(cells::UNKNOWN.into(), cells::bytes),
        ];
        (cells, program(sum))
    }));
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let widths = rows
            .iter()
            .map(|(cells, _)| terminal::width(&cells[column]));
        widths.max().unwrap_or(0)
    });
    writeln!(out)?;
    for (cells, name) in rows {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&format!("{cell:>width$}  "));
        }
        write_cut(out, &(line + &name), width)?;
    }
    match programs.len().saturating_sub(PROGRAMS) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more programs: --json has all"),
    }
}

fn program(sum: &ProgramSum) -> String {
    match (sum.kind, sum.name.as_deref()) {
        (Kind::Named, Some("")) => "\"\"".into(),
        (Kind::Named, Some(name)) => escape(name).into_owned(),
        (Kind::Other, _) => "(other programs)".into(),
        _ => cells::UNKNOWN.into(),
    }
}

/// Writes lives, one per line. `all`: how many there are, if that is known.
fn write_lives(
    out: &mut impl Write,
    heading: &str,
    lives: &[OneLife],
    all: Option<u64>,
    width: Option<usize>,
) -> io::Result<()> {
    if lives.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}")?;
    for life in lives.iter().take(LISTED) {
        let most = if life.life_is_at_most { "at most " } else { "" };
        let after = life
            .life_ms
            .map(|ms| format!("after {most}{}", time(Some(ms))));
        let exit = life.exit.filter(|exit| !exit.is_success());
        let exit = exit.map(|exit| status_text(exit, life.likely_oom == Some(true)));
        let cpu = life.cpu_ms.map(|ms| format!("{} CPU", time(Some(ms))));
        let facts: Vec<_> = [after, exit, cpu].into_iter().flatten().collect();
        let line = format!("  {} {}: {}", life.pid, facts.join(", "), command(life));
        write_cut(out, &line, width)?;
    }
    let count = all.unwrap_or(lives.len() as u64);
    match count.saturating_sub(LISTED as u64) {
        0 => Ok(()),
        // Of the slowest there is no number: the others are not kept.
        _ if heading == "slowest" => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}

/// Formats what a process ran: its command line, or else its name.
fn command(life: &OneLife) -> String {
    match &life.command {
        Some(command) if !command.is_empty() => cells::short_command(command),
        _ => match &life.name {
            Some(name) => format!("[{}]", escape(name)),
            None => cells::UNKNOWN.into(),
        },
    }
}

fn time(ms: Option<f64>) -> String {
    ms.map_or(cells::UNKNOWN.into(), |ms| {
        cells::short_time((ms * 1e3) as u64)
    })
}

fn write_cut(out: &mut impl Write, line: &str, width: Option<usize>) -> io::Result<()> {
    super::color::write_line(out, &[(super::color::PLAIN, line.to_owned())], width)
}

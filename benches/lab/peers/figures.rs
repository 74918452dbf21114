//! The figures of all programs at one number of children: as a Markdown table, and as CSV.

use std::error::Error;
use std::fmt::Write;
use std::fs;

use super::programs::Program;
use super::turn::Taken;
use crate::statistics::median;

/// The figures of the last full run.
pub(super) const CSV_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks/peers.csv");

const CSV_HEADER: &str = "processes,program,round,cpu_percent,scans_per_second,cpu_ms_a_scan,\
    rss_mb,anonymous_mb";

const MARKDOWN_HEADER: &str = "| program | CPU, % of a core | scans a second | CPU a scan, ms | ratio | \
    resident, MB | anonymous, MB |";

/// The turns of all programs at one number of children.
pub(super) struct Size {
    children: usize,
    /// All processes of the host.
    processes: usize,
    /// By program; the turns of each by round.
    turns: Vec<(&'static str, Vec<Taken>)>,
}

impl Size {
    pub(super) fn new(children: usize, programs: &[Program]) -> Result<Self, Box<dyn Error>> {
        let turns = programs.iter().map(|program| (program.name, Vec::new()));
        Ok(Self {
            children,
            processes: processes()?,
            turns: turns.collect(),
        })
    }

    pub(super) fn take(&mut self, program: usize, taken: Taken) {
        self.turns[program].1.push(taken);
    }

    pub(super) fn to_markdown(&self) -> String {
        let Self {
            children,
            processes,
            turns,
        } = self;
        let base = &turns[0].1;
        let mut text = format!(
            "\n### {children} idle children, {processes} processes; medians of {} rounds\n\n",
            base.len()
        );
        let _ = writeln!(text, "{MARKDOWN_HEADER}\n|{}", "---|".repeat(7));
        for (name, turns) in turns {
            let of = |value: fn(&Taken) -> f64| median(turns.iter().map(value).collect());
            let ratios = turns.iter().zip(base);
            let ratios = ratios.map(|(own, base)| own.scan_cpu_ms / base.scan_cpu_ms);
            let all = |value: fn(&Taken) -> Option<f64>| {
                turns.iter().map(value).collect::<Option<_>>().map(median)
            };
            let memory = [
                all(|turn| Some(turn.memory_mb?[0])),
                all(|turn| Some(turn.memory_mb?[1])),
            ];
            let [resident, anonymous] =
                memory.map(|mb| mb.map_or("-".into(), |mb| format!("{mb:.1}")));
            let _ = writeln!(
                text,
                "| {name} | {:.2} | {} | {:.1} | {:.1} | {resident} | {anonymous} |",
                of(|turn| turn.cpu_percent),
                all(|turn| turn.scans_per_second).map_or("1".into(), |scans| format!("{scans:.2}")),
                of(|turn| turn.scan_cpu_ms),
                median(ratios.collect()),
            );
        }
        text
    }
}

pub(super) fn to_csv(sizes: &[Size]) -> String {
    let mut text = format!("{CSV_HEADER}\n");
    for size in sizes {
        for (name, turns) in &size.turns {
            let name = name.replace(['`', ','], "");
            for (round, turn) in (1..).zip(turns) {
                let or_empty = |value: Option<f64>| {
                    value.map_or_else(String::new, |value| format!("{value:.2}"))
                };
                let [resident, anonymous] = [0, 1].map(|index| Some(turn.memory_mb?[index]));
                let _ = writeln!(
                    text,
                    "{},{name},{round},{:.2},{},{:.2},{},{}",
                    size.processes,
                    turn.cpu_percent,
                    or_empty(turn.scans_per_second),
                    turn.scan_cpu_ms,
                    or_empty(resident),
                    or_empty(anonymous),
                );
            }
        }
    }
    text
}

/// Counts the processes of the host.
fn processes() -> Result<usize, Box<dyn Error>> {
    let is_pid = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_pid))
        .count())
}

//! The figures of the study: as tables to read, and as a file that the picture is made from.

// Each bench has use for a part of it.
#![allow(dead_code)]

use std::error::Error;
use std::fmt::Write;

/// Where the figures of the last full run are kept.
pub(crate) const CSV_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/interval-study.csv");

const CSV_HEADER: &str = "interval_ms,figure,of_ms,value,samples";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Seen,
    CpuErrorMedian,
    CpuErrorP95,
    CpuLost,
    BurstTrue,
    BurstTold,
    BurstError,
    ScannerCpu,
    ScanCpu,
    Processes,
}

impl What {
    /// In the order of the tables, each with its name in the file, what it is of, and what it is.
    const ALL: [(Self, &str, &str, &str); 10] = [
        (
            Self::Seen,
            "seen_percent",
            "lives",
            "Short-lived processes that were seen, %",
        ),
        (
            Self::CpuErrorMedian,
            "cpu_error_median_percent",
            "lives",
            "Error of a process's CPU time, median, %",
        ),
        (
            Self::CpuErrorP95,
            "cpu_error_p95_percent",
            "lives",
            "Error of a process's CPU time, 95th percentile, %",
        ),
        (
            Self::CpuLost,
            "cpu_lost_percent",
            "lives",
            "CPU time of all of them together that was never told, %",
        ),
        (
            Self::BurstTrue,
            "burst_true_percent",
            "bursts",
            "CPU use of a burst in truth, median, % of one core",
        ),
        (
            Self::BurstTold,
            "burst_told_percent",
            "bursts",
            "CPU use told for the time of a burst, median, % of one core",
        ),
        (
            Self::BurstError,
            "burst_error_points",
            "bursts",
            "How far it is from the truth, median, points of one core",
        ),
        (
            Self::ScannerCpu,
            "scanner_cpu_percent",
            "",
            "CPU use of the scanner, % of one core",
        ),
        (
            Self::ScanCpu,
            "scan_cpu_ms",
            "",
            "CPU time of one scan, mean, ms",
        ),
        (Self::Processes, "processes", "", "Processes in the table"),
    ];

    fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) interval_ms: u64,
    pub(crate) what: What,
    /// The length of life or of the bursts it is of, 0 where it is of neither.
    pub(crate) of_ms: u64,
    pub(crate) value: f64,
    /// How many processes, bursts or scans it was made of.
    pub(crate) samples: usize,
}

/// A length of time, in the unit it is spoken of.
pub(crate) fn in_words(ms: u64) -> String {
    match ms {
        1000.. => format!("{} s", ms as f64 / 1000.0),
        _ => format!("{ms} ms"),
    }
}

/// One table for each kind, an interval a line.
pub(crate) fn to_markdown(figures: &[Figure]) -> String {
    let mut text = String::new();
    for (what, _, of_what, title) in What::ALL {
        let of_kind = || figures.iter().filter(|figure| figure.what == what);
        let mut intervals_ms: Vec<u64> = of_kind().map(|figure| figure.interval_ms).collect();
        intervals_ms.dedup();
        let columns =
            || of_kind().filter(|figure| Some(&figure.interval_ms) == intervals_ms.first());
        let _ = writeln!(text, "{title}\n");
        let _ = write!(text, "| interval |");
        for figure in columns() {
            match figure.of_ms {
                0 => text.push_str(" value |"),
                of_ms => {
                    let _ = write!(text, " {of_what} of {} |", in_words(of_ms));
                }
            }
        }
        let _ = write!(text, "\n|---|{}\n", "---|".repeat(columns().count()));
        for interval_ms in intervals_ms {
            let _ = write!(text, "| {} |", in_words(interval_ms));
            for figure in of_kind().filter(|figure| figure.interval_ms == interval_ms) {
                let digits = if figure.value < 10.0 { 2 } else { 1 };
                let _ = write!(text, " {:.digits$} |", figure.value);
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

pub(crate) fn to_csv(figures: &[Figure]) -> String {
    let mut text = format!("{CSV_HEADER}\n");
    for figure in figures {
        let Figure {
            interval_ms,
            what,
            of_ms,
            value,
            samples,
        } = figure;
        let name = what.name();
        let _ = writeln!(text, "{interval_ms},{name},{of_ms},{value:.3},{samples}");
    }
    text
}

pub(crate) fn from_csv(text: &str) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut lines = text.lines();
    if lines.next() != Some(CSV_HEADER) {
        return Err(format!("the first line is not {CSV_HEADER}").into());
    }
    lines.map(figure).collect()
}

fn figure(line: &str) -> Result<Figure, Box<dyn Error>> {
    let fields: Vec<&str> = line.split(',').collect();
    let [interval_ms, name, of_ms, value, samples] = fields[..] else {
        return Err(format!("not five fields: {line}").into());
    };
    let known = What::ALL.iter().find(|known| known.1 == name);
    Ok(Figure {
        interval_ms: interval_ms.parse()?,
        what: known.ok_or_else(|| format!("no such figure: {line}"))?.0,
        of_ms: of_ms.parse()?,
        value: value.parse()?,
        samples: samples.parse()?,
    })
}

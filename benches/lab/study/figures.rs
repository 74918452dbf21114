//! The figures of the study: as Markdown tables, and as a CSV file that the picture is drawn from.

use std::error::Error;
use std::fmt::Write;

use crate::csv;

/// The figures of the last full run.
pub(crate) const CSV_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks/study.csv");

const CSV_HEADER: &str = "interval_ms,figure,of_ms,value,samples";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Seen,
    CpuErrorMedian,
    CpuErrorP95,
    CpuLost,
    BurstTrue,
    BurstReported,
    BurstError,
    ScannerCpu,
    ScanCpu,
    Processes,
}

impl What {
    const ALL: [Self; 10] = [
        Self::Seen,
        Self::CpuErrorMedian,
        Self::CpuErrorP95,
        Self::CpuLost,
        Self::BurstTrue,
        Self::BurstReported,
        Self::BurstError,
        Self::ScannerCpu,
        Self::ScanCpu,
        Self::Processes,
    ];

    /// Returns the name in the file.
    fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen_percent",
            Self::CpuErrorMedian => "cpu_error_median_percent",
            Self::CpuErrorP95 => "cpu_error_p95_percent",
            Self::CpuLost => "cpu_lost_percent",
            Self::BurstTrue => "burst_true_percent",
            Self::BurstReported => "burst_reported_percent",
            Self::BurstError => "burst_error_points",
            Self::ScannerCpu => "scanner_cpu_percent",
            Self::ScanCpu => "scan_cpu_ms",
            Self::Processes => "processes",
        }
    }
}

/// The figures that each table has in one cell, its title, and the heading of its columns.
const TABLES: [(&str, &str, &[What]); 4] = [
    (
        "The scanner: CPU use in % of one core; CPU time of one scan, mean, ms; processes in its table.",
        "the scanner",
        &[What::ScannerCpu, What::ScanCpu, What::Processes],
    ),
    (
        "Short-lived processes that were seen, %.",
        "lives of",
        &[What::Seen],
    ),
    (
        "Error of a process's CPU time, %: median; 95th percentile; the part of all CPU time that was never reported.",
        "lives of",
        &[What::CpuErrorMedian, What::CpuErrorP95, What::CpuLost],
    ),
    (
        "CPU use in a burst of work, medians, % of one core: actual; reported; error.",
        "bursts of",
        &[What::BurstTrue, What::BurstReported, What::BurstError],
    ),
];

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) interval_ms: u64,
    pub(crate) what: What,
    /// The length of life or of bursts; 0 for figures of the scanner.
    pub(crate) of_ms: u64,
    pub(crate) value: f64,
    /// The number of processes, bursts or scans behind the value.
    pub(crate) samples: usize,
}

/// Formats a length of time in s or ms.
pub(crate) fn in_words(ms: u64) -> String {
    match ms {
        1000.. => format!("{} s", ms as f64 / 1000.0),
        _ => format!("{ms} ms"),
    }
}

/// Returns tables with a line for each interval.
pub(crate) fn to_markdown(figures: &[Figure]) -> String {
    let mut text = String::new();
    for (title, of_what, kinds) in TABLES {
        let of_kind = |what: What| figures.iter().filter(move |figure| figure.what == what);
        let mut intervals_ms: Vec<u64> =
            of_kind(kinds[0]).map(|figure| figure.interval_ms).collect();
        intervals_ms.dedup();
        let mut lengths_ms: Vec<u64> = of_kind(kinds[0]).map(|figure| figure.of_ms).collect();
        lengths_ms.sort_unstable();
        lengths_ms.dedup();
        let _ = write!(text, "{title}\n\n| interval |");
        for &of_ms in &lengths_ms {
            let _ = match of_ms {
                0 => write!(text, " {of_what} |"),
                _ => write!(text, " {of_what} {} |", in_words(of_ms)),
            };
        }
        let _ = write!(text, "\n|---|{}", "---|".repeat(lengths_ms.len()));
        for interval_ms in intervals_ms {
            let _ = write!(text, "\n| {} |", in_words(interval_ms));
            for &of_ms in &lengths_ms {
                let values = kinds.iter().flat_map(|&what| {
                    of_kind(what)
                        .filter(|figure| (figure.interval_ms, figure.of_ms) == (interval_ms, of_ms))
                        .map(|figure| in_few_digits(figure.value))
                });
                let cell: Vec<String> = values.collect();
                let _ = write!(text, " {} |", cell.join("; "));
            }
        }
        text.push_str("\n\n");
    }
    text
}

fn in_few_digits(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
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
    csv::read(text, CSV_HEADER, figure)
}

fn figure(line: &str) -> Result<Figure, Box<dyn Error>> {
    let fields: Vec<&str> = line.split(',').collect();
    let [interval_ms, name, of_ms, value, samples] = fields[..] else {
        return Err(format!("not five fields: {line}").into());
    };
    let known = What::ALL.into_iter().find(|what| what.name() == name);
    Ok(Figure {
        interval_ms: interval_ms.parse()?,
        what: known.ok_or_else(|| format!("no such figure: {line}"))?,
        of_ms: of_ms.parse()?,
        value: value.parse()?,
        samples: samples.parse()?,
    })
}

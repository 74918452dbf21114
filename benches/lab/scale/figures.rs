//! The figures of all sizes: as a Markdown table, and as a CSV file that the picture is drawn from.

use std::error::Error;
use std::fmt::Write;

use crate::csv;

/// The figures of the last full run.
pub(crate) const CSV_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks/scale.csv");

const CSV_HEADER: &str = "children,processes,ours_us_a_process,\
    calls_us_a_process,ours_over_calls,calls_rounds,\
    sysinfo_us_a_process,sysinfo_over_ours,sysinfo_rounds";

const MARKDOWN_HEADER: &str = "| processes | ours, us a process | bare calls, us a process | \
    ours / bare calls | sysinfo, us a process | sysinfo / ours |";

/// The result at one size. All costs are CPU time, medians of the rounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) children: usize,
    /// All processes of the host.
    pub(crate) processes: f64,
    /// Measured in turns with the calls.
    pub(crate) ours_us: f64,
    /// The ratio is ours / calls.
    pub(crate) calls: Costs,
    /// The ratio is sysinfo / ours.
    pub(crate) sysinfo: Costs,
}

/// The costs of a contender that is compared with ours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Costs {
    /// Microseconds for each process in one scan.
    pub(crate) us: f64,
    /// The median of the rounds' ratios, which differs a little from the ratio of the medians.
    pub(crate) ratio: f64,
    pub(crate) rounds: usize,
}

pub(crate) fn to_markdown(figures: &[Figure]) -> String {
    let mut text = format!("{MARKDOWN_HEADER}\n|{}\n", "---|".repeat(6));
    for figure in figures {
        let Figure {
            processes,
            ours_us,
            calls,
            sysinfo,
            ..
        } = figure;
        let _ = writeln!(
            text,
            "| {processes:.0} | {ours_us:.2} | {:.2} | {:.2} | {:.1} | {:.1} |",
            calls.us, calls.ratio, sysinfo.us, sysinfo.ratio,
        );
    }
    text
}

pub(crate) fn to_csv(figures: &[Figure]) -> String {
    let mut text = format!("{CSV_HEADER}\n");
    for figure in figures {
        let Figure {
            children,
            processes,
            ours_us,
            ..
        } = figure;
        let _ = write!(text, "{children},{processes:.0},{ours_us:.3}");
        for Costs { us, ratio, rounds } in [&figure.calls, &figure.sysinfo] {
            let _ = write!(text, ",{us:.3},{ratio:.3},{rounds}");
        }
        text.push('\n');
    }
    text
}

pub(crate) fn from_csv(text: &str) -> Result<Vec<Figure>, Box<dyn Error>> {
    csv::read(text, CSV_HEADER, figure)
}

fn figure(line: &str) -> Result<Figure, Box<dyn Error>> {
    let fields: Vec<&str> = line.split(',').collect();
    let ([children, processes, ours_us, ..], 9) = (&fields[..], fields.len()) else {
        return Err(format!("not nine fields: {line}").into());
    };
    Ok(Figure {
        children: children.parse()?,
        processes: processes.parse()?,
        ours_us: ours_us.parse()?,
        calls: costs(&fields[3..6])?,
        sysinfo: costs(&fields[6..])?,
    })
}

fn costs(fields: &[&str]) -> Result<Costs, Box<dyn Error>> {
    let [us, ratio, rounds] = fields else {
        return Err(format!("not three fields: {fields:?}").into());
    };
    Ok(Costs {
        us: us.parse()?,
        ratio: ratio.parse()?,
        rounds: rounds.parse()?,
    })
}

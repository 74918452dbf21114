//! Draw `docs/benchmarks/scale.svg` from the figures in `docs/benchmarks/scale.csv`.

use std::error::Error;
use std::fs;

use plotters::prelude::*;

use super::figures::{self, CSV_PATH, Figure};
use crate::chart::{COLOURS, Chart, Curve, powers_of_ten};

const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks/scale.svg");

const SIZE: (u32, u32) = (640, 400);

/// Returns microseconds a process.
type Us = fn(&Figure) -> f64;

/// The curves from top to bottom.
const CURVES: [(&str, Us); 3] = [
    ("sysinfo", |figure| figure.sysinfo.us),
    ("ours", |figure| figure.ours_us),
    ("bare system calls", |figure| figure.calls.us),
];

pub(crate) fn draw() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(CSV_PATH).map_err(|error| format!("{CSV_PATH}: {error}"))?;
    let figures = figures::from_csv(&text)?;
    let curves = CURVES.into_iter().zip(COLOURS);
    let curves: Vec<Curve> = curves
        .map(|((name, us), colour)| Curve {
            name: name.into(),
            colour,
            is_dashed: false,
            points: figures
                .iter()
                .map(|figure| (figure.processes, us(figure)))
                .collect(),
        })
        .collect();
    let chart = Chart {
        title: "CPU time of one scan, us a process",
        x_name: "processes on the host",
        // Round numbers close to the points.
        x_ticks: figures
            .iter()
            .map(|figure| figure.children as f64)
            .collect(),
        x_in_words: |processes| format!("{processes}"),
        powers: Some(powers_of_ten(&curves)),
        curves,
    };
    let root = SVGBackend::new(SVG_PATH, SIZE).into_drawing_area();
    // Without it the text is unreadable on a dark page.
    root.fill(&WHITE)?;
    chart.draw(&root)?;
    root.present()?;
    Ok(())
}

//! The picture `docs/interval-study.svg` of the figures in `docs/interval-study.csv`, which the bench `study`
//! writes.
//!
//! `cargo bench --bench study_plot`

use std::error::Error;
use std::fs;

use plotters::prelude::*;

use self::chart::{COLOURS, Chart, Curve, powers_of_ten};
use self::figures::{CSV_PATH, Figure, What, in_words};

mod chart;

#[path = "study/figures.rs"]
mod figures;

const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/interval-study.svg");

const SIZE: (u32, u32) = (960, 720);

fn main() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(CSV_PATH).map_err(|error| format!("{CSV_PATH}: {error}"))?;
    let figures = figures::from_csv(&text)?;
    let root = SVGBackend::new(SVG_PATH, SIZE).into_drawing_area();
    // Or it could not be read on a dark page.
    root.fill(&WHITE)?;
    for (area, chart) in root.split_evenly((2, 2)).iter().zip(charts(&figures)) {
        chart.draw(area)?;
    }
    root.present()?;
    Ok(())
}

fn charts(figures: &[Figure]) -> [Chart; 4] {
    let median = curves(figures, What::CpuErrorMedian);
    let worst = curves(figures, What::CpuErrorP95);
    let worst = worst.into_iter().map(|curve| Curve {
        name: "95th percentile".into(),
        is_dashed: true,
        ..curve
    });
    let mut told = curves(figures, What::BurstTold);
    let truth = curves(figures, What::BurstTrue).pop();
    told.extend(truth.map(|curve| Curve {
        name: format!("{} in truth", curve.name),
        is_dashed: true,
        ..curve
    }));
    let cost = curves(figures, What::ScannerCpu);
    let with_worst = median.into_iter().zip(worst);
    let powers = powers_of_ten(&cost);
    let parts = [
        (
            "Short-lived processes seen, %, by length of life",
            curves(figures, What::Seen),
            None,
        ),
        (
            "Error of a process's CPU time, %, by length of life",
            with_worst.flat_map(<[Curve; 2]>::from).collect(),
            None,
        ),
        (
            "CPU use told for a burst of work, %, by its length",
            told,
            None,
        ),
        ("CPU use of the scanner, % of one core", cost, Some(powers)),
    ];
    let mut intervals_ms: Vec<u64> = figures.iter().map(|figure| figure.interval_ms).collect();
    intervals_ms.sort_unstable();
    intervals_ms.dedup();
    parts.map(|(title, curves, powers)| Chart {
        title,
        x_name: "interval between scans",
        x_ticks: intervals_ms.iter().map(|&ms| ms as f64).collect(),
        x_in_words: |ms| in_words(ms as u64),
        curves,
        powers,
    })
}

/// One for each length of time that a kind of figure is told of.
fn curves(figures: &[Figure], what: What) -> Vec<Curve> {
    let of_kind = || figures.iter().filter(|figure| figure.what == what);
    let mut lengths_ms: Vec<u64> = of_kind().map(|figure| figure.of_ms).collect();
    lengths_ms.sort_unstable();
    lengths_ms.dedup();
    let curve = |(of_ms, colour): (u64, RGBColor)| {
        let of_length = of_kind().filter(|figure| figure.of_ms == of_ms);
        let mut points: Vec<_> = of_length
            .map(|figure| (figure.interval_ms as f64, figure.value))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Curve {
            name: if of_ms == 0 {
                String::new()
            } else {
                in_words(of_ms)
            },
            colour,
            is_dashed: false,
            points,
        }
    };
    lengths_ms.into_iter().zip(COLOURS).map(curve).collect()
}

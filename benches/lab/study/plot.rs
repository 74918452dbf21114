//! Draw `docs/benchmarks/study.svg` from the figures in `docs/benchmarks/study.csv`.

use std::error::Error;
use std::fs;

use plotters::prelude::*;

use super::figures::{self, CSV_PATH, Figure, What, in_words};
use crate::chart::{COLOURS, Chart, Curve, powers_of_ten};

const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks/study.svg");

const SIZE: (u32, u32) = (960, 720);

pub(crate) fn draw() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(CSV_PATH).map_err(|error| format!("{CSV_PATH}: {error}"))?;
    let figures = figures::from_csv(&text)?;
    let root = SVGBackend::new(SVG_PATH, SIZE).into_drawing_area();
    // Without it the text is unreadable on a dark page.
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
    let mut reported = curves(figures, What::BurstReported);
    let actual = curves(figures, What::BurstTrue).pop();
    reported.extend(actual.map(|curve| Curve {
        name: format!("{} actual", curve.name),
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
            "CPU use reported for a burst of work, %, by its length",
            reported,
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

/// Returns a curve for each length of life or of bursts.
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

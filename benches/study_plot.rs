//! The picture `docs/interval-study.svg` of the figures in `docs/interval-study.csv`, which the bench `study`
//! writes.
//!
//! `cargo bench --bench study_plot`
//!
//! No font and no other part of the system is used: an SVG names its fonts, and who shows it has them.

use std::error::Error;
use std::fs;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use self::figures::{CSV_PATH, Figure, What, in_words};

#[path = "study/figures.rs"]
mod figures;

const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/interval-study.svg");

const SIZE: (u32, u32) = (960, 720);

/// They differ for the colour-blind as well (Okabe and Ito).
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

/// Room at the right of each chart for the names of its curves, so that they lie over none.
const NAMES_WIDTH: u32 = 104;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

struct Chart {
    title: &'static str,
    curves: Vec<Curve>,
    /// Upwards by powers of ten, from one to the other, or else from 0 to 100 %.
    powers: Option<Range<i32>>,
}

struct Curve {
    name: String,
    colour: RGBColor,
    is_dashed: bool,
    /// Interval in milliseconds, and value.
    points: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(CSV_PATH).map_err(|error| format!("{CSV_PATH}: {error}"))?;
    let figures = figures::from_csv(&text)?;
    let root = SVGBackend::new(SVG_PATH, SIZE).into_drawing_area();
    // Or it could not be read on a dark page.
    root.fill(&WHITE)?;
    for (area, chart) in root.split_evenly((2, 2)).iter().zip(charts(&figures)) {
        draw(&chart, area)?;
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
    [
        Chart {
            title: "Short-lived processes seen, %, by length of life",
            curves: curves(figures, What::Seen),
            powers: None,
        },
        Chart {
            title: "Error of a process's CPU time, %, by length of life",
            curves: with_worst.flat_map(<[Curve; 2]>::from).collect(),
            powers: None,
        },
        Chart {
            title: "CPU use told for a burst of work, %, by its length",
            curves: told,
            powers: None,
        },
        Chart {
            title: "CPU use of the scanner, % of one core",
            powers: Some(powers_of_ten(&cost)),
            curves: cost,
        },
    ]
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

/// Between which powers of ten all values are.
fn powers_of_ten(curves: &[Curve]) -> Range<i32> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let logs = || points().map(|(_, value)| value.log10());
    let lowest = logs().fold(f64::INFINITY, f64::min).floor();
    let highest = logs().fold(f64::NEG_INFINITY, f64::max).ceil();
    lowest as i32..(highest as i32).max(lowest as i32 + 1)
}

fn draw(chart: &Chart, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
    let (left, names) = area.split_horizontally(area.dim_in_pixel().0 - NAMES_WIDTH);
    let mut intervals_ms: Vec<f64> = chart
        .curves
        .iter()
        .flat_map(|curve| curve.points.iter().map(|point| point.0))
        .collect();
    intervals_ms.sort_by(f64::total_cmp);
    intervals_ms.dedup();
    let [Some(&shortest), Some(&longest)] = [intervals_ms.first(), intervals_ms.last()] else {
        return Err(format!("no figures for: {}", chart.title).into());
    };
    let heights = match &chart.powers {
        Some(powers) => f64::from(powers.start)..f64::from(powers.end),
        None => 0.0..100.0,
    };
    let height = |value: f64| match chart.powers {
        Some(_) => value.log10(),
        None => value,
    };
    let height_name = |height: &f64| match chart.powers {
        Some(_) => format!("{}", 10_f64.powf(*height)),
        None => format!("{height}"),
    };
    let height_names = chart.powers.as_ref().map_or(11, |powers| powers.len() + 1);
    let intervals = (shortest * 0.9..longest * 1.1)
        .log_scale()
        .with_key_points(intervals_ms);
    let mut context = ChartBuilder::on(&left)
        .caption(chart.title, ("sans-serif", 15))
        .margin(8)
        .margin_right(14)
        .x_label_area_size(40)
        .y_label_area_size(40)
        .build_cartesian_2d(intervals, heights)?;
    context
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 12))
        .axis_desc_style(("sans-serif", 13))
        .x_desc("interval between scans")
        .x_label_formatter(&|ms| in_words(*ms as u64))
        .y_labels(height_names)
        .y_label_formatter(&height_name)
        .draw()?;
    for (index, curve) in chart.curves.iter().enumerate() {
        let points = curve.points.iter().map(|&(ms, value)| (ms, height(value)));
        let style = curve.colour.stroke_width(2);
        if curve.is_dashed {
            context.draw_series(DashedLineSeries::new(points.clone(), 5, 4, style))?;
        } else {
            context.draw_series(LineSeries::new(points.clone(), style))?;
        }
        context.draw_series(points.map(|at| Circle::new(at, 3, curve.colour.filled())))?;
        if curve.name.is_empty() {
            continue;
        }
        let y = 50 + 22 * index as i32;
        let text = ("sans-serif", 12)
            .into_text_style(&names)
            .color(&curve.colour);
        names.draw_text(&curve.name, &text, (0, y))?;
    }
    Ok(())
}

//! Draw a chart of curves over a logarithmic axis.
//!
//! No font of the system is needed: the SVG names its fonts, and the viewer has them.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

/// Colours that colour-blind readers can distinguish (Okabe and Ito).
pub(crate) const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

/// Width at the right of each chart for the names of its curves.
const NAMES_WIDTH: u32 = 104;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) struct Chart {
    pub(crate) title: &'static str,
    /// The horizontal axis, which is logarithmic.
    pub(crate) x_name: &'static str,
    pub(crate) x_ticks: Vec<f64>,
    pub(crate) x_in_words: fn(f64) -> String,
    pub(crate) curves: Vec<Curve>,
    /// The powers of ten of the vertical axis; `None` for 0 to 100 %.
    pub(crate) powers: Option<Range<i32>>,
}

pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) colour: RGBColor,
    pub(crate) is_dashed: bool,
    /// Horizontal and vertical values.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Returns the powers of ten that enclose all values.
pub(crate) fn powers_of_ten(curves: &[Curve]) -> Range<i32> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let logs = || points().map(|(_, value)| value.log10());
    let lowest = logs().fold(f64::INFINITY, f64::min).floor();
    let highest = logs().fold(f64::NEG_INFINITY, f64::max).ceil();
    lowest as i32..(highest as i32).max(lowest as i32 + 1)
}

impl Chart {
    pub(crate) fn draw(&self, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
        let (left, names) = area.split_horizontally(area.dim_in_pixel().0 - NAMES_WIDTH);
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let mut xs: Vec<f64> = points
            .map(|point| point.0)
            .chain(self.x_ticks.iter().copied())
            .collect();
        xs.sort_by(f64::total_cmp);
        let [Some(&lowest), Some(&highest)] = [xs.first(), xs.last()] else {
            return Err(format!("no figures for: {}", self.title).into());
        };
        let heights = match &self.powers {
            Some(powers) => f64::from(powers.start)..f64::from(powers.end),
            None => 0.0..100.0,
        };
        let height = |value: f64| match self.powers {
            Some(_) => value.log10(),
            None => value,
        };
        let height_name = |height: &f64| match self.powers {
            Some(_) => format!("{}", 10_f64.powf(*height)),
            None => format!("{height}"),
        };
        let height_names = self.powers.as_ref().map_or(11, |powers| powers.len() + 1);
        let widths = (lowest * 0.9..highest * 1.1)
            .log_scale()
            .with_key_points(self.x_ticks.clone());
        let mut context = ChartBuilder::on(&left)
            .caption(self.title, ("sans-serif", 15))
            .margin(8)
            .margin_right(14)
            .x_label_area_size(40)
            .y_label_area_size(40)
            .build_cartesian_2d(widths, heights)?;
        context
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .label_style(("sans-serif", 12))
            .axis_desc_style(("sans-serif", 13))
            .x_desc(self.x_name)
            .x_label_formatter(&|x| (self.x_in_words)(*x))
            .y_labels(height_names)
            .y_label_formatter(&height_name)
            .draw()?;
        for (index, curve) in self.curves.iter().enumerate() {
            let points = curve.points.iter().map(|&(x, value)| (x, height(value)));
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
}

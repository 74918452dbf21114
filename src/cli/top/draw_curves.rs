//! Draws the curves of the picked process.

use process_scanner::{Unit, Value};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::bar;
use ratatui::widgets::{Sparkline, Widget};

use super::curve::{Measure, STEP_MS, STEPS};
use super::paint::{Look, plain, row};
use super::view::{Subject, Top};
use crate::cli::format::cells;
use crate::cli::format::color::{self, Part};
use crate::cli::format::exits;
use crate::cli::format::relatives;
use crate::cli::format::show;

/// Columns before a curve.
const LABEL: u16 = 6;

/// Columns after a curve, for its last and its greatest value.
const VALUES: u16 = 26;

/// Bars without Unicode.
const ASCII: bar::Set<'static> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "+",
    five_eighths: "+",
    half: "=",
    three_eighths: "=",
    one_quarter: "-",
    one_eighth: "_",
    empty: " ",
};

/// Draws a line about the picked process, and one for each of its curves.
pub(super) fn draw_curves(top: &Top, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let Some(subject) = top.subject() else {
        top.look
            .rule(buffer, row(area, 0), &[plain("no process")], &[]);
        return;
    };
    let (title, right) = title(top, subject);
    top.look.rule(buffer, row(area, 0), &title, &right);
    draw_curve(top, buffer, row(area, 1), subject, Measure::Cpu);
    draw_curve(top, buffer, row(area, 2), subject, Measure::Rss);
}

/// Returns a line about a process: what it is, its parent, and how long the curves are.
fn title(top: &Top, subject: Subject<'_>) -> (Vec<Part>, Vec<Part>) {
    let process = subject.process;
    let mut title = match subject.exited {
        None => show::title(process),
        Some(exited) => {
            let mut title = vec![(color::BOLD, relatives::label(process)), plain(": ")];
            let style = match exits::is_failure(&exited.event) {
                true => color::RED,
                false => color::PLAIN,
            };
            title.push((style, exits::in_short(&exited.event)));
            let ago = top.seen.now_ms.saturating_sub(exited.at_ms);
            title.push(plain(format!(", {} ago", cells::duration(ago))));
            title
        }
    };
    let parent = top.seen.snapshot.parent(process);
    let parent = match (parent, process.parent_pid) {
        (Some(parent), _) => Some(relatives::label(parent)),
        (None, Some(pid)) if pid > 0 => Some(pid.to_string()),
        _ => None,
    };
    if let Some(parent) = parent {
        title.push(plain(format!(", child of {parent}")));
    }
    let minutes = u64::from(STEPS) * STEP_MS / 60_000;
    (title, vec![(color::DIM, format!("last {minutes} minutes"))])
}

/// Draws one curve with its label to the left, and its last and greatest value to the right.
pub(super) fn draw_curve(
    top: &Top,
    buffer: &mut Buffer,
    area: Rect,
    subject: Subject<'_>,
    measure: Measure,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let name = match measure {
        Measure::Cpu => "CPU%",
        Measure::Rss => "RSS",
    };
    let label = Rect {
        width: LABEL.min(area.width),
        ..area
    };
    top.look.line(buffer, label, &[(color::BOLD, name.into())]);
    let values = match subject.curve {
        Some(curve) => curve.values(measure, top.seen.step(), STEPS),
        None => Vec::new(),
    };
    let most = values.iter().flatten().copied().reduce(f32::max);
    let now = match measure {
        Measure::Cpu => process_text(Unit::CorePercent, subject.process.cpu_percent.into()),
        Measure::Rss => process_text(Unit::Bytes, subject.process.resources.rss_bytes.into()),
    };
    let most_text = match measure {
        Measure::Cpu => process_text(Unit::CorePercent, most.into()),
        Measure::Rss => process_text(Unit::Bytes, most.map(|bytes| bytes as u64).into()),
    };
    let text = format!(" {now:>8}, most {most_text}");
    let style = match measure {
        Measure::Cpu => color::of_value(Unit::CorePercent, subject.process.cpu_percent.into()),
        Measure::Rss => color::PLAIN,
    };
    let room = area.width.saturating_sub(LABEL + VALUES);
    let of_values = Rect {
        x: area.x.saturating_add(LABEL + room),
        width: area.width.saturating_sub(LABEL + room),
        ..area
    };
    top.look.line(buffer, of_values, &[(style, text)]);
    let of_curve = Rect {
        x: area.x.saturating_add(LABEL),
        width: room,
        ..area
    };
    draw_bars(top.look, buffer, of_curve, &values, measure);
}

fn process_text(unit: Unit, value: Value<'_>) -> String {
    cells::value(unit, value, 0)
}

/// Draws values as bars, the last one to the right.
fn draw_bars(
    look: Look,
    buffer: &mut Buffer,
    area: Rect,
    values: &[Option<f32>],
    measure: Measure,
) {
    let bars = squeezed(values, area.width.into());
    let width = u16::try_from(bars.len())
        .unwrap_or(u16::MAX)
        .min(area.width);
    let area = Rect {
        x: area.right().saturating_sub(width),
        width,
        ..area
    };
    if area.is_empty() {
        return;
    }
    // A scale of its own for each process, but idle ones are low.
    let least = match measure {
        Measure::Cpu => 10.0,
        Measure::Rss => 1e6,
    };
    let most = bars.iter().flatten().copied().fold(least, f32::max);
    let scaled = |value: f32| {
        let part = f64::from(value) / f64::from(most) * 1000.0;
        // Values above 0 stay visible.
        let least = if value > 0.0 { 130.0 } else { 0.0 };
        part.max(least) as u64
    };
    let data: Vec<Option<u64>> = bars.iter().map(|bar| bar.map(scaled)).collect();
    let set = if look.has_unicode {
        bar::NINE_LEVELS
    } else {
        ASCII
    };
    let line = Sparkline::default()
        .data(data)
        .max(1000)
        .bar_set(set)
        .absent_value_symbol(" ")
        .style(Style::new());
    line.render(area, buffer);
}

/// Returns at most so many values, each the greatest of its neighbours.
fn squeezed(values: &[Option<f32>], width: usize) -> Vec<Option<f32>> {
    let each = values.len().div_ceil(width.max(1)).max(1);
    let greatest = |part: &[Option<f32>]| part.iter().flatten().copied().reduce(f32::max);
    // The last group is complete, so that groups do not change their members with each step.
    values.rchunks(each).rev().map(greatest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squeezed_values_keep_peaks_and_gaps() {
        let values = [None, None, Some(1.0), Some(9.0), Some(2.0), Some(3.0)];
        assert_eq!(squeezed(&values, 6), values);
        assert_eq!(squeezed(&values, 3), [None, Some(9.0), Some(3.0)]);
        assert_eq!(squeezed(&values, 1), [Some(9.0)]);
        assert_eq!(squeezed(&[], 5), []);
        assert_eq!(squeezed(&values, 0).len(), 1);
    }
}

//! Colours, their meaning, and coloured lines of a given width.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use process_scanner::{Status, Unit, Value};

use crate::cli::terminal;

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Color {
    /// Use colours: auto, always or never
    ///
    /// auto uses them on a terminal, unless the environment disables them.
    #[arg(
        long = "color",
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        hide_possible_values = true
    )]
    when: When,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Returns standard output, which removes colours if they are not wanted.
    pub(crate) fn stdout(self) -> AutoStream<io::Stdout> {
        AutoStream::new(io::stdout(), self.choice())
    }

    /// Returns whether colours are wanted on standard output.
    pub(crate) fn is_wanted(self) -> bool {
        let choice = match self.choice() {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()),
            choice => choice,
        };
        choice != ColorChoice::Never
    }

    fn choice(self) -> ColorChoice {
        match self.when {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        }
    }
}

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
const MAGENTA: Style = AnsiColor::Magenta.on_default();

/// Returns the style of a value.
pub(crate) fn of_value(unit: Unit, value: Value<'_>) -> Style {
    match (unit, value) {
        (Unit::CorePercent, Value::Percent(percent)) => of_cpu(percent),
        (Unit::State, Value::State(status)) => of_status(status),
        (Unit::CorePercent | Unit::State, _) => DIM,
        _ => PLAIN,
    }
}

/// Returns the style of CPU use, in percent of one core.
fn of_cpu(percent: f32) -> Style {
    match percent {
        percent if percent >= 50.0 => RED.bold(),
        percent if percent >= 10.0 => YELLOW,
        percent if percent >= 0.05 => PLAIN,
        // Printed as 0.0.
        _ => DIM,
    }
}

/// Returns the style of a status.
fn of_status(status: Status) -> Style {
    match status {
        Status::Running => GREEN,
        Status::DiskSleep => YELLOW,
        Status::Stopped | Status::Traced => MAGENTA,
        Status::Zombie | Status::Dead => RED,
        _ => DIM,
    }
}

/// A text with its style.
pub(crate) type Part = (Style, String);

/// End of a cut line.
const CUT: &str = "…";

/// Writes a line of at most `width` columns, without trailing spaces.
pub(crate) fn write_line(
    out: &mut impl Write,
    parts: &[Part],
    width: Option<usize>,
) -> io::Result<()> {
    for (style, text) in fitted(parts, width) {
        if !text.is_empty() {
            write!(out, "{style}{text}{style:#}")?;
        }
    }
    writeln!(out)
}

/// Cuts a line to at most `width` columns, and removes trailing spaces.
///
/// The end of a cut line is a sign of its own.
pub(crate) fn fitted(parts: &[Part], width: Option<usize>) -> Vec<(Style, &str)> {
    let mut parts: Vec<(Style, &str)> = parts
        .iter()
        .map(|(style, text)| (*style, &**text))
        .collect();
    while let Some((_, text)) = parts.last_mut() {
        *text = text.trim_end();
        if !text.is_empty() {
            break;
        }
        parts.pop();
    }
    let all: usize = parts.iter().map(|(_, text)| terminal::width(text)).sum();
    let Some(width) = width.filter(|&width| all > width) else {
        return parts;
    };
    let mut room = width.saturating_sub(terminal::width(CUT));
    let mut fitted = Vec::new();
    for (style, text) in parts {
        let cut = terminal::cut(text, Some(room));
        fitted.push((style, cut));
        room -= terminal::width(cut);
        // If a wide character does not fit, narrow ones after it must not take its place.
        if cut.len() < text.len() {
            break;
        }
    }
    if width > 0 {
        fitted.push((PLAIN, CUT));
    }
    fitted
}

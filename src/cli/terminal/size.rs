//! Finds the size of the terminal.

use std::env;
use std::io::{self, IsTerminal};

/// Returns the width of lines, in columns; `None`: no limit.
///
/// The terminal's width; without a terminal, the variable COLUMNS, which watch(1) sets.
pub(crate) fn line_width() -> Option<usize> {
    terminal_size_of_stdout().map_or_else(
        || {
            env::var("COLUMNS")
                .ok()?
                .parse()
                .ok()
                .filter(|&width| width > 0)
        },
        |(width, _)| Some(width),
    )
}

/// Returns the width of lines on standard error; `None` without a terminal.
pub(crate) fn stderr_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0))
}

/// Returns the number of lines of the terminal; `None` without a terminal.
pub(crate) fn screen_height() -> Option<usize> {
    terminal_size_of_stdout().map(|(_, height)| height)
}

/// Returns columns and lines of the terminal that is standard output; 80 and 24 if it does not report its size.
pub(crate) fn screen_size() -> (u16, u16) {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((width, height)) if width.0 > 0 && height.0 > 0 => (width.0, height.0),
        // Such as a serial line.
        _ => (80, 24),
    }
}

fn terminal_size_of_stdout() -> Option<(usize, usize)> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (width, height) = terminal_size::terminal_size_of(stdout)?;
    Some((usize::from(width.0), usize::from(height.0)))
}

//! Values as people read them, and how wide they are on a terminal.

use std::env;
use std::io::{self, IsTerminal};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use process_scanner::{CommandLine, ProcessInfo, escape};
use unicode_width::UnicodeWidthChar;

/// What stands for a value that is not known.
pub(crate) const UNKNOWN: &str = "-";

/// How wide lines may be: the terminal's width; without one what COLUMNS says, as watch(1) sets it; else as
/// wide as they like.
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

/// Whether lines are too narrow for a name beside the command line, and for the whole of that.
pub(crate) fn is_narrow(line_width: Option<usize>) -> bool {
    line_width.is_some_and(|width| width < 100)
}

/// How many lines the terminal has; `None` where there is none.
pub(crate) fn screen_height() -> Option<usize> {
    terminal_size_of_stdout().map(|(_, height)| height)
}

fn terminal_size_of_stdout() -> Option<(usize, usize)> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (width, height) = terminal_size::terminal_size_of(stdout)?;
    Some((usize::from(width.0), usize::from(height.0)))
}

/// How many columns a character takes.
fn width_of(c: char) -> usize {
    match c {
        // It makes an emoji, two columns wide, of the character before it.
        '\u{fe0f}' => 1,
        c => c.width().unwrap_or(0),
    }
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// As much of the text as fits.
pub(crate) fn cut(text: &str, line_width: Option<usize>) -> &str {
    let Some(mut room) = line_width else {
        return text;
    };
    for (at, c) in text.char_indices() {
        match room.checked_sub(width_of(c)) {
            Some(rest) => room = rest,
            None => return &text[..at],
        }
    }
    text
}

pub(crate) fn name(process: &ProcessInfo) -> String {
    match &process.name {
        Some(name) => escape(name).into_owned(),
        None => UNKNOWN.to_owned(),
    }
}

/// The arguments one after the other; nothing for a process that is known to have none.
pub(crate) fn command(command: Option<&CommandLine>) -> String {
    command.map_or_else(|| UNKNOWN.to_owned(), |command| joined(command.args()))
}

/// The same without the folders that lead to the program.
pub(crate) fn short_command(command: &CommandLine) -> String {
    let mut args = command.args();
    let program = args.next().unwrap_or_default();
    let short = match program.rsplit_once(['/', '\\']) {
        Some((_, name)) if is_path(program) && !name.is_empty() => name,
        _ => program,
    };
    joined(std::iter::once(short).chain(args))
}

/// Whether a program is named by its whole path. What is no path can be a text with any slashes in it.
fn is_path(program: &str) -> bool {
    program.starts_with('/')
        || matches!(program.as_bytes(), [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic())
}

fn joined<'a>(args: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (index, arg) in args.enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(&escape(arg));
    }
    text
}

pub(crate) fn percent(percent: Option<f32>) -> String {
    percent.map_or_else(|| UNKNOWN.to_owned(), |percent| format!("{percent:.1}"))
}

/// CPU time, like any duration.
pub(crate) fn cpu_time(ms: Option<f64>) -> String {
    ms.map_or_else(|| UNKNOWN.to_owned(), |ms| duration(ms as u64))
}

/// How long ago a process was started. The clock may have been set back since.
pub(crate) fn age(start_time_ms: Option<u64>, now_ms: u64) -> String {
    let ms = start_time_ms.map(|start_ms| now_ms.saturating_sub(start_ms));
    ms.map_or_else(|| UNKNOWN.to_owned(), duration)
}

/// Memory in units of 1000, with a digit after the point from kilobytes on.
pub(crate) fn bytes(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else {
        return UNKNOWN.to_owned();
    };
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut units = ["kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = units.next();
    // What would be printed as 1000.0 belongs to the next unit.
    while value >= 999.95
        && let Some(next) = units.next()
    {
        value /= 1000.0;
        unit = Some(next);
    }
    format!("{value:.1} {}", unit.unwrap_or_default())
}

/// How long something took, as fine as is of use.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms}ms"),
        1..60 => format!("{seconds}.{}s", ms % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Where it is that time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Zone {
    /// This place, for who looks on; UTC where no time zone is known.
    Here,
    /// Recordings are read far from where they were made.
    Utc,
}

/// The time of day, as fine as there is use for.
pub(crate) fn time_of_day(wall_ms: u64, zone: Zone) -> String {
    match zone {
        Zone::Here => format_in(wall_ms, TimeZone::system(), "%H:%M:%S"),
        Zone::Utc => format_in(wall_ms, TimeZone::UTC, "%H:%M:%S%.3f"),
    }
}

/// The day of it, if it has a name.
pub(crate) fn day(wall_ms: u64, zone: Zone) -> String {
    match zone {
        _ if timestamp(wall_ms).is_none() => UNKNOWN.to_owned(),
        Zone::Here => format_in(wall_ms, TimeZone::system(), "%Y-%m-%d"),
        Zone::Utc => format_in(wall_ms, TimeZone::UTC, "%Y-%m-%d UTC"),
    }
}

fn format_in(wall_ms: u64, zone: TimeZone, format: &str) -> String {
    let time = timestamp(wall_ms).map(|time| time.to_zoned(zone));
    time.map_or_else(|| utc(wall_ms), |time| time.strftime(format).to_string())
}

/// A wall clock time with its date, in UTC.
pub(crate) fn utc(wall_ms: u64) -> String {
    // A recording can claim any time; beyond the year 9999 it has no name.
    timestamp(wall_ms).map_or_else(|| format!("{wall_ms}ms"), |time| format!("{time:.3}"))
}

fn timestamp(wall_ms: u64) -> Option<Timestamp> {
    let ms = i64::try_from(wall_ms).ok()?;
    Timestamp::from_millisecond(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_zero() {
        assert_eq!(percent(None), "-");
        assert_eq!(cpu_time(None), "-");
        assert_eq!(bytes(None), "-");
        assert_eq!(command(None), "-");
        assert_eq!(percent(Some(0.0)), "0.0");
        assert_eq!(cpu_time(Some(0.0)), "0ms");
        assert_eq!(age(None, 5), "-");
        assert_eq!(bytes(Some(0)), "0 B");
    }

    #[test]
    fn units_change_where_they_should() {
        for (given, told) in [
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1536, "1.5 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(Some(given)), told);
        }
        for (given, told) in [
            (0, "0ms"),
            (999, "999ms"),
            (1250, "1.2s"),
            (60_000, "1m00s"),
            (11_520_000, "3h12m"),
            (90_000_000, "1d01h"),
        ] {
            assert_eq!(duration(given), told);
        }
    }

    #[test]
    fn times_are_in_utc() {
        for (given, told) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_735_689_600_001, "2025-01-01T00:00:00.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (u64::MAX, "18446744073709551615ms"),
        ] {
            assert_eq!(utc(given), told);
        }
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(age(Some(1000), 3_500), "2.5s");
        assert_eq!(age(Some(1000), 900), "0ms");
        assert_eq!(cut("abc", None), "abc");
        assert_eq!(cut("abc", Some(2)), "ab");
        assert_eq!(cut("日本語", Some(5)), "日本");
        assert_eq!(cut("e\u{301}x", Some(1)), "e\u{301}");
        assert_eq!(width("日本 x"), 6);
    }
}

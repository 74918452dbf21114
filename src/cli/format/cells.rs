//! Formats values as text.

use std::borrow::Cow;

use process_scanner::{CommandLine, Detail, Field, ProcessInfo, Unit, Value, escape};

/// Placeholder for an unknown value.
pub(crate) const UNKNOWN: &str = "-";

/// Narrowest width for names and whole paths, in columns.
pub(crate) const WIDE: usize = 100;

/// Returns whether lines are too narrow for names and whole paths.
pub(crate) fn is_narrow(line_width: Option<usize>) -> bool {
    line_width.is_some_and(|width| width < WIDE)
}

pub(crate) fn name(process: &ProcessInfo) -> String {
    value(Unit::Text, process.name.as_deref().into(), 0)
}

/// Formats CPU time as a duration.
pub(crate) fn cpu_time(ms: Option<f64>) -> String {
    value(Unit::CpuMs, ms.into(), 0)
}

/// Joins the arguments by spaces; empty for a process without arguments. An empty one is `""`.
pub(crate) fn command(command: Option<&CommandLine>) -> String {
    value(Unit::Arguments, command.into(), 0)
}

/// Joins the arguments, without the folders of the program.
pub(crate) fn short_command(command: &CommandLine) -> String {
    let mut args = command.args();
    let program = args.next().unwrap_or_default();
    let short = match program.rsplit_once(['/', '\\']) {
        Some((_, name)) if is_path(program) && !name.is_empty() => name,
        _ => program,
    };
    joined(std::iter::once(short).chain(args))
}

/// Returns whether a program is an absolute path.
///
/// Slashes in any other text need not separate folders.
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
        text.push_str(&shown(arg));
    }
    text
}

/// Escapes a text. An empty one is two quotes, as in a shell.
fn shown(text: &str) -> Cow<'_, str> {
    match text {
        "" => "\"\"".into(),
        text => escape(text),
    }
}

/// Formats the value of a field below its heading, without unit.
///
/// `now_ms`: time for ages, wall clock, milliseconds from the Unix epoch.
pub(crate) fn value(unit: Unit, value: Value<'_>, now_ms: u64) -> String {
    match (unit, value) {
        (Unit::Bytes, Value::Count(count)) => bytes(count),
        // 0 if the clock was set back to before the start.
        (Unit::EpochMs, Value::Count(ms)) => duration(now_ms.saturating_sub(ms)),
        (Unit::CpuMs, Value::Real(ms)) => duration(ms as u64),
        (_, Value::Percent(percent)) => format!("{percent:.1}"),
        (_, Value::Count(count)) => count.to_string(),
        (_, Value::Integer(integer)) => integer.to_string(),
        (_, Value::Real(real)) => real.to_string(),
        (_, Value::Flag(flag)) => if flag { "yes" } else { "no" }.to_owned(),
        (_, Value::State(status)) => status.as_str().to_owned(),
        (_, Value::Text(text)) => shown(text).into_owned(),
        (_, Value::Arguments(command)) => joined(command.args()),
        // Unknown, or of a kind that a later version of the library adds.
        _ => UNKNOWN.to_owned(),
    }
}

/// Returns what a column shows of a process: the value of the field, or of its fallback.
pub(crate) fn shown_value<'p>(field: &Field, process: &'p ProcessInfo) -> (Unit, Value<'p>) {
    let value = field.value(process);
    match field.fallback.map(Detail::field) {
        Some(fallback) if value.is_unknown() => (fallback.unit, fallback.value(process)),
        _ => (field.unit, value),
    }
}

/// Formats the value of a field without heading, with unit.
pub(crate) fn value_with_unit(field: &Field, process: &ProcessInfo, now_ms: u64) -> String {
    let text = value(field.unit, field.value(process), now_ms);
    match field.unit {
        Unit::CorePercent => text + " %",
        _ => text,
    }
}

/// Formats bytes in decimal units, from kilobytes on with one decimal.
pub(crate) fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut units = ["kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = units.next();
    // A value that rounds to 1000.0 gets the next unit.
    while value >= 999.95
        && let Some(next) = units.next()
    {
        value /= 1000.0;
        unit = Some(next);
    }
    format!("{value:.1} {}", unit.unwrap_or_default())
}

/// Formats a duration in its two largest units.
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

/// Formats a measured duration; short ones with fractions of milliseconds.
pub(crate) fn short_time(us: u64) -> String {
    let ms = us as f64 / 1e3;
    match us {
        ..9_995 => format!("{ms:.2}ms"),
        9_995..999_950 => format!("{ms:.1}ms"),
        _ => duration(us / 1000),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{FIELDS, Status};

    use super::*;

    #[test]
    fn unknown_values_are_never_zero() {
        for field in FIELDS {
            assert_eq!(value(field.unit, Value::Unknown, 5), "-", "{}", field.name);
        }
        assert_eq!(cpu_time(None), "-");
        assert_eq!(command(None), "-");
        assert_eq!(value(Unit::CorePercent, Value::Percent(0.0), 0), "0.0");
        assert_eq!(cpu_time(Some(0.0)), "0ms");
        assert_eq!(bytes(0), "0 B");
    }

    #[test]
    fn units_change_at_1000() {
        for (given, expected) in [
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1536, "1.5 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(given), expected);
        }
        for (given, expected) in [
            (0, "0ms"),
            (999, "999ms"),
            (1250, "1.2s"),
            (60_000, "1m00s"),
            (11_520_000, "3h12m"),
            (90_000_000, "1d01h"),
        ] {
            assert_eq!(duration(given), expected);
        }
    }

    #[test]
    fn short_times_have_fractions_of_milliseconds() {
        for (us, expected) in [
            (0, "0.00ms"),
            (5, "0.01ms"),
            (1234, "1.23ms"),
            (9_996, "10.0ms"),
            (123_456, "123.5ms"),
            (1_234_567, "1.2s"),
        ] {
            assert_eq!(short_time(us), expected);
        }
    }

    #[test]
    fn each_unit_has_its_own_format() {
        let line: CommandLine = ["sh", "a\nb"].iter().collect();
        let ends_empty: CommandLine = ["a", "", "b", ""].iter().collect();
        let empty: CommandLine = [""].iter().collect();
        let none: CommandLine = [""; 0].iter().collect();
        for (unit, given, expected) in [
            (Unit::Pid, Value::Count(7), "7"),
            (Unit::EpochMs, Value::Count(1000), "2.5s"),
            // The clock was set back.
            (Unit::EpochMs, Value::Count(4000), "0ms"),
            (Unit::Text, Value::Text("a\nb"), "a\\nb"),
            (Unit::Arguments, Value::Arguments(&line), "sh a\\nb"),
            (
                Unit::Arguments,
                Value::Arguments(&ends_empty),
                "a \"\" b \"\"",
            ),
            (Unit::Arguments, Value::Arguments(&empty), "\"\""),
            (Unit::Arguments, Value::Arguments(&none), ""),
            (Unit::Text, Value::Text(""), "\"\""),
            (Unit::State, Value::State(Status::DiskSleep), "disk_sleep"),
            (Unit::CorePercent, Value::Percent(120.54), "120.5"),
            (Unit::CpuMs, Value::Real(1250.5), "1.2s"),
            (Unit::Bytes, Value::Count(4096), "4.1 kB"),
            (Unit::Count, Value::Count(4096), "4096"),
            (Unit::Flag, Value::Flag(true), "yes"),
        ] {
            assert_eq!(value(unit, given, 3500), expected);
        }
    }
}

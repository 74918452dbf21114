//! Formats times as text.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cells::UNKNOWN;

/// The time zone of printed times.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Zone {
    /// The local time zone, for live events; UTC if it is unknown.
    Here,
    /// For recordings, which may come from another time zone.
    Utc,
}

/// Formats the time of day; only UTC has milliseconds.
pub(crate) fn time_of_day(wall_ms: u64, zone: Zone) -> String {
    match zone {
        Zone::Here => format_in(wall_ms, TimeZone::system(), "%H:%M:%S"),
        Zone::Utc => format_in(wall_ms, TimeZone::UTC, "%H:%M:%S%.3f"),
    }
}

/// Formats the date; `-` after the year 9999.
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

/// Formats a wall clock time with its date, in UTC.
pub(crate) fn utc(wall_ms: u64) -> String {
    // A recording can contain any time; there are no dates after the year 9999.
    timestamp(wall_ms).map_or_else(|| format!("{wall_ms}ms"), |time| format!("{time:.3}"))
}

/// Formats a wall clock time with its date, in the local time zone, with its offset.
pub(crate) fn local(wall_ms: u64) -> String {
    format_in(wall_ms, TimeZone::system(), "%Y-%m-%dT%H:%M:%S%.3f%:z")
}

/// Returns the minutes that local time is ahead of UTC at this time; 0 after the year 9999.
pub(crate) fn utc_offset_minutes(wall_ms: u64) -> i32 {
    let offset = timestamp(wall_ms).map(|time| TimeZone::system().to_offset(time));
    offset.map_or(0, |offset| offset.seconds() / 60)
}

fn timestamp(wall_ms: u64) -> Option<Timestamp> {
    let ms = i64::try_from(wall_ms).ok()?;
    Timestamp::from_millisecond(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_formats_dates_in_utc() {
        for (given, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_735_689_600_001, "2025-01-01T00:00:00.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (u64::MAX, "18446744073709551615ms"),
        ] {
            assert_eq!(utc(given), expected);
        }
    }
}

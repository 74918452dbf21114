//! Parses times with units.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// The shortest and the longest interval of a scanner.
pub(super) const INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(50)..=Duration::from_secs(3600);

/// The longest time between the two samples of a list.
const MAX_SAMPLE: Duration = Duration::from_secs(60);

/// Parses the time until the end of a command.
pub(super) fn run_time(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| match time.is_zero() {
        true => Err("must be longer than 0".into()),
        false => Ok(time),
    })
}

/// Parses an interval between scans.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| match INTERVALS.contains(&time) {
        true => Ok(time),
        false => Err("must be from 50ms to 1h".into()),
    })
}

/// Parses the time between two samples; 0 needs no unit.
pub(super) fn sample(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    time(text).and_then(|time| match time <= MAX_SAMPLE {
        true => Ok(time),
        false => Err("must be from 0 to 60s".into()),
    })
}

/// Parses a time with units; a bare number has no clear unit.
fn time(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!("a time needs a unit: write {text}ms or {text}s"));
    }
    let time = text.parse::<Span>().ok();
    let days = SpanRelativeTo::days_are_24_hours();
    let time = time.and_then(|time| time.to_duration(days).ok());
    let time = time.and_then(|time| Duration::try_from(time).ok());
    time.ok_or_else(|| "must be a time with a unit, such as 500ms, 30s, 5m, 1h30m or 2d".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (given, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("1.5s", 1500),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2 minutes", 120_000),
            ("1d01h", 90_000_000),
        ] {
            assert_eq!(run_time(given), Ok(Duration::from_millis(ms)), "{given}");
        }
        for given in [
            "",
            "0",
            "30",
            "0s",
            "-5s",
            "s",
            "soon",
            "1mo",
            "1.5",
            "99999999999999999999h",
        ] {
            run_time(given).expect_err(given);
        }
        for parse in [run_time, interval, sample] {
            assert_eq!(
                parse("200"),
                Err("a time needs a unit: write 200ms or 200s".into())
            );
        }
    }

    #[test]
    fn intervals_and_samples_have_limits() {
        for (given, is_fine) in [
            ("49ms", false),
            ("49.9ms", false),
            ("50ms", true),
            ("1h", true),
            ("60m 1ms", false),
        ] {
            assert_eq!(interval(given).is_ok(), is_fine, "{given}");
        }
        for (given, is_fine) in [
            ("0", true),
            ("0s", true),
            ("60s", true),
            ("1m 1ms", false),
            ("-1s", false),
        ] {
            assert_eq!(sample(given).is_ok(), is_fine, "{given}");
        }
    }
}

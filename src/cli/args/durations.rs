//! Parses times with units.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The shortest and the longest interval of a scanner.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(3600);

/// The longest time between the two samples of a list.
const MAX_SAMPLE: Duration = Duration::from_secs(60);

/// The longest time until the end of a command.
const MAX_RUN_TIME: Duration = Duration::from_secs(10_000 * 86_400);

/// The units of times and their milliseconds, the longest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Parses the time until the end of a command.
pub(super) fn run_time(text: &str) -> Result<Duration, String> {
    let range = Duration::from_millis(1)..=MAX_RUN_TIME;
    time_in(&range, text, "must be from 1ms to 10000d")
}

/// Parses the time that a file of a recording lasts.
pub(super) fn part_time(text: &str) -> Result<Duration, String> {
    let range = Duration::from_secs(1)..=MAX_RUN_TIME;
    time_in(&range, text, "must be from 1s to 10000d")
}

/// Parses the time before the end of a recording.
pub(super) fn before_end(text: &str) -> Result<Duration, String> {
    time_in(
        &(Duration::ZERO..=MAX_RUN_TIME),
        text,
        "must be from 0s to 10000d",
    )
}

/// Parses an interval between scans.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    time_in(&INTERVALS, text, "must be from 50ms to 1h")
}

/// Parses the time between two samples; 0 needs no unit.
pub(super) fn sample(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        _ => time_in(
            &(Duration::ZERO..=MAX_SAMPLE),
            text,
            "must be from 0 to 60s",
        ),
    }
}

/// Formats whole milliseconds in the form that the options take, without rounding.
pub(super) fn exact(time: Duration) -> String {
    let mut left_ms = time.as_millis();
    let mut text = String::new();
    for (unit, unit_ms) in UNITS {
        let count = left_ms / u128::from(unit_ms);
        left_ms %= u128::from(unit_ms);
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    match text.is_empty() {
        true => "0ms".into(),
        false => text,
    }
}

/// Why a text is no time.
#[derive(Debug, PartialEq)]
enum Wrong {
    Form,
    /// A bare number has no clear unit.
    NoUnit,
    /// No clock of a scanner is finer than a millisecond.
    Fraction,
    /// Negative, or longer than any limit.
    OutOfRange,
}

fn time_in(range: &RangeInclusive<Duration>, text: &str, limits: &str) -> Result<Duration, String> {
    let is_fine = |time: &Duration| range.contains(time);
    Err(match time(text) {
        Ok(time) if is_fine(&time) => return Ok(time),
        Ok(_) | Err(Wrong::OutOfRange) => limits.into(),
        Err(Wrong::Form) => {
            "must be a time with a unit, such as 500ms, 30s, 5m, 1h30m or 2d".into()
        }
        Err(Wrong::Fraction) => "must be whole milliseconds".into(),
        Err(Wrong::NoUnit) => {
            let texts = ["ms", "s"].map(|unit| format!("{text}{unit}"));
            let valid = texts.into_iter();
            let valid = valid.filter(|text| time(text).is_ok_and(|time| is_fine(&time)));
            match valid.collect::<Vec<_>>() {
                valid if valid.is_empty() => limits.into(),
                valid => format!("a time needs a unit: write {}", valid.join(" or ")),
            }
        }
    })
}

/// Parses a time, which may have a sign.
fn time(text: &str) -> Result<Duration, Wrong> {
    match text.strip_prefix('-').map(unsigned) {
        None => unsigned(text),
        Some(Err(Wrong::Form)) => Err(Wrong::Form),
        Some(_) => Err(Wrong::OutOfRange),
    }
}

/// Parses numbers with units, the longest unit first, such as `1h30m` or `1.5s`.
fn unsigned(text: &str) -> Result<Duration, Wrong> {
    let mut rest = text;
    let mut units = UNITS.as_slice();
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_at(rest, |c| !c.is_ascii_digit() && c != '.');
        let (unit, after) = split_at(after, |c| !c.is_ascii_alphabetic());
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.is_empty() || !is_digits(fraction) {
            return Err(Wrong::Form);
        }
        if unit.is_empty() && rest == text && after.is_empty() {
            return Err(Wrong::NoUnit);
        }
        if matches!(unit, "us" | "ns") {
            return Err(Wrong::Fraction);
        }
        let nth = units.iter().position(|(name, _)| *name == unit);
        let nth = nth.ok_or(Wrong::Form)?;
        let unit_ms = units[nth].1;
        let fraction_ms = fraction_ms(fraction, unit_ms)?;
        let whole: Option<u64> = whole.parse().ok();
        let whole_ms = whole.and_then(|whole| whole.checked_mul(unit_ms));
        let ms = whole_ms.and_then(|ms| ms.checked_add(fraction_ms));
        let sum_ms = ms.and_then(|ms| ms.checked_add(total_ms));
        total_ms = sum_ms.ok_or(Wrong::OutOfRange)?;
        units = &units[nth + 1..];
        rest = after;
    }
    match text {
        "" => Err(Wrong::Form),
        _ => Ok(Duration::from_millis(total_ms)),
    }
}

fn split_at(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// Returns the milliseconds of the digits after a point.
fn fraction_ms(digits: &str, unit_ms: u64) -> Result<u64, Wrong> {
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    // With more digits there is always a rest, since no unit is a multiple of 2^11.
    if digits.len() > 10 {
        return Err(Wrong::Fraction);
    }
    let number: u64 = digits.parse().map_err(|_| Wrong::Form)?;
    let power = 10_u64.pow(digits.len() as u32);
    match number * unit_ms {
        scaled if scaled % power == 0 => Ok(scaled / power),
        _ => Err(Wrong::Fraction),
    }
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
            ("1.500000000000000000000s", 1500),
            ("0.05s", 50),
            ("1.23456d", 106_665_984),
            ("0.0009765625d", 84_375),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1d01h", 90_000_000),
            ("2d3h4m5s6ms", 183_845_006),
        ] {
            assert_eq!(run_time(given), Ok(Duration::from_millis(ms)), "{given}");
        }
        let wrong = "|s|soon|1mo|-soon|--5s|+1s|1s | 1s|1h 30m|30m1h|\
                     1s1s|1.s|.5s|1.5.5s|1h30|00:00:01|PT1S|1s ago|1S|2 minutes|１s";
        for given in wrong.split('|') {
            let error = run_time(given).expect_err(given);
            assert!(
                error.starts_with("must be a time with a unit, such as 500ms"),
                "{given}"
            );
        }
    }

    #[test]
    fn fractions_of_a_millisecond_are_refused_not_rounded() {
        for given in [
            "50.9999ms",
            "1.0004s",
            "1000us",
            "1ns",
            "0.5ms",
            "1s0.1ms",
            "1.00000000000000000000000001d",
            "0.1234567890123456789d",
        ] {
            for parse in [run_time, interval, sample] {
                assert_eq!(
                    parse(given),
                    Err("must be whole milliseconds".into()),
                    "{given}"
                );
            }
        }
    }

    #[test]
    fn a_bare_number_gets_the_units_that_the_option_accepts() {
        for (parse, given, expected) in [
            (
                interval as fn(&str) -> _,
                "200",
                "a time needs a unit: write 200ms or 200s",
            ),
            (interval, "5", "a time needs a unit: write 5s"),
            (interval, "5000", "a time needs a unit: write 5000ms"),
            (interval, "0", "must be from 50ms to 1h"),
            (interval, "99999999999999999999", "must be from 50ms to 1h"),
            (sample, "0.0", "a time needs a unit: write 0.0ms or 0.0s"),
            (run_time, "0", "must be from 1ms to 10000d"),
            (run_time, "1.5", "a time needs a unit: write 1.5s"),
            (run_time, "30", "a time needs a unit: write 30ms or 30s"),
        ] {
            assert_eq!(parse(given), Err(expected.into()), "{given}");
        }
    }

    #[test]
    fn times_outside_the_limits_are_refused_with_the_limits() {
        for (given, is_fine) in [
            ("-1s", false),
            ("-1", false),
            ("49ms", false),
            ("50ms", true),
            ("1h", true),
            ("60m1ms", false),
            ("99999999999999999999ms", false),
            ("18446744073709551615ms", false),
            ("18446744073709551615d", false),
            ("9999999999999d18446744073709551615ms", false),
        ] {
            let limits = "must be from 50ms to 1h".to_owned();
            assert_eq!(
                interval(given).err(),
                (!is_fine).then_some(limits),
                "{given}"
            );
        }
        for (given, is_fine) in [("0", true), ("0s", true), ("60s", true), ("1m1ms", false)] {
            let limits = "must be from 0 to 60s".to_owned();
            assert_eq!(sample(given).err(), (!is_fine).then_some(limits), "{given}");
        }
        for (given, is_fine) in [
            ("0s", false),
            ("1ms", true),
            ("10000d", true),
            ("10001d", false),
        ] {
            let limits = "must be from 1ms to 10000d".to_owned();
            assert_eq!(
                run_time(given).err(),
                (!is_fine).then_some(limits),
                "{given}"
            );
        }
    }

    #[test]
    fn exact_times_are_read_back() {
        assert_eq!(exact(Duration::ZERO), "0ms");
        assert_eq!(exact(Duration::from_millis(1_800_000)), "30m");
        assert_eq!(exact(Duration::from_millis(5_401_500)), "1h30m1s500ms");
        for ms in (0..64).flat_map(|bit| [1 << bit, (1 << bit) - 1, u64::MAX >> bit]) {
            let given = Duration::from_millis(ms);
            assert_eq!(time(&exact(given)), Ok(given), "{ms}");
        }
    }
}

//! Times of a recording, as the user gives them.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

/// A time of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moment {
    /// As it was given.
    text: String,
    when: When,
    /// The time begins a minute or a second, in milliseconds: that unit is meant.
    unit_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    /// The first such time of day, local or of UTC.
    OfDay {
        time: Time,
        is_utc: bool,
    },
    Local(DateTime),
    /// Milliseconds from the Unix epoch.
    At(u64),
    BeforeEnd(Duration),
}

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;

impl Moment {
    /// Parses a time of day, or a date with a time.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_dated = text.as_bytes().get(4) == Some(&b'-');
        let (when, unit_ms) = match is_dated {
            true => (dated(text)?, unit_of(text.get(10..).unwrap_or_default())),
            false => (of_day(text)?, unit_of(text)),
        };
        Some(Self {
            text: text.into(),
            when,
            unit_ms,
        })
    }

    /// Returns the moment so long before the end.
    pub(crate) fn before_end(text: &str, time: Duration) -> Self {
        Self {
            text: text.into(),
            when: When::BeforeEnd(time),
            unit_ms: 1,
        }
    }

    /// Returns whether it counts from the end of the recording.
    pub(crate) fn is_before_end(&self) -> bool {
        matches!(self.when, When::BeforeEnd(_))
    }

    /// Returns the time in a recording, in milliseconds from the Unix epoch.
    ///
    /// `zone`: the local one. In the minute or second in which the recording begins, it is its begin. Returns `None`
    /// where the calendar has no such time, or the end is needed and unknown.
    pub(crate) fn in_recording(
        &self,
        begin_ms: u64,
        end_ms: Option<u64>,
        zone: &TimeZone,
    ) -> Option<u64> {
        let at_ms = match &self.when {
            When::At(at_ms) => *at_ms,
            When::BeforeEnd(time) => {
                let before_ms = u64::try_from(time.as_millis()).ok()?;
                end_ms?.saturating_sub(before_ms)
            }
            When::Local(time) => local_ms(*time, zone)?,
            When::OfDay { time, is_utc } => {
                let zone = if *is_utc { &TimeZone::UTC } else { zone };
                let begin = Timestamp::from_millisecond(i64::try_from(begin_ms).ok()?).ok()?;
                let day = begin.to_zoned(zone.clone()).date();
                let today_ms = local_ms(day.to_datetime(*time), zone)?;
                match today_ms.saturating_add(self.unit_ms) <= begin_ms {
                    // The recording goes on over midnight.
                    true => local_ms(day.tomorrow().ok()?.to_datetime(*time), zone)?,
                    false => today_ms,
                }
            }
        };
        let is_begin = at_ms <= begin_ms && begin_ms < at_ms.saturating_add(self.unit_ms);
        Some(if is_begin { begin_ms } else { at_ms })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the milliseconds of a local time: the first one where clocks go back, the one after the gap where they
/// go forward.
fn local_ms(time: DateTime, zone: &TimeZone) -> Option<u64> {
    let zoned = time.to_zoned(zone.clone()).ok()?;
    u64::try_from(zoned.timestamp().as_millisecond()).ok()
}

fn dated(text: &str) -> Option<When> {
    if let Ok(time) = text.parse::<Timestamp>() {
        let at_ms = u64::try_from(time.as_millisecond()).ok()?;
        return Some(When::At(at_ms));
    }
    // Of a text with another offset or zone, jiff would read the time alone.
    let after_date = text.get(10..)?;
    let is_plain = |c: char| c.is_ascii_digit() || "T t:.".contains(c);
    let time = text
        .parse()
        .ok()
        .filter(|_| after_date.chars().all(is_plain))?;
    Some(When::Local(time))
}

fn of_day(text: &str) -> Option<When> {
    let utc = text.strip_suffix(['Z', 'z']);
    let time = utc.unwrap_or(text);
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.');
    if !time.contains(':') || !time.chars().all(is_plain) {
        return None;
    }
    // 9:05
    let padded = match time.find(':') {
        Some(1) => format!("0{time}"),
        _ => time.to_owned(),
    };
    Some(When::OfDay {
        time: padded.parse().ok()?,
        is_utc: utc.is_some(),
    })
}

/// Returns the unit that a time of day is given in.
fn unit_of(time: &str) -> u64 {
    let end = time.find(['+', '-', 'Z', 'z']).unwrap_or(time.len());
    let time = &time[..end];
    match (time.contains('.'), time.matches(':').count()) {
        (true, _) => 1,
        (_, 2..) => SECOND_MS,
        (_, 1) => MINUTE_MS,
        (_, 0) if time.is_empty() => DAY_MS,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(rfc: &str) -> u64 {
        let time: Timestamp = rfc.parse().expect(rfc);
        time.as_millisecond().try_into().expect(rfc)
    }

    /// Returns the time of a moment in a recording that begins then, in a time zone.
    fn at(text: &str, begin: &str, zone: &str) -> Option<u64> {
        let zone = TimeZone::get(zone).expect(zone);
        Moment::parse(text)
            .expect(text)
            .in_recording(ms(begin), None, &zone)
    }

    #[test]
    fn times_are_local_unless_they_have_an_offset() {
        let begin = "2026-11-26T12:00:00Z";
        for (text, zone, expected) in [
            ("14:03", "UTC", "2026-11-26T14:03:00Z"),
            ("14:03", "Europe/Berlin", "2026-11-26T13:03:00Z"),
            ("14:03Z", "Europe/Berlin", "2026-11-26T14:03:00Z"),
            ("14:03:20.5", "Europe/Berlin", "2026-11-26T13:03:20.5Z"),
            // The first such time after the begin, which is at 17:45 there.
            ("18:03", "Asia/Kathmandu", "2026-11-26T12:18:00Z"),
            ("9:05", "Asia/Kathmandu", "2026-11-27T03:20:00Z"),
            ("00:10", "UTC", "2026-11-27T00:10:00Z"),
            ("02:00", "Pacific/Apia", "2026-11-26T13:00:00Z"),
            (
                "2026-11-26T14:03",
                "America/St_Johns",
                "2026-11-26T17:33:00Z",
            ),
            (
                "2026-11-26 14:03:20",
                "Europe/Berlin",
                "2026-11-26T13:03:20Z",
            ),
            (
                "2026-11-26T14:03:00Z",
                "Europe/Berlin",
                "2026-11-26T14:03:00Z",
            ),
            (
                "2026-11-26T14:03:00+05:45",
                "Europe/Berlin",
                "2026-11-26T08:18:00Z",
            ),
            ("2026-11-27", "Europe/Berlin", "2026-11-26T23:00:00Z"),
        ] {
            assert_eq!(at(text, begin, zone), Some(ms(expected)), "{text} {zone}");
        }
    }

    #[test]
    fn a_time_that_occurs_twice_is_the_first_and_one_in_a_gap_is_after_it() {
        for (text, begin, expected) in [
            // Clocks go back from 03:00 to 02:00.
            ("02:30", "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"),
            (
                "2026-10-25T02:30",
                "2026-10-24T23:30:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                "2026-10-25T02:30+01:00",
                "2026-10-24T23:30:00Z",
                "2026-10-25T01:30:00Z",
            ),
            // They go forward from 02:00 to 03:00.
            ("02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
            ("04:00", "2026-03-29T00:30:00Z", "2026-03-29T02:00:00Z"),
        ] {
            assert_eq!(
                at(text, begin, "Europe/Berlin"),
                Some(ms(expected)),
                "{text}"
            );
        }
    }

    #[test]
    fn the_minute_or_second_of_the_begin_is_the_begin() {
        let begin = "2026-11-26T12:00:30.250Z";
        for (text, is_begin) in [
            ("12:00", true),
            ("12:00:30", true),
            ("2026-11-26T12:00", true),
            ("2026-11-26T13:00+01:00", true),
            ("2026-11-26", true),
            ("12:00:30.250", true),
            ("12:00:30.251", false),
            ("12:00:31", false),
            ("12:01", false),
            ("2026-11-26T12:00:29", false),
            ("2026-11-26T12:00:30.249", false),
        ] {
            let found = at(text, begin, "UTC").expect(text);
            assert_eq!(found == ms(begin), is_begin, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "14",
            "1403",
            "14:60",
            "24:00",
            "14:03:",
            "14:03+01:00",
            ":03",
            "noon",
            "14:03 Z",
            "2026-11-31T14:03",
            "2026-11-26T14:03:00[Europe/Berlin]",
            "2026-11-26T",
            "2026-11",
            "20261126T140300Z",
            "1969-12-31T23:59:59Z",
            "14.03",
            "+10m",
            "１４:03",
            "2026-1é",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_before_the_end_needs_the_end() {
        let moment = Moment::before_end("-10m", Duration::from_secs(600));
        assert_eq!(moment.in_recording(0, None, &TimeZone::UTC), None);
        let found = moment.in_recording(0, Some(1_000_000), &TimeZone::UTC);
        assert_eq!(found, Some(400_000));
        assert_eq!(moment.to_string(), "-10m");
    }

    #[test]
    fn a_recording_of_any_time_has_an_answer() {
        let zone = TimeZone::get("Europe/Berlin").expect("it is bundled");
        for begin_ms in [0, 1, u64::MAX, i64::MAX as u64, 253_402_300_799_999] {
            for text in ["14:03", "14:03Z", "2026-11-26", "9999-12-01T23:59:59Z"] {
                let moment = Moment::parse(text).expect(text);
                let _ = moment.in_recording(begin_ms, Some(u64::MAX), &zone);
            }
        }
    }
}

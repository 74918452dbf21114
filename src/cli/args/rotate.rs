//! Options that divide a recording into files.

use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::durations::part_time;

/// The shortest and the longest part, in bytes.
const BYTES: std::ops::RangeInclusive<f64> = 1e4..=1e15;

/// The units of sizes and their bytes.
const UNITS: [(&str, f64); 9] = [
    ("b", 1.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("tb", 1e12),
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("tib", 1_099_511_627_776.0),
];

/// Options that divide a recording into files.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rotate {
    /// Begin a new file when one has this size (100MB) or has lasted for this time (1h)
    ///
    /// host.ndjson becomes host.000001.ndjson, host.000002.ndjson and so on; `replay host.ndjson`
    /// reads all of them as one, and each can be replayed alone. A file ends with the scan that
    /// makes it so long, so it can be a little longer. Sizes are those on disk, from 10kB; times
    /// are from 1s. Later recordings of that name continue the numbers.
    #[arg(
        long,
        value_name = "SIZE|TIME",
        value_parser = limit,
        allow_hyphen_values = true,
        conflicts_with = "force"
    )]
    pub(crate) rotate: Option<Limit>,
    /// Keep only the last N files of --rotate, at least 2; default: all
    ///
    /// The file that is being written is one of them. Only files recorded with --keep are deleted,
    /// also those of earlier recordings of that name.
    #[arg(
        long,
        value_name = "N",
        value_parser = at_least_two,
        requires = "rotate",
        allow_negative_numbers = true
    )]
    pub(crate) keep: Option<u64>,
}

impl Rotate {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self, file: &Path) -> Option<String> {
        (self.rotate.is_some() && file.as_os_str() == "-")
            .then(|| "--rotate needs files; name one instead of '-', such as host.ndjson".into())
    }
}

/// When a file is long enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// It has so many bytes.
    Bytes(u64),
    /// It has lasted so long.
    Time(Duration),
}

/// Parses a size or a time.
fn limit(text: &str) -> Result<Limit, String> {
    const LIMITS: &str = "must be a size from 10kB to 1000TB, or a time from 1s to 10000d";
    let end = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    if unit.is_empty() && !number.is_empty() && number.chars().all(is_number) {
        return Err(format!(
            "needs a unit: write {number}MB, or a time such as {number}m"
        ));
    }
    if ["k", "K", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(&unit) {
        return Err(format!(
            "a size needs a unit of bytes: write {number}{unit}B"
        ));
    }
    let lower = unit.to_ascii_lowercase();
    let Some((_, unit_bytes)) = UNITS.iter().find(|(name, _)| *name == lower) else {
        return match part_time(text) {
            Ok(time) => Ok(Limit::Time(time)),
            Err(_) => Err(LIMITS.into()),
        };
    };
    let number = number
        .parse::<f64>()
        .ok()
        .filter(|_| number.chars().all(is_number));
    let bytes = number.map(|number| (number * unit_bytes).round());
    match bytes.filter(|bytes| BYTES.contains(bytes)) {
        Some(bytes) => Ok(Limit::Bytes(bytes as u64)),
        None => Err(LIMITS.into()),
    }
}

fn at_least_two(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number >= 2);
    number.ok_or_else(|| "must be a whole number of at least 2".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_size_or_a_time() {
        for (given, bytes) in [
            ("100MB", 100_000_000),
            ("10kB", 10_000),
            ("1.5gb", 1_500_000_000),
            ("64MiB", 67_108_864),
            ("10000b", 10_000),
            ("1000TB", 1_000_000_000_000_000),
        ] {
            assert_eq!(limit(given), Ok(Limit::Bytes(bytes)), "{given}");
        }
        for (given, seconds) in [("1s", 1), ("1h", 3600), ("1h30m", 5400), ("5m", 300)] {
            let time = Duration::from_secs(seconds);
            assert_eq!(limit(given), Ok(Limit::Time(time)), "{given}");
        }
        for (given, reason) in [
            ("100", "write 100MB, or a time such as 100m"),
            ("100M", "write 100MB"),
            ("5G", "write 5GB"),
            ("9kB", "from 10kB to 1000TB"),
            ("1001TB", "from 10kB to 1000TB"),
            ("999ms", "a time from 1s"),
            ("-1MB", "from 10kB"),
            ("-1h", "from 10kB"),
            ("1e9MB", "from 10kB"),
            ("1.2.3MB", "from 10kB"),
            ("MB", "from 10kB"),
            ("", "from 10kB"),
            ("daily", "a time from 1s"),
        ] {
            let error = limit(given).expect_err(given);
            assert!(error.contains(reason), "{given}: {error}");
        }
    }

    #[test]
    fn at_least_two_files_are_kept() {
        assert_eq!(at_least_two("2"), Ok(2));
        for given in ["1", "0", "-3", "x", ""] {
            at_least_two(given).expect_err(given);
        }
    }
}

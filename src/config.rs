//! The scanner's settings, their defaults and limits.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Error, ErrorClass, Result};
use crate::redact::{Pattern, Redact, Redactor};

/// The most batches that may wait for one consumer.
pub(crate) const MAX_QUEUE_LEN: usize = 65_536;

/// Settings of a [`Scanner`](crate::Scanner).
///
/// Missing fields take their defaults when it is deserialised. Unknown ones are an error, so that a
/// setting that is misspelt does not pass for one that is made; a file with a setting that only a later
/// version has is refused by this one.
///
/// ```
/// use process_scanner::Config;
///
/// // In code: the defaults, and what differs assigned.
/// let mut config = Config::default();
/// config.interval_ms = 500;
/// config.cpu_budget_percent = Some(0.5);
/// config.collect.command = false;
/// config.validate()?;
/// // From a file.
/// let config: Config = serde_json::from_str(r#"{"interval_ms": 5000}"#)?;
/// assert_eq!(config.queue_len, Config::default().queue_len);
/// config.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Milliseconds from the start of one scan to the start of the next: 50 to 3,600,000 (one
    /// hour), 1000 by default. A running scanner takes longer where
    /// [`cpu_budget_percent`](Self::cpu_budget_percent) asks for it.
    pub interval_ms: u64,
    /// CPU time that a running scanner may use, in percent of one core: 0.01 to 100, 0.75 by default;
    /// `None`, in a file `"off"`: as much as the interval takes. It holds over any minute, or, where one scan
    /// costs more than a minute of it, in the long run; it counts the threads of the scanner, not those of
    /// callbacks.
    #[serde(with = "limit")]
    pub cpu_budget_percent: Option<f64>,
    /// Whether what callbacks use counts against the budget too; not by default. For a program that
    /// is nothing but a scanner.
    pub budget_covers_callbacks: bool,
    /// So many failed scans in a row open the breaker: 1 to 1000, 5 by default.
    pub breaker_failed_scans: u32,
    /// The longest wait for a probe while the breaker is open, in milliseconds: 100 to 3,600,000
    /// (one hour), 60,000 by default. No wait is shorter than the interval.
    pub breaker_max_wait_ms: u64,
    /// A scan that waits more than so many times as long as it works shows a host that is overloaded:
    /// at least 1, finite, 10 by default; `None`, in a file `"off"`: never, for a source that waits by nature.
    /// Five such scans in a row, each with more than 0.1 s of waiting, open the breaker.
    #[serde(with = "limit")]
    pub overload_wait_ratio: Option<f64>,
    /// Which source shows the live host, unless the scanner is given one.
    pub source: SourceChoice,
    /// Where proc(5) is mounted, for the source `linux`: `/proc` by default. For an agent in a container
    /// that has the host's elsewhere.
    pub proc_path: Option<PathBuf>,
    /// What the live source reads of each process. A source of one's own has settings of its own.
    pub collect: Collect,
    /// A change of CPU use is told from this many percentage points of one core on: more than 0,
    /// finite. `None`, the default: any change of CPU use or CPU time.
    pub cpu_threshold_percent: Option<f32>,
    /// A change of resident memory is told from this many bytes on, at least 1. `None`, the
    /// default: any change.
    pub rss_threshold_bytes: Option<u64>,
    /// How much of a name or of a command line is kept, in bytes as the system gives them: 64 to
    /// 1,048,576 (1 MiB), 16,384 by default. What is cut ends in `…`; changes beyond it do not show.
    pub max_text_bytes: usize,
    /// What becomes of the secrets in command lines and names: hidden unless told otherwise.
    pub redact: Redact,
    /// What else is secret on these hosts, besides what [`Redact::Secrets`] knows. None by default;
    /// with [`Redact::Off`] there may be none.
    pub redact_patterns: Vec<Pattern>,
    /// How many batches may wait for a consumer, unless it asks otherwise: 1 to 65,536, 16 by
    /// default.
    pub queue_len: usize,
    /// A scan that takes longer than this many milliseconds is told as stuck, and so is a consumer
    /// that blocks and holds up the scans for as long: 100 to 3,600,000 (one hour), 10,000 by default.
    pub scan_deadline_ms: u64,
    /// A scan is doubted that misses more than this share of the processes at once, and more than
    /// [`doubt_min_processes`](Self::doubt_min_processes): more than 0, at most 1 (never), a third
    /// by default. What it missed and no second look could settle stays until the next good scan.
    pub doubt_share: f64,
    /// A scan is doubted only if it misses more processes than this at once: 20 by default.
    pub doubt_min_processes: usize,
}

/// A source of the live host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceChoice {
    /// `Linux` where it can be used, else `Sysinfo`. The default.
    #[default]
    Auto,
    /// The kernel's own files, read directly: on Linux alone.
    Linux,
    /// The crate sysinfo, on every system.
    Sysinfo,
}

/// What a source reads of each process, besides what it cannot do without. What is not read is
/// `None`. Deserialised as [`Config`] is, which it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Collect {
    /// CPU time and use.
    pub cpu: bool,
    /// Resident memory.
    pub memory: bool,
    /// Command lines.
    pub command: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval_ms: 1000,
            cpu_budget_percent: Some(0.75),
            budget_covers_callbacks: false,
            breaker_failed_scans: 5,
            breaker_max_wait_ms: 60_000,
            overload_wait_ratio: Some(10.0),
            source: SourceChoice::default(),
            proc_path: None,
            collect: Collect::default(),
            cpu_threshold_percent: None,
            rss_threshold_bytes: None,
            max_text_bytes: 16_384,
            redact: Redact::default(),
            redact_patterns: Vec::new(),
            queue_len: 16,
            scan_deadline_ms: 10_000,
            doubt_share: 1.0 / 3.0,
            doubt_min_processes: 20,
        }
    }
}

impl Default for Collect {
    fn default() -> Self {
        Self {
            cpu: true,
            memory: true,
            command: true,
        }
    }
}

impl Config {
    /// Checks every field against its limits.
    ///
    /// # Errors
    ///
    /// Of class [`Config`](ErrorClass::Config), naming the field, its value and its limits.
    pub fn validate(&self) -> Result<()> {
        within("interval_ms", self.interval_ms, 50, 3_600_000)?;
        within("scan_deadline_ms", self.scan_deadline_ms, 100, 3_600_000)?;
        within("breaker_failed_scans", self.breaker_failed_scans, 1, 1000)?;
        let max_wait_ms = self.breaker_max_wait_ms;
        within("breaker_max_wait_ms", max_wait_ms, 100, 3_600_000)?;
        if let Some(percent) = self.cpu_budget_percent {
            within("cpu_budget_percent", percent, 0.01, 100.0)?;
        }
        if let Some(ratio) = self.overload_wait_ratio
            && !(ratio >= 1.0 && ratio.is_finite())
        {
            return Err(outside(
                "overload_wait_ratio",
                ratio,
                "at least 1, and finite",
            ));
        }
        within("queue_len", self.queue_len, 1, MAX_QUEUE_LEN)?;
        within("max_text_bytes", self.max_text_bytes, 64, 1 << 20)?;
        if self.redact == Redact::Off && !self.redact_patterns.is_empty() {
            return Err(outside(
                "redact",
                "off",
                "secrets or arguments where redact_patterns has any",
            ));
        }
        if let Some(percent) = self.cpu_threshold_percent
            && !(percent > 0.0 && percent.is_finite())
        {
            return Err(outside(
                "cpu_threshold_percent",
                percent,
                "more than 0, and finite",
            ));
        }
        if let Some(bytes) = self.rss_threshold_bytes
            && bytes == 0
        {
            return Err(outside("rss_threshold_bytes", bytes, "at least 1"));
        }
        if !(self.doubt_share > 0.0 && self.doubt_share <= 1.0) {
            return Err(outside(
                "doubt_share",
                self.doubt_share,
                "more than 0 and at most 1",
            ));
        }
        Ok(())
    }

    pub(crate) fn scan_deadline(&self) -> Duration {
        Duration::from_millis(self.scan_deadline_ms)
    }

    pub(crate) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }
}

fn within<T: PartialOrd + std::fmt::Display>(field: &str, value: T, min: T, max: T) -> Result<()> {
    // Not a number is neither less nor more.
    if !(value >= min && value <= max) {
        return Err(outside(field, value, &format!("from {min} to {max}")));
    }
    Ok(())
}

fn outside(field: &str, value: impl std::fmt::Display, limits: &str) -> Error {
    Error::new(
        ErrorClass::Config,
        format!("{field} is {value}, and has to be {limits}"),
    )
}

impl From<&Config> for Redactor {
    fn from(config: &Config) -> Self {
        Self::new(config.redact, config.redact_patterns.clone())
    }
}

/// A limit that can be taken away, as it stands in a file: a number, or `off`.
///
/// Formats such as TOML have no null, and leave out what is none: read back it would be the default. They
/// have to say of themselves which of the two it is, as all for settings do.
mod limit {
    use std::fmt;

    use serde::de::{Deserializer, Error, Unexpected, Visitor};
    use serde::ser::Serializer;

    const OFF: &str = "off";

    pub(super) fn serialize<S: Serializer>(
        limit: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match limit {
            Some(limit) => serializer.serialize_f64(*limit),
            None => serializer.serialize_str(OFF),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        deserializer.deserialize_any(Limit)
    }

    struct Limit;

    impl<'de> Visitor<'de> for Limit {
        type Value = Option<f64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a number or \"{OFF}\"")
        }

        fn visit_f64<E: Error>(self, limit: f64) -> Result<Self::Value, E> {
            Ok(Some(limit))
        }

        fn visit_u64<E: Error>(self, limit: u64) -> Result<Self::Value, E> {
            Ok(Some(limit as f64))
        }

        fn visit_i64<E: Error>(self, limit: i64) -> Result<Self::Value, E> {
            Ok(Some(limit as f64))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            // Settings that come from environment variables are all text.
            match (text, text.parse()) {
                (OFF, _) => Ok(None),
                (_, Ok(limit)) => Ok(Some(limit)),
                (_, Err(_)) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        /// As JSON has none.
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, limit: D) -> Result<Self::Value, D::Error> {
            limit.deserialize_any(self)
        }
    }
}

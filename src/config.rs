//! Settings, their defaults and limits.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Collect, Error, ErrorClass, Result};
use crate::redact::{Pattern, Redact, RedactRule, Redactor};

/// The largest queue of a consumer, in batches.
pub(crate) const MAX_QUEUE_LEN: usize = 65_536;

/// Settings of a [`Scanner`](crate::Scanner).
///
/// When it is deserialised, missing fields take their defaults and unknown fields are an error, so
/// that a misspelt setting is not ignored. An older version therefore refuses a file with newer
/// settings.
///
/// ```
/// use process_scanner::{Collect, Config};
///
/// // In code: the defaults, and what differs assigned.
/// let mut config = Config::default();
/// config.interval_ms = 500;
/// config.cpu_budget_percent = Some(0.5);
/// config.collect = config.collect.without(Collect::COMMAND) | Collect::USER;
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
    /// Milliseconds from the start of one scan to the next.
    ///
    /// 50 to 3,600,000 (one hour); 1000 by default. A running scanner uses a longer interval where
    /// [`cpu_budget_percent`](Self::cpu_budget_percent) requires it.
    pub interval_ms: u64,
    /// The longest interval, in milliseconds: from [`interval_ms`](Self::interval_ms) to 3,600,000.
    ///
    /// `None`, the default, sets no limit. The interval never grows beyond it, even where the CPU budget requires
    /// that. Where scans then exceed the budget, a [`Transition::Budget`](crate::Transition::Budget) reports it.
    pub max_interval_ms: Option<u64>,
    /// CPU time that a running scanner may use, in percent of one core: 0.01 to 100.
    ///
    /// 0.75 by default. `None`, in a file `"off"`, sets no limit. The budget holds over any ten
    /// minutes. Reading processes for the first time uses what the other scans leave of ten minutes'
    /// budget, so that a scanner does not scan less often because it has just started. A first scan that
    /// costs more than ten minutes' budget is made all the same. It counts the threads of the scanner,
    /// not those of callbacks.
    #[serde(with = "limit")]
    pub cpu_budget_percent: Option<f64>,
    /// Whether the CPU time of callbacks counts against the budget.
    ///
    /// False by default. Set it in a program that is only a scanner.
    pub budget_covers_callbacks: bool,
    /// Failed scans in a row that open the breaker.
    ///
    /// 1 to 1000; 5 by default.
    pub breaker_failed_scans: u32,
    /// Longest wait for a probe while the breaker is open, in milliseconds.
    ///
    /// 100 to 3,600,000 (one hour); 60,000 by default. No wait is shorter than the interval.
    pub breaker_max_wait_ms: u64,
    /// Longest wait of a scan, as a multiple of its CPU time.
    ///
    /// At least 1, finite; 10 by default. A scan that waits longer than that indicates an
    /// overloaded host. Five such scans in a row open the breaker, if each waits at least half an
    /// interval or 1 s, whichever is less (never less than 0.1 s). `None`, in a file `"off"`,
    /// disables this, for a source that waits by nature.
    #[serde(with = "limit")]
    pub overload_wait_ratio: Option<f64>,
    /// Source of the live host, unless the builder has another source.
    pub source: SourceChoice,
    /// Where proc(5) is mounted, for the source `linux`.
    ///
    /// `None` is `/proc`. Set it for an agent in a container that has the host's `/proc` elsewhere.
    /// Of a tree that another kernel wrote, such as a recorded one, start times use its own boot.
    pub proc_path: Option<PathBuf>,
    /// Whether the live source listens to births and exits between scans.
    ///
    /// It listens where it can by default: on Linux, on the host itself. Events may cost half of
    /// [`cpu_budget_percent`](Self::cpu_budget_percent). Where they cost more, the source reads less of
    /// each process, and then none of them: scans find the rest. Sources of your own ignore it.
    pub listen: Listen,
    /// Whether to raise this program's soft limit of file descriptors to its hard limit.
    ///
    /// False by default, since the limit is that of the whole program: select(2) fails with descriptors
    /// from 1024 on, and children inherit it. It is raised only where exits are heard by a descriptor for
    /// each process, on Linux without the process connector. They take half of the free descriptors at
    /// most. Sources of your own ignore it.
    pub raise_descriptor_limit: bool,
    /// What the live source reads of each process.
    ///
    /// By default CPU, memory, command lines, and what Linux has in `stat`, which is read anyway.
    /// Fields that are not read are unknown, and JSON leaves them out. Sources of your own ignore
    /// it.
    pub collect: Collect,
    /// Processes whose [`pss_bytes`](crate::Detail::PssBytes) is read, if `collect` has
    /// [`Collect::PSS`].
    ///
    /// None by default: reading it takes as long as reading all else, and holds the lock of the
    /// memory map. Without [`Collect::PSS`] there must be none, and with it at least one.
    pub pss_pids: Vec<u32>,
    /// How long a scan waits for the [`pss_bytes`](crate::Detail::PssBytes) of all these processes
    /// together, in milliseconds.
    ///
    /// 0 to 60,000; 100 by default, which can be too little for a process of some GB. A late value
    /// comes with a later scan.
    pub pss_wait_ms: u64,
    /// Smallest reported change of CPU use, in percent of one core.
    ///
    /// More than 0, finite. `None`, the default, reports any change of CPU use or CPU time.
    pub cpu_threshold_percent: Option<f32>,
    /// Smallest reported change of resident memory, in bytes.
    ///
    /// At least 1. `None`, the default, reports any change.
    pub rss_threshold_bytes: Option<u64>,
    /// Longest name or command line, in bytes.
    ///
    /// 64 to 1,048,576 (1 MiB); 16,384 by default. A longer text is cut and ends in `…`; changes
    /// after the cut are not reported.
    pub max_text_bytes: usize,
    /// What is redacted in names and command lines: secrets by default.
    pub redact: Redact,
    /// Patterns of further secrets, besides those that [`Redact::Secrets`] finds.
    ///
    /// None by default. With [`Redact::Off`] there must be none.
    pub redact_patterns: Vec<Pattern>,
    /// Rules for secrets of further programs, besides those that are built in.
    ///
    /// None by default. With [`Redact::Off`] there must be none.
    pub redact_rules: Vec<RedactRule>,
    /// Batches that can wait for a consumer.
    ///
    /// 1 to 65,536; 16 by default. A consumer can set another length in its options.
    pub queue_len: usize,
    /// Milliseconds after which a scan is reported as stuck.
    ///
    /// 100 to 3,600,000 (one hour); 10,000 by default. A consumer that blocks and delays the scans
    /// for as long is reported too.
    pub scan_deadline_ms: u64,
    /// Share of the processes that a scan may miss without doubt.
    ///
    /// More than 0, at most 1 (never doubt); a third by default. A scan that misses more, and more
    /// than [`doubt_min_processes`](Self::doubt_min_processes), is doubted: the missing processes
    /// that no second read could find stay until the next good scan.
    pub doubt_share: f64,
    /// Number of processes that a scan may always miss without doubt.
    ///
    /// 20 by default.
    pub doubt_min_processes: usize,
}

/// Selects the source of the live host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceChoice {
    /// `Linux` if it works on this host, else `Sysinfo`. The default.
    #[default]
    Auto,
    /// Reads the kernel's files directly. Linux only.
    Linux,
    /// Uses the crate sysinfo. On every system.
    Sysinfo,
}

/// Selects whether a live source listens to births and exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Listen {
    /// Where the system reports them. Elsewhere births and exits come from scans, and
    /// [`SourceInfo`](crate::SourceInfo) has the reason. The default.
    #[default]
    Auto,
    /// Never: births and exits come from scans alone.
    Off,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval_ms: 1000,
            max_interval_ms: None,
            cpu_budget_percent: Some(0.75),
            budget_covers_callbacks: false,
            breaker_failed_scans: 5,
            breaker_max_wait_ms: 60_000,
            overload_wait_ratio: Some(10.0),
            source: SourceChoice::default(),
            proc_path: None,
            listen: Listen::default(),
            raise_descriptor_limit: false,
            collect: Collect::default(),
            pss_pids: Vec::new(),
            pss_wait_ms: 100,
            cpu_threshold_percent: None,
            rss_threshold_bytes: None,
            max_text_bytes: 16_384,
            redact: Redact::default(),
            redact_patterns: Vec::new(),
            redact_rules: Vec::new(),
            queue_len: 16,
            scan_deadline_ms: 10_000,
            doubt_share: 1.0 / 3.0,
            doubt_min_processes: 20,
        }
    }
}

impl Config {
    /// Checks every field against its limits.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](ErrorClass::Config) if a field is outside its limits. The
    /// error has the name of the field, its value and its limits.
    pub fn validate(&self) -> Result<()> {
        within("interval_ms", self.interval_ms, 50, 3_600_000)?;
        if let Some(max_ms) = self.max_interval_ms {
            within("max_interval_ms", max_ms, 50, 3_600_000)?;
            if self.interval_ms > max_ms {
                let limits = format!("at most max_interval_ms, which is {max_ms}");
                return Err(outside("interval_ms", self.interval_ms, &limits));
            }
        }
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
        for (field, is_empty) in [
            ("redact_patterns", self.redact_patterns.is_empty()),
            ("redact_rules", self.redact_rules.is_empty()),
        ] {
            if self.redact == Redact::Off && !is_empty {
                let limits = format!("secrets or arguments if {field} is not empty");
                return Err(outside("redact", "off", &limits));
            }
        }
        within("pss_wait_ms", self.pss_wait_ms, 0, 60_000)?;
        match (self.collect.contains(Collect::PSS), &self.pss_pids[..]) {
            (true, []) => {
                let limits = "at least one pid if collect has pss";
                return Err(outside("pss_pids", "empty", limits));
            }
            (false, [_, ..]) => {
                let len = format!("a list of {}", self.pss_pids.len());
                return Err(outside("pss_pids", len, "empty if collect lacks pss"));
            }
            _ => {}
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

    pub(crate) fn max_interval(&self) -> Option<Duration> {
        self.max_interval_ms.map(Duration::from_millis)
    }

    pub(crate) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }
}

fn within<T: PartialOrd + std::fmt::Display>(field: &str, value: T, min: T, max: T) -> Result<()> {
    // NaN fails both comparisons.
    if !(value >= min && value <= max) {
        return Err(outside(field, value, &format!("from {min} to {max}")));
    }
    Ok(())
}

fn outside(field: &str, value: impl std::fmt::Display, limits: &str) -> Error {
    Error::new(
        ErrorClass::Config,
        format!("{field} is {value}: it must be {limits}"),
    )
}

impl From<&Config> for Redactor {
    fn from(config: &Config) -> Self {
        Self::new(config.redact, config.redact_patterns.clone())
            .with_rules(config.redact_rules.clone())
    }
}

/// Serialises an optional limit as a number or `off`.
///
/// Formats such as TOML have no null and omit `None`, which would then read back as the default.
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
            // Settings from environment variables are all text.
            match (text, text.parse::<f64>()) {
                (OFF, _) => Ok(None),
                (_, Ok(limit)) if limit.is_finite() => Ok(Some(limit)),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        /// JSON's null.
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

//! Writes families of metrics in a text format.

use std::fmt::{Display, Write};

use super::helps::help;
use super::text_format::Format;

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Its samples only grow; they end in `_total`.
    Counter,
    Gauge,
    /// Constant texts in labels; its sample ends in `_info`.
    Info,
    /// Quantiles, `_sum` and `_count`.
    Summary,
}

/// Text of metrics, one family after the other.
pub(super) struct Families {
    out: String,
    format: Format,
}

impl Families {
    pub(super) fn new(format: Format) -> Self {
        Self {
            out: String::with_capacity(1 << 14),
            format,
        }
    }

    /// Begins a family, by the name of its samples: a counter ends in `_total`, an info in `_info`.
    ///
    /// Nothing is written of a family without samples.
    pub(super) fn family(&mut self, kind: Type, name: &'static str) -> Family<'_> {
        Family {
            families: self,
            kind,
            name,
            has_begun: false,
        }
    }

    /// Returns the text.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.out
            .write_fmt(text)
            .expect("BUG: a string takes any text");
    }
}

/// A family that is being written.
pub(super) struct Family<'f> {
    families: &'f mut Families,
    kind: Type,
    name: &'static str,
    has_begun: bool,
}

impl Family<'_> {
    /// Writes a sample; nothing if the value is unknown.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Into<Option<Number>>) {
        self.sample_of("", labels, value);
    }

    /// Writes a sample of a summary with this suffix.
    pub(super) fn sample_of(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        value: impl Into<Option<Number>>,
    ) {
        let Some(value) = value.into() else { return };
        self.begin();
        let name = self.name;
        self.families.write(format_args!("{name}{suffix}"));
        for (at, (label, value)) in labels.iter().enumerate() {
            let begin = if at == 0 { '{' } else { ',' };
            self.families.write(format_args!("{begin}{label}=\""));
            let out = &mut self.families.out;
            for c in value.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '"' => out.push_str("\\\""),
                    '\n' => out.push_str("\\n"),
                    c => out.push(c),
                }
            }
            out.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        self.families.write(format_args!("{end} {value}\n"));
    }

    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let (mut name, help) = (self.name, help(self.name));
        let is_open = self.families.format == Format::OpenMetrics;
        let (suffix, kind) = match self.kind {
            Type::Counter => ("_total", "counter"),
            Type::Gauge => ("", "gauge"),
            Type::Summary => ("", "summary"),
            Type::Info if is_open => ("_info", "info"),
            Type::Info => ("_info", "gauge"),
        };
        if is_open {
            name = name
                .strip_suffix(suffix)
                .expect("BUG: a name without the suffix of its type");
        }
        self.families.write(format_args!("# HELP {name} {help}\n"));
        self.families.write(format_args!("# TYPE {name} {kind}\n"));
        let unit = ["seconds", "bytes"]
            .into_iter()
            .find(|unit| name.ends_with(&format!("_{unit}")));
        if let Some(unit) = unit.filter(|_| is_open) {
            self.families.write(format_args!("# UNIT {name} {unit}\n"));
        }
    }
}

/// A value of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(u64),
    Real(f64),
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// Returns a time in milliseconds in seconds.
pub(super) fn seconds(ms: f64) -> Number {
    Number::Real(ms / 1e3)
}

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
        }
    }
}

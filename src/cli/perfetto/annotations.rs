//! The values of a life that its slice has: the arguments in Perfetto's tables.

use process_scanner::{CommandLine, Exit, FIELDS, Unit, Value, write_json};

use super::interned::Interned;
use super::schema::{AnnotationValue, DebugAnnotation};
use crate::cli::history::Life;

/// Collects annotations.
pub(super) struct Annotations<'i> {
    interned: &'i mut Interned,
    all: Vec<DebugAnnotation>,
}

impl<'i> Annotations<'i> {
    pub(super) fn new(interned: &'i mut Interned) -> Self {
        Self {
            interned,
            all: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Vec<DebugAnnotation> {
        self.all
    }

    /// Adds all that is known of a life: the fields of the process and of its exit, by their names in JSON.
    pub(super) fn add_life(&mut self, life: &Life) {
        for field in FIELDS {
            match field.value(&life.process) {
                // Usually the same for many processes.
                Value::Text(text) if field.unit == Unit::Text => self.add_text(field.name, text),
                Value::State(status) => self.add_text(field.name, status.as_str()),
                value => self.add(field.name, own_value(value)),
            }
        }
        if let Some(ending) = life.ending {
            self.add_text("outcome", ending.kind.as_str());
            self.add("lived_ms", ending.lived_ms.map(AnnotationValue::Count));
            self.add_exit(&ending.exit);
        }
    }

    fn add_exit(&mut self, exit: &Exit) {
        let count = |value: Option<u64>| value.map(AnnotationValue::Count);
        self.add("lived_ns", count(exit.lived_ns));
        self.add("ended_at_ms", count(exit.ended_at_ms));
        self.add_flag("likely_oom", exit.likely_oom);
        if let Some(status) = exit.status {
            self.add("exit_code", count(status.code.map(u64::from)));
            self.add("exit_signal", count(status.signal.map(u64::from)));
            self.add_flag("exit_core_dumped", Some(status.core_dumped));
        }
        if let Some(usage) = exit.usage {
            self.add("usage_cpu_time_ns", count(usage.cpu_time_ns));
            self.add("usage_peak_rss_bytes", count(usage.peak_rss_bytes));
            self.add("usage_read_bytes", count(usage.read_bytes));
            self.add("usage_written_bytes", count(usage.written_bytes));
        }
    }

    pub(super) fn add_command(&mut self, command: Option<&CommandLine>) {
        self.add(
            "command",
            command.and_then(|command| own_value(command.into())),
        );
    }

    pub(super) fn add_flag(&mut self, name: &str, value: Option<bool>) {
        self.add(name, value.map(AnnotationValue::Flag));
    }

    fn add_text(&mut self, name: &str, text: &str) {
        let value = match self.interned.value(text) {
            Some(number) => AnnotationValue::TextIid(number),
            None => AnnotationValue::Text(text.to_owned()),
        };
        self.add(name, Some(value));
    }

    /// Adds a value, unless it is unknown.
    fn add(&mut self, name: &str, value: Option<AnnotationValue>) {
        if value.is_some() {
            let name_iid = Some(self.interned.annotation(name));
            self.all.push(DebugAnnotation { name_iid, value });
        }
    }
}

/// Returns a value on its own; `None` if unknown. A command line is a JSON array, which is exact.
fn own_value(value: Value<'_>) -> Option<AnnotationValue> {
    Some(match value {
        Value::Flag(flag) => AnnotationValue::Flag(flag),
        Value::Count(count) => AnnotationValue::Count(count),
        Value::Integer(integer) => AnnotationValue::Integer(integer),
        Value::Real(real) => AnnotationValue::Real(real),
        Value::Percent(percent) => AnnotationValue::Real(percent.into()),
        Value::Text(text) => AnnotationValue::Text(text.to_owned()),
        Value::Arguments(command) => {
            let mut json = Vec::new();
            write_json(&mut json, command).expect("BUG: memory is writable");
            AnnotationValue::Text(String::from_utf8_lossy(&json).into_owned())
        }
        _ => return None,
    })
}

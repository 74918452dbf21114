//! Births, exits and failed scans as log records.

use jiff::Timestamp;
use process_scanner::{Batch, Detail, Event, ExitStatus, ExitUsage, ProcessInfo};

use super::otlp_messages::{Any, ArrayValue, KeyValue, LogRecord};

/// `SeverityNumber` of usual events.
const INFO: (i32, &str) = (9, "INFO");
const WARN: (i32, &str) = (13, "WARN");
const ERROR: (i32, &str) = (17, "ERROR");

/// Largest difference between the time of an event and that of its batch, in milliseconds.
///
/// A process can be first seen years after its start, and receivers refuse records that are as old.
const MAX_AGE_MS: u64 = 3_600_000;

/// Returns a record for each birth, exit and failure of a batch, in order.
///
/// Text of processes is redacted where the batch is.
pub(super) fn records(batch: &Batch) -> Vec<LogRecord> {
    let at_ms = batch.taken_at_ms;
    let mut records = Vec::new();
    if batch.lost_batches > 0 {
        let body = "events were lost because pscan was too slow";
        let attributes = vec![KeyValue::new("pscan.lost_batches", batch.lost_batches)];
        records.push(record(
            ("pscan.events.lost", WARN),
            body,
            at_ms,
            None,
            attributes,
        ));
    }
    if let Some(failure) = &batch.failure {
        let attributes = vec![
            KeyValue::new("error.type", failure.class().as_str()),
            KeyValue::new("error.message", failure.full_message().as_str()),
        ];
        let body = "a scan failed";
        records.push(record(
            ("pscan.scan.failed", ERROR),
            body,
            at_ms,
            None,
            attributes,
        ));
    }
    for event in &batch.events {
        match event {
            Event::Created(process) => {
                let attributes = process_attributes(process);
                let started = process.start_time_ms;
                let name = ("pscan.process.created", INFO);
                records.push(record(name, "a process began", at_ms, started, attributes));
            }
            Event::Exited {
                process,
                lived_ms,
                exit,
                ended_at_ms,
                likely_oom,
                usage,
                ..
            } => {
                let mut attributes = process_attributes(process);
                let end = End {
                    lived_ms: *lived_ms,
                    status: *exit,
                    ended_at_ms: *ended_at_ms,
                    likely_oom: *likely_oom,
                    usage: *usage,
                };
                end.add_to(&mut attributes);
                let severity = if *likely_oom == Some(true) {
                    WARN
                } else {
                    INFO
                };
                let name = ("pscan.process.exited", severity);
                let body = "a process ended";
                records.push(record(name, body, at_ms, *ended_at_ms, attributes));
            }
            _ => {}
        }
    }
    records
}

fn record(
    (name, severity): (&str, (i32, &str)),
    body: &str,
    at_ms: u64,
    happened_ms: Option<u64>,
    attributes: Vec<KeyValue>,
) -> LogRecord {
    let is_near = |ms: &u64| ms.abs_diff(at_ms) <= MAX_AGE_MS;
    let nanos = |ms: u64| ms.saturating_mul(1_000_000);
    LogRecord {
        time_unix_nano: nanos(happened_ms.filter(is_near).unwrap_or(at_ms)),
        severity_number: severity.0,
        severity_text: severity.1.to_owned(),
        body: Some(Any::from(body).into()),
        attributes,
        observed_time_unix_nano: nanos(at_ms),
        event_name: name.to_owned(),
    }
}

/// Attributes of the process, by the names of docs/opentelemetry.md. What is unknown has none.
fn process_attributes(process: &ProcessInfo) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new("process.pid", u64::from(process.pid))];
    let mut add = |key: &str, value: Option<Any>| {
        attributes.extend(value.map(|value| KeyValue::new(key, value)));
    };
    let number = |pid: Option<u32>| pid.map(|pid| u64::from(pid).into());
    add("process.parent_pid", number(process.parent_pid));
    add(
        "process.creation.time",
        process.start_time_ms.and_then(iso_time),
    );
    add("pscan.process.name", process.name.as_deref().map(Any::from));
    let command = process.command.as_ref();
    add(
        "process.command_args",
        command
            .filter(|command| !command.is_empty())
            .map(|command| {
                let values = command.args().map(|arg| Any::from(arg).into()).collect();
                Any::List(ArrayValue { values })
            }),
    );
    for (key, detail) in [
        ("process.user.id", Detail::UserId),
        ("process.user.name", Detail::UserName),
        ("process.executable.path", Detail::Executable),
        ("container.id", Detail::ContainerId),
        ("k8s.pod.uid", Detail::PodUid),
        ("process.linux.cgroup", Detail::Cgroup),
    ] {
        let value = process.details.get(detail);
        let text = value.as_text().map(Any::from);
        add(key, text.or(value.as_count().map(Any::from)));
    }
    attributes
}

/// What is known of an exit.
struct End {
    lived_ms: Option<u64>,
    status: Option<ExitStatus>,
    ended_at_ms: Option<u64>,
    likely_oom: Option<bool>,
    usage: Option<ExitUsage>,
}

impl End {
    fn add_to(&self, attributes: &mut Vec<KeyValue>) {
        let mut add = |key: &str, value: Option<Any>| {
            attributes.extend(value.map(|value| KeyValue::new(key, value)));
        };
        let status = self.status;
        let outcome = match status {
            Some(status) if status.is_success() => "ok",
            Some(status) if status.signal.is_some() => "killed",
            Some(status) if status.code.is_some() => "failed",
            _ => "unknown",
        };
        add("outcome", Some(outcome.into()));
        let code = status.and_then(|status| status.code);
        add("process.exit.code", code.map(|code| u64::from(code).into()));
        let signal = status.and_then(|status| status.signal);
        let signal = signal.map(|signal| u64::from(signal).into());
        add("pscan.process.exit.signal", signal);
        let ended = self.ended_at_ms.and_then(iso_time);
        add("process.exit.time", ended);
        add("pscan.process.lived_ms", self.lived_ms.map(Any::from));
        add("pscan.process.likely_oom", self.likely_oom.map(Any::Flag));
        let cpu_ns = self.usage.and_then(|usage| usage.cpu_time_ns);
        let cpu_seconds = cpu_ns.map(|ns| Any::Real(ns as f64 / 1e9));
        add("process.cpu.time", cpu_seconds);
    }
}

/// Returns a time as ISO 8601; `None` after the year 9999.
fn iso_time(ms: u64) -> Option<Any> {
    let time = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    Some(Any::Text(format!("{time:.3}")))
}

#[cfg(test)]
mod tests {
    use process_scanner::{Error, ErrorClass, Exit, ProcessKey};

    use super::*;

    fn texts(record: &LogRecord) -> Vec<String> {
        let attributes = record.attributes.iter();
        attributes
            .map(|attribute| {
                let value = attribute.value.as_ref().and_then(|any| any.value.as_ref());
                let value = match value.expect("no attribute is empty") {
                    Any::Text(text) => text.clone(),
                    Any::Whole(number) => number.to_string(),
                    Any::Flag(flag) => flag.to_string(),
                    Any::Real(real) => real.to_string(),
                    Any::List(list) => format!("{} arguments", list.values.len()),
                };
                format!("{}={value}", attribute.key)
            })
            .collect()
    }

    #[test]
    fn births_exits_and_failures_are_records() {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: Some(1_700_000_000_000),
        };
        let mut process = ProcessInfo::unknown(key);
        process.name = Some("make".into());
        process.command = Some(["make", "all"].iter().collect());
        let mut exit = Exit::default();
        exit.status = Some(ExitStatus::from_wait_status(0x300));
        exit.ended_at_ms = Some(1_700_000_000_900);
        let events = vec![
            Event::Existing(process.clone()),
            Event::Created(process.clone()),
            Event::exited(process, Some(900)).with_exit(exit),
        ];
        let mut batch = Batch::new(2, 1_700_000_001_000, events);
        batch.failure = Some(Error::new(ErrorClass::Stuck, "no answer"));
        batch.lost_batches = 3;
        let records = records(&batch);
        let names: Vec<_> = records
            .iter()
            .map(|record| (record.event_name.as_str(), record.time_unix_nano))
            .collect();
        assert_eq!(
            names,
            [
                ("pscan.events.lost", 1_700_000_001_000_000_000),
                ("pscan.scan.failed", 1_700_000_001_000_000_000),
                ("pscan.process.created", 1_700_000_000_000_000_000),
                ("pscan.process.exited", 1_700_000_000_900_000_000),
            ]
        );
        assert_eq!(
            texts(&records[3]),
            [
                "process.pid=7",
                "process.creation.time=2023-11-14T22:13:20.000Z",
                "pscan.process.name=make",
                "process.command_args=2 arguments",
                "outcome=failed",
                "process.exit.code=3",
                "process.exit.time=2023-11-14T22:13:20.900Z",
                "pscan.process.lived_ms=900",
            ]
        );
        assert_eq!(texts(&records[0]), ["pscan.lost_batches=3"]);
        assert_eq!(
            texts(&records[1]),
            ["error.type=stuck", "error.message=no answer"]
        );
    }

    #[test]
    fn unknown_values_have_no_attribute_and_old_starts_are_not_the_time() {
        let old = ProcessKey {
            pid: 7,
            start_time_ms: Some(1_000),
        };
        let unknown = ProcessKey {
            pid: 8,
            start_time_ms: None,
        };
        let events = [old, unknown].map(ProcessInfo::unknown).map(Event::Created);
        let records = records(&Batch::new(2, 1_700_000_001_000, events.into()));
        for record in &records {
            assert_eq!(record.time_unix_nano, 1_700_000_001_000_000_000);
        }
        assert_eq!(texts(&records[1]), ["process.pid=8"]);
    }
}

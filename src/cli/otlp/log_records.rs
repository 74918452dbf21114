//! Births, execs, exits and failed scans as log records.

use jiff::Timestamp;
use process_scanner::{Batch, Changes, Detail, Event, ProcessInfo};

use super::data_points::OUTCOME;
use super::otlp_messages::{Any, ArrayValue, KeyValue, LogRecord};
use super::record_bodies;
use crate::cli::format::exits;
use crate::cli::history::ExitKind;
use crate::cli::settings::LogEvent;

/// `SeverityNumber` of usual events.
const INFO: (i32, &str) = (9, "INFO");
const WARN: (i32, &str) = (13, "WARN");
const ERROR: (i32, &str) = (17, "ERROR");

/// Largest difference between the time of an event and that of its batch, in milliseconds.
///
/// A process can be first seen years after its start, and receivers refuse records that are as old.
const MAX_AGE_MS: u64 = 3_600_000;

/// Returns a record for each of these events in a batch, in order.
///
/// Text of processes is redacted where the batch is.
pub(super) fn records(batch: &Batch, wanted: &[LogEvent]) -> impl Iterator<Item = LogRecord> {
    let losses = losses(batch).filter(|_| wanted.contains(&LogEvent::Failure));
    let events = batch.events.iter();
    let events = events.filter(|event| is_wanted(event, wanted));
    losses.chain(events.filter_map(|event| of_event(event, batch.taken_at_ms)))
}

/// Returns records about lost batches and a failed scan.
fn losses(batch: &Batch) -> impl Iterator<Item = LogRecord> {
    let at_ms = batch.taken_at_ms;
    let lost = (batch.lost_batches > 0).then(|| {
        let attributes = vec![KeyValue::new("pscan.lost_batches", batch.lost_batches)];
        let name = ("pscan.events.lost", WARN);
        let body = record_bodies::lost(batch.lost_batches);
        record(name, &body, at_ms, None, attributes)
    });
    let failure = batch.failure.as_ref().map(|failure| {
        let message = failure.full_message();
        let attributes = vec![
            KeyValue::new("error.type", failure.class().as_str()),
            KeyValue::new("error.message", message.as_str()),
        ];
        let body = format!("a scan failed: {message}");
        record(("pscan.scan.failed", ERROR), &body, at_ms, None, attributes)
    });
    lost.into_iter().chain(failure)
}

fn is_wanted(event: &Event, wanted: &[LogEvent]) -> bool {
    let is = |event| wanted.contains(&event);
    match event {
        Event::Created(_) => is(LogEvent::Birth),
        // The command line alone is no sign: some programs change it all the time.
        Event::Updated { changed, .. } => {
            let has_changed = changed.contains(Changes::NAME);
            (has_changed || changed.contains(Changes::EXECUTABLE)) && is(LogEvent::Exec)
        }
        Event::Exited { .. } => {
            is(LogEvent::Exit) || (exits::is_failure(event) && is(LogEvent::FailedExit))
        }
        _ => false,
    }
}

fn of_event(event: &Event, at_ms: u64) -> Option<LogRecord> {
    let process = event.process();
    let mut attributes = process_attributes(process);
    let body = record_bodies::of_event(event)?;
    let (name, severity, happened_ms) = match event {
        Event::Created(_) => ("pscan.process.created", INFO, process.start_time_ms),
        Event::Updated { .. } => ("pscan.process.exec", INFO, None),
        Event::Exited {
            ended_at_ms,
            likely_oom,
            ..
        } => {
            add_exit(event, &mut attributes);
            let is_oom = *likely_oom == Some(true);
            let severity = if is_oom { WARN } else { INFO };
            ("pscan.process.exited", severity, *ended_at_ms)
        }
        _ => return None,
    };
    Some(record(
        (name, severity),
        &body,
        at_ms,
        happened_ms,
        attributes,
    ))
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

/// Attributes of the process, by the names of docs/opentelemetry.md. Unknown values have none.
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

/// Adds the known attributes of an exit.
fn add_exit(event: &Event, attributes: &mut Vec<KeyValue>) {
    let Event::Exited {
        lived_ms,
        exit,
        ended_at_ms,
        likely_oom,
        usage,
        ..
    } = event
    else {
        return;
    };
    let mut add = |key: &str, value: Option<Any>| {
        attributes.extend(value.map(|value| KeyValue::new(key, value)));
    };
    let outcome = match ExitKind::of(event) {
        ExitKind::Ok => "ok",
        ExitKind::Failed => "failed",
        ExitKind::Signal | ExitKind::OutOfMemory => "killed",
        ExitKind::Unknown => "unknown",
    };
    add(OUTCOME, Some(outcome.into()));
    let code = exit.and_then(|status| status.code);
    add("process.exit.code", code.map(|code| u64::from(code).into()));
    let signal = exit.and_then(|status| status.signal);
    let signal = signal.map(|signal| u64::from(signal).into());
    add("pscan.process.exit.signal", signal);
    add("process.exit.time", ended_at_ms.and_then(iso_time));
    add("pscan.process.lived_ms", lived_ms.map(Any::from));
    add("pscan.process.likely_oom", likely_oom.map(Any::Flag));
    let cpu_ns = usage.and_then(|usage| usage.cpu_time_ns);
    let cpu_seconds = cpu_ns.map(|ns| Any::Real(ns as f64 / 1e9));
    add("process.cpu.time", cpu_seconds);
}

/// Returns a time as ISO 8601; `None` after the year 9999.
fn iso_time(ms: u64) -> Option<Any> {
    let time = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    Some(Any::Text(format!("{time:.3}")))
}

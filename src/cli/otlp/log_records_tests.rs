//! Checks of the log records.

use process_scanner::{
    Batch, Changes, Error, ErrorClass, Event, Exit, ExitStatus, ProcessInfo, ProcessKey,
};

use super::log_records::records;
use super::otlp_messages::{Any, LogRecord};
use crate::cli::settings::LogEvent;

const ALL: &[LogEvent] = &[
    LogEvent::Birth,
    LogEvent::Exec,
    LogEvent::Exit,
    LogEvent::Failure,
];

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
    let records: Vec<_> = records(&batch, ALL).collect();
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
            "pscan.exit.outcome=failed",
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
    let batch = Batch::new(2, 1_700_000_001_000, events.into());
    let records: Vec<_> = records(&batch, ALL).collect();
    for record in &records {
        assert_eq!(record.time_unix_nano, 1_700_000_001_000_000_000);
    }
    assert_eq!(texts(&records[1]), ["process.pid=8"]);
}

/// Returns the names of the records of a batch that has one event of each kind, and three exits.
fn names(wanted: &[LogEvent]) -> Vec<String> {
    let process = || {
        ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        })
    };
    let exited = |status| {
        let mut exit = Exit::default();
        exit.status = Some(ExitStatus::from_wait_status(status));
        Event::exited(process(), None).with_exit(exit)
    };
    let events = vec![
        Event::Existing(process()),
        Event::Created(process()),
        Event::updated(process(), Changes::COMMAND),
        Event::updated(process(), Changes::NAME | Changes::COMMAND),
        Event::updated(process(), Changes::EXECUTABLE),
        exited(0),
        exited(9),
        Event::exited(process(), None),
    ];
    let mut batch = Batch::new(2, 1_700_000_001_000, events);
    batch.failure = Some(Error::new(ErrorClass::Stuck, "no answer"));
    let records = records(&batch, wanted);
    records.map(|record| record.event_name).collect()
}

#[test]
fn only_the_wanted_events_are_records() {
    let (exec, exited) = ("pscan.process.exec", "pscan.process.exited");
    assert_eq!(names(&[]), [""; 0]);
    assert_eq!(names(&[LogEvent::Birth]), ["pscan.process.created"]);
    assert_eq!(names(&[LogEvent::Exec]), [exec; 2]);
    assert_eq!(names(&[LogEvent::FailedExit]), [exited]);
    assert_eq!(names(&[LogEvent::Exit]), [exited; 3]);
    assert_eq!(names(&[LogEvent::Exit, LogEvent::FailedExit]), [exited; 3]);
    assert_eq!(names(&[LogEvent::Failure]), ["pscan.scan.failed"]);
}

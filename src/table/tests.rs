//! Tests of scans applied to the table.

use super::{Missing, Table};
use crate::config::Config;
use crate::model::{Changes, Collect, Detail, Event, Exit, ExitUsage, Timestamp, Value};
use crate::source::{DetailReading, DetailValue, Happening, ProcessRow, Reading, Row, SourceInfo};

#[test]
fn an_unreadable_command_line_stays_unless_the_name_changes() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut now_s = 0;
    let mut scan = |name: Reading<&[u8]>, command: Reading<&[u8]>| {
        now_s += 1;
        let mut pass = table.begin(Timestamp::new(now_s, now_s * 1_000_000_000));
        pass.apply(Row::Process(ProcessRow {
            name,
            command,
            ..ProcessRow::unknown(7)
        }));
        let result = pass.finish(Missing::Exited);
        let event = result.events.first();
        let changed = event.and_then(|event| match event {
            crate::Event::Updated { changed, .. } => Some(*changed),
            _ => None,
        });
        let process = table.processes().next().expect("one process");
        let line = process.command.as_ref();
        let command = line.map(|line| line.args().collect::<Vec<_>>().join(" "));
        (changed.unwrap_or_default(), command)
    };
    let (name, other) = (Reading::Known(&b"sh"[..]), Reading::Known(&b"cat"[..]));
    let line = Reading::Known(&b"sh\0-c\0x\0"[..]);
    let known = Some("sh -c x".to_owned());
    assert_eq!(scan(name, line), (Changes::default(), known.clone()));
    let nothing = (Changes::default(), known.clone());
    assert_eq!(scan(name, Reading::Unknown), nothing);
    assert_eq!(scan(Reading::Unknown, Reading::Unknown), nothing);
    assert_eq!(scan(other, Reading::Unchanged), (Changes::NAME, known));
    let (changed, command) = scan(name, Reading::Unknown);
    assert!(changed.contains(Changes::NAME) && changed.contains(Changes::COMMAND));
    assert_eq!(command, None);
    let (changed, command) = scan(name, Reading::Known(b"sh\0"));
    assert_eq!(
        (changed, command.as_deref()),
        (Changes::COMMAND, Some("sh"))
    );
}

#[test]
fn debug_output_contains_no_process() {
    const SECRET: &[u8] = b"a-word-of-a-command-line";
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut pass = table.begin(Timestamp::new(0, 1));
    pass.apply(Row::Process(ProcessRow {
        name: Reading::Known(SECRET),
        command: Reading::Known(SECRET),
        ..ProcessRow::unknown(7)
    }));
    assert_eq!(pass.finish(Missing::Exited).events.len(), 1);
    let printed = format!("{table:?}");
    assert!(!printed.contains("a-word"), "{printed}");
}

#[test]
fn a_dropped_pass_leaves_no_events_for_the_next_one() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut pass = table.begin(Timestamp::new(0, 1));
    for pid in 1..=3 {
        pass.apply(Row::Process(ProcessRow::unknown(pid)));
        pass.apply(Row::Unreadable { pid });
    }
    drop(pass);
    let mut pass = table.begin(Timestamp::new(1, 2));
    pass.apply(Row::unchanged(2));
    let result = pass.finish(Missing::Exited);
    let kinds: Vec<_> = result.events.iter().map(crate::Event::kind).collect();
    assert_eq!(kinds, ["exited", "exited"]);
    assert!(result.unconfirmed.is_empty());
    assert_eq!(table.len(), 1);
}

/// Scans a table with one process, and returns its event.
fn scan_details(
    table: &mut Table,
    second: u64,
    status: crate::Status,
    cpu_time_ns: Option<u64>,
    details: &[(Detail, DetailValue<'_>)],
) -> Option<Event> {
    let details: Vec<_> = details
        .iter()
        .map(|&(detail, value)| DetailReading { detail, value })
        .collect();
    let mut pass = table.begin(Timestamp::new(second * 1000, second * 1_000_000_000));
    pass.apply(Row::Process(ProcessRow {
        status: Some(status),
        cpu_time_ns,
        details: &details,
        ..ProcessRow::unknown(7)
    }));
    pass.finish(Missing::Exited).events.pop()
}

#[test]
fn counters_are_only_reported_along_with_other_changes() {
    let mut source = SourceInfo::new("test");
    source.collects = Collect::FAULTS | Collect::USER | Collect::SWAP;
    let mut table = Table::new(&Config::default(), &source);
    let faults = |count| (Detail::MinorFaults, DetailValue::Number(count));
    let user = |id| (Detail::UserId, DetailValue::Number(id));
    let (sleeping, stopped) = (crate::Status::Sleeping, crate::Status::Stopped);
    let first = scan_details(&mut table, 1, sleeping, Some(5), &[faults(1), user(5)]);
    let first = first.expect("it is new");
    let details = &first.process().details;
    assert_eq!(details.get(Detail::MinorFaults), Value::Count(1));
    assert!(details.has(Detail::SwapBytes) && !details.has(Detail::Threads));
    assert!(details.get(Detail::SwapBytes).is_unknown());
    let changed = |event: Option<Event>| match event {
        Some(Event::Updated { process, changed }) => {
            (changed, process.details.get(Detail::MinorFaults).as_count())
        }
        event => panic!("{event:?}"),
    };
    // The CPU share becomes known.
    let event = scan_details(&mut table, 2, sleeping, Some(5), &[]);
    assert_eq!(changed(event).0, Changes::CPU);
    assert!(scan_details(&mut table, 3, sleeping, Some(5), &[faults(2)]).is_none());
    // What was not read stays.
    assert!(scan_details(&mut table, 4, sleeping, Some(5), &[]).is_none());
    let event = scan_details(&mut table, 5, stopped, Some(5), &[]);
    assert_eq!(changed(event), (Changes::STATUS | Changes::FAULTS, Some(2)));
    let event = scan_details(&mut table, 6, stopped, Some(5), &[user(6), faults(3)]);
    assert_eq!(changed(event), (Changes::USER | Changes::FAULTS, Some(3)));
    let event = scan_details(
        &mut table,
        7,
        stopped,
        Some(5),
        &[(Detail::UserId, DetailValue::Unknown)],
    );
    assert_eq!(changed(event).0, Changes::USER);
    let process = table.processes().next().expect("one process");
    assert!(process.details.get(Detail::UserId).is_unknown());
    assert!(process.details.has(Detail::UserId));
    // Its CPU time is not known, so nothing else shows that it has run.
    let event = scan_details(&mut table, 8, stopped, None, &[faults(4)]);
    assert_eq!(changed(event), (Changes::CPU | Changes::FAULTS, Some(4)));
    let event = scan_details(&mut table, 9, stopped, None, &[faults(5)]);
    assert_eq!(changed(event), (Changes::FAULTS, Some(5)));
}

#[test]
fn the_largest_memory_at_an_exit_is_that_of_the_kernels_account() {
    for (collects, expected) in [
        (Collect::PEAK_RSS, Value::Count(9)),
        (Collect::NONE, Value::Unknown),
    ] {
        let mut source = SourceInfo::new("test");
        source.collects = collects;
        let mut table = Table::new(&Config::default(), &source);
        let peak = [(Detail::PeakRssBytes, DetailValue::Number(5))];
        let read = if collects.is_empty() { &[][..] } else { &peak };
        scan_details(&mut table, 1, crate::Status::Sleeping, Some(5), read);
        let mut pass = table.begin(Timestamp::new(2000, 2_000_000_000));
        pass.happened(Happening::Exited {
            pid: 7,
            start_time_ms: None,
            exit: Exit {
                usage: Some(ExitUsage {
                    peak_rss_bytes: Some(9),
                    ..ExitUsage::default()
                }),
                ..Exit::default()
            },
        });
        let exited = pass.finish(Missing::Exited).events.pop().expect("an exit");
        let details = &exited.process().details;
        assert_eq!(details.get(Detail::PeakRssBytes), expected);
        assert_eq!(details.has(Detail::PeakRssBytes), !collects.is_empty());
    }
}

#[test]
fn a_heard_exec_removes_the_fields_of_the_program_before_from_update_and_exit() {
    let mut source = SourceInfo::new("test");
    source.collects = Collect::USER | Collect::EXECUTABLE;
    let mut table = Table::new(&Config::default(), &source);
    let (user, executable) = (Detail::UserId, Detail::Executable);
    let details = [
        (user, DetailValue::Number(5)),
        (executable, DetailValue::Text(b"/bin/sh")),
    ];
    scan_details(&mut table, 1, crate::Status::Sleeping, Some(5), &details).expect("it is new");
    let changed = |detail, value| DetailReading { detail, value };
    let details = [
        changed(user, DetailValue::Number(0)),
        changed(executable, DetailValue::Unknown),
    ];
    let mut pass = table.begin_between(Timestamp::new(2000, 2_000_000_000));
    pass.happened(Happening::Changed(ProcessRow {
        name: Reading::Known(b"sleep"),
        read_at_ns: Some(1_500_000_000),
        details: &details,
        ..ProcessRow::unknown(7)
    }));
    let event = pass.finish(Missing::Exited).events.pop();
    let Some(Event::Updated { process, changed }) = event else {
        panic!("{event:?}");
    };
    let expected = Changes::NAME | Changes::USER | Changes::EXECUTABLE;
    assert_eq!(changed, expected);
    assert_eq!(process.details.get(user), Value::Count(0));
    assert!(process.details.get(executable).is_unknown());
    let mut pass = table.begin_between(Timestamp::new(3000, 3_000_000_000));
    pass.happened(Happening::Exited {
        pid: 7,
        start_time_ms: None,
        exit: Exit::default(),
    });
    let event = pass.finish(Missing::Exited).events.pop();
    let exited = event.expect("it has exited");
    assert!(matches!(exited, Event::Exited { .. }));
    assert_eq!(exited.process().details, process.details);
}

#[test]
fn texts_of_optional_fields_are_stored_once_and_dropped_with_the_last_process() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut second = 0;
    let mut scan = |pids: std::ops::Range<u32>, group: &[u8]| {
        second += 1;
        let details = [DetailReading {
            detail: Detail::Cgroup,
            value: DetailValue::Text(group),
        }];
        let mut pass = table.begin(Timestamp::new(second * 1000, second * 1_000_000_000));
        for pid in pids {
            pass.apply(Row::Process(ProcessRow {
                details: &details,
                ..ProcessRow::unknown(pid)
            }));
        }
        let events = pass.finish(Missing::Exited).events.len();
        (events, table.texts.len())
    };
    assert_eq!(scan(1..4, b"/a"), (3, 1));
    assert_eq!(scan(1..4, b"/a"), (0, 1));
    assert_eq!(scan(1..4, b"/b\xff"), (3, 1));
    assert_eq!(scan(1..4, b"/b\xff"), (0, 1));
    assert_eq!(scan(3..4, b"/b\xff"), (2, 1));
    assert_eq!(scan(0..0, b""), (1, 0));
}

#[test]
fn a_process_that_has_exited_is_not_unconfirmed() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut pass = table.begin(Timestamp::new(0, 1));
    for pid in [7, 8] {
        pass.apply(Row::Process(ProcessRow::unknown(pid)));
    }
    pass.finish(Missing::Exited);
    let mut pass = table.begin(Timestamp::new(1, 2));
    for pid in [7, 8] {
        pass.apply(Row::Unreadable { pid });
    }
    pass.end_rows();
    pass.happened(Happening::Exited {
        pid: 7,
        start_time_ms: None,
        exit: Exit::default(),
    });
    let unconfirmed = pass.finish(Missing::Exited).unconfirmed;
    let pids: Vec<u32> = unconfirmed.iter().map(|key| key.pid).collect();
    assert_eq!(pids, [8]);
}

#[test]
fn another_program_that_was_not_read_has_no_name_and_no_command_line() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut pass = table.begin(Timestamp::new(1, 1_000_000_000));
    pass.apply(Row::Process(ProcessRow {
        name: Reading::Known(b"sh"),
        command: Reading::Known(b"sh\0-c\0x\0"),
        ..ProcessRow::unknown(7)
    }));
    pass.finish(Missing::Exited);
    let mut hear = |read_at_ns, is_other_program| {
        let mut pass = table.begin(Timestamp::new(2, 2_000_000_000));
        pass.happened(Happening::Changed(ProcessRow {
            read_at_ns: Some(read_at_ns),
            is_other_program,
            ..ProcessRow::unknown(7)
        }));
        pass.finish(Missing::Unconfirmed).events.pop()
    };
    // The scan was later than the `exec`.
    assert!(hear(999_999_999, true).is_none());
    assert!(hear(1_500_000_000, false).is_none());
    let Some(Event::Updated { process, changed }) = hear(1_500_000_000, true) else {
        panic!("it has another program");
    };
    assert_eq!(changed, Changes::NAME | Changes::COMMAND);
    assert!(process.name.is_none() && process.command.is_none());
}

#[test]
fn the_final_peak_is_not_below_what_was_seen_of_the_same_program() {
    for (seen, rss_bytes, peak) in [
        (DetailValue::Number(9), 5, 9),
        (DetailValue::Number(5), 9, 9),
        (DetailValue::Number(5), 6, 7),
        // It has called `exec`, and the resident memory may be that from before.
        (DetailValue::Unknown, 9, 7),
    ] {
        let mut source = SourceInfo::new("test");
        source.collects = Collect::PEAK_RSS;
        let mut table = Table::new(&Config::default(), &source);
        let mut row = ProcessRow::unknown(7);
        row.resources.rss_bytes = Some(rss_bytes);
        let details = [DetailReading {
            detail: Detail::PeakRssBytes,
            value: seen,
        }];
        row.details = &details;
        let mut pass = table.begin(Timestamp::new(1, 1_000_000_000));
        pass.apply(Row::Process(row));
        pass.finish(Missing::Exited);
        let usage = ExitUsage {
            peak_rss_bytes: Some(7),
            ..ExitUsage::default()
        };
        let mut pass = table.begin(Timestamp::new(2, 2_000_000_000));
        pass.happened(Happening::Exited {
            pid: 7,
            start_time_ms: None,
            exit: Exit {
                usage: Some(usage),
                ..Exit::default()
            },
        });
        let event = pass.finish(Missing::Unconfirmed).events.pop();
        let details = &event.as_ref().expect("it has exited").process().details;
        assert_eq!(details.get(Detail::PeakRssBytes), Value::Count(peak));
    }
}

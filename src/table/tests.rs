//! Tests of scans applied to the table.

use super::{Missing, Table};
use crate::config::Config;
use crate::model::{Changes, Exit, Timestamp};
use crate::source::{Happening, ProcessRow, Reading, Row, SourceInfo};

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

//! Tests of passes over the table.

use super::{Absent, Table};
use crate::config::Config;
use crate::model::{Changes, Timestamp};
use crate::source::{ProcessRow, Reading, Row, SourceInfo};

#[test]
fn a_command_line_that_cannot_be_read_stands_but_not_under_another_name() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut now_s = 0;
    let mut told = |name: Reading<&[u8]>, command: Reading<&[u8]>| {
        now_s += 1;
        let mut pass = table.begin(Timestamp::new(now_s, now_s * 1_000_000_000));
        pass.see(Row::Process(ProcessRow {
            name,
            command,
            ..ProcessRow::unknown(7)
        }));
        let told = pass.finish(Absent::AreGone);
        let event = told.events.first();
        let changed = event.and_then(|event| match event {
            crate::Event::Updated { changed, .. } => Some(*changed),
            _ => None,
        });
        let process = table.processes().next().expect("it is there");
        let line = process.command.as_ref();
        let command = line.map(|line| line.args().collect::<Vec<_>>().join(" "));
        (changed.unwrap_or_default(), command)
    };
    let (name, other) = (Reading::Known(&b"sh"[..]), Reading::Known(&b"cat"[..]));
    let line = Reading::Known(&b"sh\0-c\0x\0"[..]);
    let known = Some("sh -c x".to_owned());
    assert_eq!(told(name, line), (Changes::default(), known.clone()));
    let nothing = (Changes::default(), known.clone());
    assert_eq!(told(name, Reading::Unknown), nothing);
    assert_eq!(told(Reading::Unknown, Reading::Unknown), nothing);
    assert_eq!(told(other, Reading::Same), (Changes::NAME, known));
    let (changed, command) = told(name, Reading::Unknown);
    assert!(changed.contains(Changes::NAME) && changed.contains(Changes::COMMAND));
    assert_eq!(command, None);
    let (changed, command) = told(name, Reading::Known(b"sh\0"));
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
    pass.see(Row::Process(ProcessRow {
        name: Reading::Known(SECRET),
        command: Reading::Known(SECRET),
        ..ProcessRow::unknown(7)
    }));
    assert_eq!(pass.finish(Absent::AreGone).events.len(), 1);
    let printed = format!("{table:?}");
    assert!(!printed.contains("a-word"), "{printed}");
}

#[test]
fn a_pass_that_was_dropped_leaves_the_next_one_nothing_to_tell() {
    let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
    let mut pass = table.begin(Timestamp::new(0, 1));
    for pid in 1..=3 {
        pass.see(Row::Process(ProcessRow::unknown(pid)));
        pass.see(Row::Unreadable { pid });
    }
    drop(pass);
    let mut pass = table.begin(Timestamp::new(1, 2));
    pass.see(Row::Unchanged { pid: 2 });
    let told = pass.finish(Absent::AreGone);
    let gone: Vec<_> = told.events.iter().map(crate::Event::kind).collect();
    assert_eq!(gone, ["exited", "exited"]);
    assert!(told.unconfirmed.is_empty());
    assert_eq!(table.len(), 1);
}

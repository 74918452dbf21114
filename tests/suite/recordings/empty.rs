//! What is empty is recorded as empty, and what was not read as unread.

use std::sync::Arc;

use process_scanner::{
    Batch, Error, ErrorClass, ProcessRow, Reading, Result, Row, ScanSummary, Source, SourceInfo,
};

use super::replay;
use crate::fixtures::story::record;

type Read = Option<&'static [u8]>;

/// Name and command line of one process in each scan; `None` was not read.
const SCANS: [(Read, Read); 5] = [
    (Some(b"a"), Some(b"a\0b\0")),
    (Some(b""), Some(b"a\0\0")),
    (None, Some(b"\0")),
    (None, Some(b"")),
    (Some(b"a"), None),
];

struct Emptied(usize);

impl Source for Emptied {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("emptied")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let ended = || Error::new(ErrorClass::Ended, "the end").mark_final();
        let (name, command) = *SCANS.get(self.0).ok_or_else(ended)?;
        self.0 += 1;
        let mut row = ProcessRow::unknown(1);
        row.start_time_ms = Some(5);
        row.name = name.map_or(Reading::Unknown, Reading::Known);
        row.command = command.map_or(Reading::Unknown, Reading::Known);
        emit(Row::Process(row));
        Ok(ScanSummary::default())
    }
}

fn assert_emptied(batches: &[Arc<Batch>]) {
    let expected = [
        ("a", Some(&["a", "b"][..])),
        ("", Some(&["a", ""])),
        ("", Some(&[""])),
        ("", Some(&[])),
        // The command line may be that of the program before.
        ("a", None),
    ];
    for (batch, (name, command)) in batches.iter().zip(expected) {
        let process = batch.events[0].process();
        assert_eq!(process.name.as_deref(), Some(name));
        let args = process.command.as_ref();
        let args = args.map(|command| Vec::from_iter(command.args()));
        assert_eq!(args.as_deref(), command);
        let json = serde_json::to_value(process).unwrap();
        assert_eq!(json["command"], serde_json::json!(command));
        assert_eq!(json["name"], name);
    }
}

#[test]
fn empty_and_unread_names_and_command_lines_replay_as_they_were() {
    let (recording, live) = record(Emptied(0));
    assert_emptied(&live);
    assert_emptied(&replay(&recording));
    let text = String::from_utf8(recording).unwrap();
    for written in [
        r#""name":"","command":["a",""]"#,
        r#""command":[""]"#,
        r#""command":[]"#,
        r#""name":"a","command":null"#,
    ] {
        assert!(text.contains(written), "{written}: {text}");
    }
}

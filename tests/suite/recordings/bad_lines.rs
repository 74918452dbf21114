//! Lines that are not valid, or not at their place.

use std::io::{BufReader, Cursor, Read};

use process_scanner::{ErrorClass, ReplaySource, Scanner, Status};

use super::{HEADER, final_failure, recording, refusal, replay, row, scan};
use crate::fixtures::text;

#[test]
fn a_bad_header_is_refused() {
    assert_eq!(refusal(b"").to_string(), "the recording is empty");
    for (header, reason) in [
        (
            HEADER,
            "line 1: the recording ends inside the line; no scan is complete",
        ),
        (&HEADER.replace(":1,", ":3,"), "line 1: "),
        (
            &format!("\u{feff}{HEADER}\n"),
            "line 1: not the header of a recording: expected value at column 1",
        ),
        (
            "{\"pscan_recording\":1}\n",
            "not the header of a recording: missing field `source`",
        ),
        (
            &(HEADER.replace(":1,", ":3,") + "\n"),
            "has version 3, but this program reads versions 1 to 2",
        ),
        (&(HEADER.replace(":1,", ":\"1\",") + "\n"), "expected u32"),
        (
            &(HEADER.replace(":10,", ":0,") + "\n"),
            "start_time_resolution_ms is 0",
        ),
        (&(HEADER.replace(":10,", ":-1,") + "\n"), "expected u64"),
        (
            &(HEADER.replace("null", "4294967296") + "\n"),
            "expected u32",
        ),
    ] {
        let error = refusal(header.as_bytes()).to_string();
        assert!(
            error.starts_with("line 1: ") && error.contains(reason),
            "{header}: {error}"
        );
    }
}

#[test]
fn other_files_are_refused_as_no_recording() {
    let long = vec![b'x'; (64 << 20) + 2];
    for other in [
        &b"\n"[..],
        b"hello\n",
        b"hello",
        b"4 5 6\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"{\"scan\":{}}\n",
        &[0; 100],
        &[0xff, b'\n'],
        &long,
    ] {
        let start = &other[..other.len().min(20)];
        let error = refusal(other);
        assert_eq!(
            error.to_string(),
            "not a recording: the first line has no \"pscan_recording\"",
            "{start:?}"
        );
        assert!(error.advice().is_some());
    }
    for (begin, program) in [
        (&b"\x28\xb5\x2f\xfd\x04"[..], "zstd"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"BZh9", "bzip2"),
    ] {
        for rest in ["", "\n\n", "x\ny\n"] {
            let error = refusal(&[begin, rest.as_bytes()].concat());
            assert_eq!(
                error.to_string(),
                format!("the recording is compressed with {program}")
            );
            let advice = format!("decompress it: {program} -dc FILE | pscan replay -");
            assert_eq!(error.advice(), Some(advice.as_str()));
        }
    }
}

#[test]
fn blank_lines_at_the_end_are_ignored() {
    let whole = recording(&[&scan(1, &[1]), &scan(2, &[1])]);
    let count = replay(&whole).len();
    for blank in ["\n", "\n\n\n", "\r\n", " \t\n\n"] {
        let batches = replay(&[&whole, blank.as_bytes()].concat());
        assert_eq!(batches.len(), count, "{blank:?}");
        assert!(batches.iter().all(|batch| batch.failure.is_none()));
        let batches = replay(&[&recording(&[]), blank.as_bytes()].concat());
        assert!(batches.is_empty(), "{blank:?}");
    }
}

#[test]
fn endless_blank_lines_are_refused() {
    let blank = std::io::repeat(b'\n');
    let whole = recording(&[&scan(1, &[1])]);
    let endless = BufReader::new(Cursor::new(whole).chain(blank));
    let mut scanner = Scanner::builder()
        .source(ReplaySource::new(endless).unwrap())
        .build()
        .unwrap();
    assert!(scanner.scan_once().unwrap().failure.is_none());
    let failure = scanner.scan_once().unwrap().failure.clone().unwrap();
    assert_eq!(
        failure.to_string(),
        "line 103: more than 100 empty lines in a row"
    );
    assert!(scanner.scan_once().is_none());
}

#[test]
fn a_recording_can_have_no_scans() {
    assert!(replay(&recording(&[])).is_empty());
}

#[test]
fn fields_missing_from_a_row_are_unknown() {
    let batches = replay(&recording(&[
        r#"{"scan":{"wall_ms":1,"monotonic_ns":1,"shown":{"rows":[{"pid":7}]}}}"#,
        r#"{"scan":{"wall_ms":2,"monotonic_ns":2}}"#,
    ]));
    let text: String = batches.iter().map(|batch| text::whole(batch)).collect();
    assert!(
        text.contains("? ? started ? parent ?, ?, cpu ? % ? ms, rss ?"),
        "{text}"
    );
    let failure = batches[1].failure.as_ref().unwrap();
    assert_eq!(failure.class(), ErrorClass::SourceGone);
}

#[test]
fn a_status_of_a_later_version_replays_as_other() {
    let batches = replay(&recording(&[
        r#"{"scan":{"wall_ms":1,"monotonic_ns":1,"shown":{"rows":[{"pid":7,"status":"parked"}]}}}"#,
    ]));
    let process = batches[0].events[0].process();
    assert_eq!(process.status, Some(Status::Other));
}

#[test]
fn a_bad_line_is_reported_with_its_reason_after_the_scans_before_it() {
    let (first, second) = (scan(1, &[1, 2]), scan(2, &[1, 2]));
    let one =
        |fields: &str| format!(r#"{{"scan":{{"wall_ms":3,"monotonic_ns":3000000000{fields}}}}}"#);
    let shown = |shown: &str| one(&format!(r#","shown":{shown}"#));
    let with = |field: &str| shown(&format!(r#"{{"rows":[{{"pid":9,{field}}}]}}"#));
    let nested = |open: &str, close: &str| shown(&(open.repeat(100_000) + &close.repeat(100_000)));
    for (bad, reason) in [
        (String::new(), "the line is empty, but more lines follow"),
        (" \n\n".into(), "the line is empty, but more lines follow"),
        (
            "nonsense".into(),
            "not a scan, a recheck or what was heard: expected value at column 1",
        ),
        ("{}".into(), "not a scan, a recheck or what was heard"),
        ("[1]".into(), "not a scan, a recheck or what was heard"),
        (
            HEADER.into(),
            "another recording begins, which does not continue the one before",
        ),
        (r#"{"skan":{}}"#.into(), "unknown variant `skan`"),
        (
            r#"{"scan":{"monotonic_ns":3000000000}}"#.into(),
            "missing field `wall_ms`",
        ),
        (
            r#"{"scan":{"wall_ms":3}}"#.into(),
            "missing field `monotonic_ns`",
        ),
        (one("") + "x", "trailing characters"),
        (one("") + &one(""), "trailing characters"),
        (one(r#","wall_ms":4"#), "duplicate field `wall_ms`"),
        (one(r#","colour":1"#), "unknown field `colour`"),
        (one(r#","vanished":-1"#), "expected u32"),
        (one(r#","unreadable_fields":4294967296"#), "expected u32"),
        (
            one(r#","failed":{"class":"tired","message":""}"#),
            "unknown variant `tired`",
        ),
        (
            one(r#","failed":{"class":"stuck"}"#),
            "missing field `message`",
        ),
        (shown("5"), "invalid type"),
        (shown(r#"{"rows":{}}"#), "invalid type"),
        (shown(r#"{"rows":[{}]}"#), "missing field `pid`"),
        (shown(r#"{"rows":[{"pid":-1}]}"#), "expected u32"),
        (shown(r#"{"rows":[{"pid":4294967296}]}"#), "expected u32"),
        (shown(r#"{"rows":[{"pid":1.5}]}"#), "expected u32"),
        (
            shown(r#"{"rows":[{"pid":9},{"pid":9}]}"#),
            "pid 9 occurs twice in one scan",
        ),
        (
            shown(r#"{"rows":[{"pid":9}],"unreadable":[9]}"#),
            "pid 9 occurs twice in one scan",
        ),
        (
            shown(r#"{"unchanged":[1,1]}"#),
            "pid 1 occurs twice in one scan",
        ),
        (
            shown(r#"{"unchanged":[8]}"#),
            "pid 8 is in \"unchanged\", but the scan before does not contain it",
        ),
        (with(r#""nmae":"x""#), "unknown field `nmae`"),
        (with(r#""name":5"#), "invalid type"),
        (with(r#""name":{"hex":"zz"}"#), "pairs of hex digits"),
        (with(r#""name":{"hex":"abc"}"#), "pairs of hex digits"),
        (with(r#""name":{"hex":"é"}"#), "pairs of hex digits"),
        (with(r#""name":{"hax":"00"}"#), "exactly one field, \"hex\""),
        (with(r#""name":"\ud800""#), "line 4: "),
        (with(r#""command":"sh""#), "a list of arguments"),
        (
            with(r#""command":"app --password hunter2""#),
            "invalid type: string \"…\", expected",
        ),
        (
            with(r#""command":["a\u0000b"]"#),
            "an argument cannot contain a NUL",
        ),
        (
            with(r#""command":[{"hex":"00"}]"#),
            "an argument cannot contain a NUL",
        ),
        (with(r#""status":7"#), "expected value"),
        (with(r#""kernel_thread":1"#), "expected a boolean"),
        (with(r#""rss_bytes":18446744073709551616"#), "line 4: "),
        (with(r#""start_time_ms":1e3"#), "line 4: "),
        (
            scan(1, &[1]),
            "time goes back: monotonic_ns is 1000000000, after 2000000000",
        ),
        (nested("[", "]"), "line 4: "),
        (nested(r#"{"rows":"#, "}"), "line 4: "),
        ("[".repeat(1 << 20), "line 4: "),
        (r#"{"scan":"#.repeat(1 << 16), "line 4: "),
    ] {
        let batches = replay(&recording(&[&first, &second, &bad, &scan(9, &[1])]));
        let start: String = bad.chars().take(100).collect();
        assert_eq!(batches.len(), 3, "{start}");
        let error = final_failure(&batches);
        assert!(
            error.starts_with("line 4: ") && error.contains(reason),
            "{start}: {error}"
        );
        assert_eq!(batches[2].unconfirmed.len(), 2, "no process exits: {start}");
    }
}

#[test]
fn a_line_that_is_not_utf8_is_refused() {
    let mut bytes = recording(&[&scan(1, &[1])]);
    bytes.extend(b"{\"scan\":{\"\xff\":1}}\n");
    assert!(final_failure(&replay(&bytes)).starts_with("line 3: "));
}

#[test]
fn a_recheck_needs_a_scan_before_it() {
    let batches = replay(&recording(&[r#"{"recheck":{}}"#, &scan(1, &[1])]));
    assert_eq!(
        final_failure(&batches),
        "line 2: a recheck before the first scan"
    );
    assert_eq!(batches.len(), 1);
}

#[test]
fn a_recheck_cannot_repeat_a_row_of_its_scan() {
    let recheck = format!(r#"{{"recheck":{{"shown":{{"rows":[{}]}}}}}}"#, row(1));
    let batches = replay(&recording(&[&scan(1, &[1]), &recheck]));
    assert_eq!(
        final_failure(&batches),
        "line 3: pid 1 occurs twice in one scan"
    );
}

#[test]
fn a_recheck_that_is_not_needed_is_skipped() {
    let recheck = r#"{"recheck":{"not_able":true}}"#;
    let batches = replay(&recording(&[
        &scan(1, &[1]),
        recheck,
        recheck,
        &scan(2, &[1]),
    ]));
    assert_eq!(batches.len(), 2);
    assert!(batches.iter().all(|batch| batch.failure.is_none()));
}

#[test]
fn secrets_in_a_recorded_failure_are_redacted() {
    let failed = r#"{"scan":{"wall_ms":3,"monotonic_ns":3000000000,"failed":{"class":"bad_data","message":"cannot read app --password hunter2"}}}"#;
    let batches = replay(&recording(&[&scan(1, &[1]), failed, &scan(9, &[1])]));
    let texts = format!("{batches:?}");
    assert!(
        texts.contains("cannot read app --password [redacted]"),
        "{texts}"
    );
    assert!(!texts.contains("hunter2"), "{texts}");
}

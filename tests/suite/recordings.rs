//! Recordings that are wrong, broken off or recorded again.

mod noise;
mod round_trip;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use process_scanner::{
    Batch, Error, ErrorClass, Recorder, ReplaySource, Scanner, Snapshot, Source,
};

use crate::fixtures::story::Story;
use crate::fixtures::text;
use crate::support::{self, Made, World};

const HEADER: &str =
    r#"{"pscan_recording":1,"source":"test","start_time_resolution_ms":10,"own_pid":null}"#;

/// A row as a line would have it.
fn row(pid: u32) -> String {
    format!(r#"{{"pid":{pid},"name":"n{pid}","command":["n{pid}"]}}"#)
}

/// A scan at this second that shows these rows.
fn scan(second: u64, rows: &[u32]) -> String {
    let rows: Vec<_> = rows.iter().map(|&pid| row(pid)).collect();
    format!(
        r#"{{"scan":{{"wall_ms":1,"monotonic_ns":{second}000000000,"shown":{{"rows":[{}]}}}}}}"#,
        rows.join(",")
    )
}

fn recording(lines: &[&str]) -> Vec<u8> {
    let mut text = HEADER.to_owned() + "\n";
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.into_bytes()
}

/// All batches of a source, each folded and compared with the table.
fn play(source: impl Source + 'static) -> Vec<Arc<Batch>> {
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let mut snapshot = Snapshot::new();
    let mut batches = Vec::new();
    while let Some(batch) = scanner.scan_once() {
        snapshot.apply(&batch);
        support::assert_folded(&snapshot, &scanner);
        batches.push(batch);
    }
    batches
}

fn replay(recording: &[u8]) -> Vec<Arc<Batch>> {
    play(ReplaySource::new(io::Cursor::new(recording.to_vec())).unwrap())
}

/// How a recording that cannot even be opened is refused.
fn refusal(recording: &[u8]) -> Error {
    let error = ReplaySource::new(recording).unwrap_err();
    assert_eq!(error.class(), ErrorClass::BadData);
    assert!(error.is_final());
    error
}

/// The final failure after the last whole scan.
fn final_failure(batches: &[Arc<Batch>]) -> String {
    let (last, whole) = batches.split_last().expect("the failure has a batch");
    assert!(whole.iter().all(|batch| batch.failure.is_none()));
    let error = last.failure.as_ref().expect("the last scan failed");
    assert_eq!(error.class(), ErrorClass::BadData, "{error}");
    assert!(error.is_final(), "{error}");
    assert!(last.events.is_empty());
    error.to_string()
}

#[test]
fn what_is_no_recording_is_refused() {
    assert_eq!(refusal(b"").to_string(), "the recording is empty");
    for (header, reason) in [
        ("\n", "line 1: not the header of a recording: EOF"),
        (
            "hello\n",
            "line 1: not the header of a recording: expected value at column 1",
        ),
        ("{}\n", "missing field `pscan_recording`"),
        ("[]\n", "line 1: "),
        ("null\n", "line 1: "),
        ("\u{feff}{}\n", "line 1: "),
        ("{\"scan\":{}}\n", "line 1: "),
        (
            HEADER,
            "line 1: the recording breaks off within the line; the 0 scans before it",
        ),
        (&HEADER.replace(":1,", ":2,"), "line 1: "),
        (
            &(HEADER.replace(":1,", ":2,") + "\n"),
            "has version 2, and this program reads version 1",
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
    refusal(&[0; 100]);
    refusal(&[0xff, b'\n']);
}

#[test]
fn a_recording_may_have_no_scan() {
    assert!(replay(&recording(&[])).is_empty());
}

#[test]
fn what_is_left_out_of_a_row_is_unknown() {
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
fn a_bad_line_is_named_with_its_reason_and_the_scans_before_it_play() {
    let (first, second) = (scan(1, &[1, 2]), scan(2, &[1, 2]));
    let one =
        |fields: &str| format!(r#"{{"scan":{{"wall_ms":3,"monotonic_ns":3000000000{fields}}}}}"#);
    let shown = |shown: &str| one(&format!(r#","shown":{shown}"#));
    let with = |field: &str| shown(&format!(r#"{{"rows":[{{"pid":9,{field}}}]}}"#));
    let nested = |open: &str, close: &str| shown(&(open.repeat(100_000) + &close.repeat(100_000)));
    for (bad, reason) in [
        (String::new(), "not a scan or a recheck: EOF"),
        (
            "nonsense".into(),
            "not a scan or a recheck: expected value at column 1",
        ),
        ("{}".into(), "not a scan or a recheck"),
        ("[1]".into(), "not a scan or a recheck"),
        (HEADER.into(), "unknown variant `pscan_recording`"),
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
            "pid 9 stands twice in one scan",
        ),
        (
            shown(r#"{"rows":[{"pid":9}],"unreadable":[9]}"#),
            "pid 9 stands twice in one scan",
        ),
        (
            shown(r#"{"unchanged":[1,1]}"#),
            "pid 1 stands twice in one scan",
        ),
        (
            shown(r#"{"unchanged":[8]}"#),
            "pid 8 is said to be unchanged, and the scan before does not show it",
        ),
        (with(r#""nmae":"x""#), "unknown field `nmae`"),
        (with(r#""name":5"#), "invalid type"),
        (with(r#""name":{"hex":"zz"}"#), "pairs of hex digits"),
        (with(r#""name":{"hex":"abc"}"#), "pairs of hex digits"),
        (with(r#""name":{"hex":"é"}"#), "pairs of hex digits"),
        (with(r#""name":{"hax":"00"}"#), "the one field \"hex\""),
        (with(r#""name":"\ud800""#), "line 4: "),
        (with(r#""command":"sh""#), "a list of arguments"),
        (
            with(r#""command":["a\u0000b"]"#),
            "an argument cannot contain a NUL",
        ),
        (
            with(r#""command":[{"hex":"00"}]"#),
            "an argument cannot contain a NUL",
        ),
        (with(r#""status":"asleep""#), "unknown variant `asleep`"),
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
        assert_eq!(batches[2].unconfirmed.len(), 2, "nothing is gone: {start}");
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
        "line 2: a recheck stands before the first scan"
    );
    assert_eq!(batches.len(), 1);
}

#[test]
fn a_recheck_cannot_show_what_its_scan_showed() {
    let recheck = format!(r#"{{"recheck":{{"shown":{{"rows":[{}]}}}}}}"#, row(1));
    let batches = replay(&recording(&[&scan(1, &[1]), &recheck]));
    assert_eq!(
        final_failure(&batches),
        "line 3: pid 1 stands twice in one scan"
    );
}

#[test]
fn a_recheck_that_nobody_asks_for_is_passed_over() {
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

/// Numbers as large as they get: nothing adds up past the end.
#[test]
fn huge_numbers_do_no_harm() {
    let huge = |time: u64, start: u64, cpu: u64| {
        format!(
            r#"{{"scan":{{"wall_ms":{time},"monotonic_ns":{time},"shown":{{"rows":[
            {{"pid":4294967295,"start_time_ms":{start},"cpu_time_ns":{cpu},
            "rss_bytes":18446744073709551615}},{}]}}}}}}"#,
            row(1)
        )
        .replace('\n', " ")
    };
    let max = u64::MAX;
    let cases = [
        vec![huge(max, max, max)],
        vec![huge(0, max, max), huge(max, max, 0)],
        vec![huge(1, 0, 0), huge(max - 1, 0, max), huge(max, max, max)],
        vec![huge(0, max, 0), huge(1, 0, max), scan(2, &[1])],
        vec![scan(1, &[1]), huge(max, max, max)],
        vec![scan(1, &[1]), huge(max, 0, max)],
    ];
    for lines in cases {
        for resolution in ["10", "1000", "18446744073709551615"] {
            let mut text = HEADER.replace("10", resolution) + "\n";
            for line in &lines {
                text.push_str(line);
                text.push_str("\n{\"recheck\":{}}\n");
            }
            let batches = replay(text.as_bytes());
            assert_eq!(batches.len(), lines.len());
            for batch in &batches {
                assert!(batch.failure.is_none(), "{:?}", batch.failure);
                for event in &batch.events {
                    let percent = event.process().cpu_percent;
                    assert!(percent.is_none_or(|percent| percent.is_finite() && percent >= 0.0));
                }
            }
        }
    }
}

/// A header, and then one line without an end, made up as it is read.
struct EndlessLine {
    head: io::Cursor<Vec<u8>>,
    left: usize,
    given: Arc<std::sync::atomic::AtomicUsize>,
}

static CHUNK: [u8; 1 << 16] = [b' '; 1 << 16];

impl Read for EndlessLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for EndlessLine {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.head.position() < self.head.get_ref().len() as u64 {
            return self.head.fill_buf();
        }
        Ok(&CHUNK[..self.left.min(CHUNK.len())])
    }

    fn consume(&mut self, amount: usize) {
        self.given
            .fetch_add(amount, std::sync::atomic::Ordering::Relaxed);
        if self.head.position() < self.head.get_ref().len() as u64 {
            self.head.consume(amount);
        } else {
            self.left -= amount;
        }
    }
}

#[test]
fn a_line_of_200_mb_is_refused_without_reading_it() {
    let given = Arc::default();
    let head = recording(&[&scan(1, &[1])]);
    let source = ReplaySource::new(EndlessLine {
        head: io::Cursor::new(head.clone()),
        left: 200 << 20,
        given: Arc::clone(&given),
    })
    .unwrap();
    let batches = play(source);
    assert_eq!(batches.len(), 2);
    assert_eq!(
        final_failure(&batches),
        "line 3: the line is longer than 67108864 bytes"
    );
    let given = given.load(std::sync::atomic::Ordering::Relaxed);
    assert!(
        given <= head.len() + (64 << 20) + 1,
        "it read {given} bytes"
    );
}

#[test]
fn a_line_just_within_the_limit_is_read() {
    let mut bytes = recording(&[]);
    let start = bytes.len();
    bytes.extend(scan(1, &[1]).bytes());
    bytes.resize(start + (64 << 20), b' ');
    bytes.push(b'\n');
    let batches = play(ReplaySource::new(io::Cursor::new(bytes)).unwrap());
    assert!(batches[0].failure.is_none());
}

#[test]
fn a_reader_that_fails_ends_the_replay_with_its_reason() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable was pulled"))
        }
    }
    let head = recording(&[&scan(1, &[1])]);
    let input = BufReader::new(io::Cursor::new(head).chain(Failing));
    let batches = play(ReplaySource::new(input).unwrap());
    assert_eq!(batches.len(), 2);
    let error = batches[1].failure.as_ref().unwrap();
    assert!(error.is_final());
    let text = error.full_message();
    assert_eq!(
        text,
        "line 3: the recording cannot be read on: the cable was pulled"
    );
}

/// A recorder killed while it writes leaves part of a line.
#[test]
fn a_recording_that_breaks_off_anywhere_plays_every_scan_before() {
    let mut story = Story::small_host();
    story.born(300, "shell", 100);
    story.scan();
    story.after(1000).of(300).works(10);
    story.scan();
    story
        .after(1000)
        .of(300)
        .named(b"\xff\"\\\n\xc3\xa9")
        .works(10);
    story.scan();
    let (bytes, live) = story.record();
    let texts = |batches: &[Arc<Batch>]| -> Vec<String> {
        batches.iter().map(|batch| text::whole(batch)).collect()
    };
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap()
        + 1;
    assert_eq!(texts(&replay(&bytes[..last_line])), texts(&live[..2]));
    for end in last_line + 1..bytes.len() {
        let batches = replay(&bytes[..end]);
        assert_eq!(
            final_failure(&batches),
            "line 4: the recording breaks off within the line; the 2 scans before it are whole"
        );
        assert_eq!(texts(&batches[..2]), texts(&live[..2]));
    }
    assert_eq!(texts(&replay(&bytes)), texts(&live));
}

/// The scan is written and the second look is not: whether what it missed lives, nobody knows.
#[test]
fn a_recording_that_breaks_off_before_the_second_look_ends_no_process() {
    let mut story = Story::small_host();
    story.born(300, "living", 100);
    story.scan();
    story
        .after(1000)
        .troubled_scan(crate::fixtures::story::Trouble {
            hides: vec![300],
            ..Default::default()
        });
    let (bytes, live) = story.record();
    assert!(live[1].failure.is_none());
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap()
        + 1;
    assert!(bytes[last_line..].starts_with(b"{\"recheck\""));
    for end in last_line..bytes.len() {
        let batches = replay(&bytes[..end]);
        assert_eq!(batches.len(), 2);
        let error = batches[1]
            .failure
            .as_ref()
            .expect("it is not known what became of it");
        assert_eq!(error.class(), ErrorClass::BadData);
        assert!(batches[1].unconfirmed.iter().any(|key| key.pid == 300));
        let reason = match end == last_line {
            true => "the recording ends before the second look",
            false => "line 4: the recording breaks off within the line; the 2 scans before it",
        };
        assert!(error.to_string().starts_with(reason), "{error}");
    }
}

/// Output that takes this many bytes and no more.
#[derive(Debug)]
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_recorder_that_cannot_write_says_so_and_ends() {
    let world = World::new();
    world.add(1, Made::new("init", 1));
    let error = Recorder::new(world.clone(), Full(10)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Output);

    let recorder = Recorder::new(world.clone(), Full(500)).unwrap();
    let batches = play(recorder);
    let (last, whole) = batches.split_last().unwrap();
    assert!(!whole.is_empty() && whole.iter().all(|batch| batch.failure.is_none()));
    let error = last.failure.as_ref().unwrap();
    assert_eq!(error.class(), ErrorClass::Output);
    assert!(error.is_final() && error.advice().is_some());
    assert!(
        error
            .full_message()
            .starts_with("cannot write the recording: ")
    );
    assert!(last.events.iter().all(|event| event.kind() != "exited"));
}

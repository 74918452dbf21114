//! Lines of what was heard that are not valid, or not at their place.

use std::sync::Arc;

use process_scanner::{
    Batch, ErrorClass, Event, Hearing, ReplaySource, Scanner, Source, Transition,
};

use super::{HEADER, final_failure, play, replay, scan};
use crate::fixtures::STORIES;
use crate::fixtures::text;
use crate::support::briefs;

/// Returns a recording of version 2 with these lines.
fn recording(lines: &[&str]) -> Vec<u8> {
    let header = HEADER.replace(":1,", ":2,");
    let lines = lines.iter().map(|line| format!("{line}\n"));
    (header + "\n" + &lines.collect::<String>()).into_bytes()
}

/// Returns what was heard between two scans, this many milliseconds after the start, as JSON.
fn between(ms: u64, fields: &str) -> String {
    format!(
        r#"{{"heard":{{"when":"between","wall_ms":1,"monotonic_ns":{ms}000000,"hearing":"complete"{fields}}}}}"#
    )
}

fn happened(ms: u64, happened: &str) -> String {
    between(ms, &format!(r#","happened":[{happened}]"#))
}

const BORN: &str = r#"{"born":{"pid":9,"start_time_ms":5,"name":"n9"}}"#;
const EXITED: &str =
    r#"{"exited":{"pid":9,"start_time_ms":5,"exit":{"code":3},"lived_ns":7500000}}"#;

fn hearings(batches: &[Arc<Batch>]) -> Vec<(u64, Hearing)> {
    let mut hearings = Vec::new();
    for batch in batches {
        for transition in &batch.transitions {
            if let Transition::Hearing { to, .. } = transition {
                hearings.push((batch.seq, *to));
            }
        }
    }
    hearings
}

#[test]
fn fields_left_out_are_unknown() {
    let life = format!(r#"{BORN},{{"exited":{{"pid":9}}}}"#);
    let batches = replay(&recording(&[
        &scan(1, &[1]),
        &happened(1500, &life),
        &scan(2, &[1]),
    ]));
    assert_eq!(briefs(&batches[1].events), ["created 9 n9", "exited 9 n9"]);
    let Event::Exited {
        exit,
        ended_at_ms,
        likely_oom,
        ..
    } = batches[1].events[1]
    else {
        panic!("{:?}", batches[1].events);
    };
    assert_eq!((exit, ended_at_ms, likely_oom), (None, None, None));
}

#[test]
fn a_bad_line_is_reported_with_its_reason_after_what_was_heard_before_it() {
    let (first, second) = (scan(1, &[1, 2]), scan(2, &[1, 2]));
    let exited = |fields: &str| happened(2500, &format!(r#"{{"exited":{{"pid":9,{fields}}}}}"#));
    let status = |status: &str| exited(&format!(r#""exit":{status}"#));
    let born = |field: &str| happened(2500, &format!(r#"{{"born":{{"pid":9,{field}}}}}"#));
    let timeless = |when: &str| format!(r#"{{"heard":{{"when":"{when}","hearing":"complete"}}}}"#);
    for (bad, reason) in [
        (r#"{"heard":{}}"#.into(), "missing field `when`"),
        (
            r#"{"heard":{"when":"before"}}"#.into(),
            "missing field `hearing`",
        ),
        (timeless("later"), "unknown variant `later`"),
        (
            timeless("between"),
            "what was heard between two scans has a time",
        ),
        (
            r#"{"heard":{"when":"between","wall_ms":1,"hearing":"off"}}"#.into(),
            "what was heard between two scans has a time",
        ),
        (
            r#"{"heard":{"when":"before","wall_ms":1,"hearing":"off"}}"#.into(),
            "what was heard between two scans has a time",
        ),
        (
            between(2500, "").replace("between", "before"),
            "what was heard between two scans has a time",
        ),
        (
            between(2500, "").replace("complete", "fine"),
            "unknown variant `fine`",
        ),
        (
            between(1999, ""),
            "time goes back: monotonic_ns is 1999000000, after 2000000000",
        ),
        (between(2500, "").replace("2500", "-2500"), "expected u64"),
        (between(2500, "") + "x", "trailing characters"),
        (between(2500, r#","colour":1"#), "unknown field `colour`"),
        (
            between(2500, r#","when":"after""#),
            "duplicate field `when`",
        ),
        (between(2500, r#","missed_total":-1"#), "expected u64"),
        (between(2500, r#","reason":5"#), "expected a string"),
        (between(2500, r#","happened":{}"#), "a list of processes"),
        (happened(2500, "{}"), "line 4: "),
        (happened(2500, "5"), "line 4: "),
        (
            happened(2500, r#"{"died":{"pid":9}}"#),
            "unknown variant `died`",
        ),
        (happened(2500, &format!("{BORN},{{}}")), "line 4: "),
        (happened(2500, r#"{"born":{}}"#), "missing field `pid`"),
        (happened(2500, r#"{"exited":{}}"#), "missing field `pid`"),
        (happened(2500, r#"{"exited":{"pid":-1}}"#), "expected u32"),
        (born(r#""nmae":"x""#), "unknown field `nmae`"),
        (
            born(r#""command":["a\u0000b"]"#),
            "an argument cannot contain a NUL",
        ),
        (
            born(r#""command":"app --password hunter2""#),
            "invalid type: string \"…\", expected",
        ),
        (born(r#""start_time_ms":-5"#), "expected u64"),
        (exited(r#""colour":1"#), "unknown field `colour`"),
        (exited(r#""pid":9"#), "duplicate field `pid`"),
        (exited(r#""lived_ns":-1"#), "expected u64"),
        (exited(r#""ended_at_ms":1.5"#), "expected u64"),
        (exited(r#""likely_oom":1"#), "expected a boolean"),
        (status("3"), "line 4: "),
        (
            status(r#"{"code":3,"signal":9}"#),
            "an exit has a code or a signal, not both",
        ),
        (status("{}"), "an exit has a code or a signal"),
        (status(r#"{"code":256}"#), "expected u8"),
        (status(r#"{"code":-1}"#), "expected u8"),
        (
            status(r#"{"signal":0}"#),
            "a signal has a number from 1 to 127",
        ),
        (
            status(r#"{"signal":128}"#),
            "a signal has a number from 1 to 127",
        ),
        (
            status(r#"{"code":3,"core_dumped":true}"#),
            "only a signal dumps a core",
        ),
        (
            status(r#"{"code":3,"core_dumped":1}"#),
            "expected a boolean",
        ),
        (status(r#"{"code":3,"why":1}"#), "unknown field `why`"),
        (r#"{"heard":"#.repeat(1 << 16), "line 4: "),
        (happened(2500, &"[".repeat(1 << 20)), "line 4: "),
    ] {
        let batches = replay(&recording(&[&first, &second, &bad, &scan(9, &[1])]));
        let start: String = bad.chars().take(120).collect();
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
fn what_was_heard_at_the_wrong_place_is_refused() {
    let before = r#"{"heard":{"when":"before","hearing":"complete"}}"#;
    let after = r#"{"heard":{"when":"after","hearing":"complete"}}"#;
    let (first, second) = (scan(1, &[1]), scan(2, &[1]));
    let (no_scan, not_after) = (
        "no scan follows what was heard just before it",
        "what was heard just after a scan does not follow it",
    );
    for (lines, line, reason) in [
        (vec![&first[..], before, before, &second], 4, no_scan),
        (vec![&first, before, after, &second], 4, no_scan),
        (
            vec![&first, before, r#"{"recheck":{}}"#, &second],
            4,
            no_scan,
        ),
        (
            vec![&first, before, &between(1500, ""), &second],
            4,
            no_scan,
        ),
        (vec![&first, after, after, &second], 4, not_after),
        (vec![after, &first, &second], 2, not_after),
        (
            vec![&first, &between(1500, ""), after, &second],
            4,
            not_after,
        ),
        (
            vec![&first, r#"{"recheck":{}}"#, after, &second],
            4,
            not_after,
        ),
    ] {
        let batches = replay(&recording(&lines));
        assert_eq!(
            final_failure(&batches),
            format!("line {line}: {reason}"),
            "{lines:?}"
        );
    }
    // These are in order.
    let between = between(1500, "");
    let lines = [
        before, &first, after, &between, &between, before, &second, after,
    ];
    let batches = replay(&recording(&lines));
    assert!(batches.iter().all(|batch| batch.failure.is_none()));
    assert_eq!(batches.len(), 2);
}

#[test]
fn version_1_has_nothing_that_was_heard() {
    let lines = super::recording(&[&scan(1, &[1]), &between(1500, ""), &scan(2, &[1])]);
    assert_eq!(
        final_failure(&replay(&lines)),
        "line 3: version 1 has nothing that was heard"
    );
}

/// A happening is a fact of its source, so it can be wrong without being malformed.
#[test]
fn impossible_happenings_replay_without_a_panic() {
    let max = u64::MAX;
    let huge = format!(
        r#"{{"exited":{{"pid":4294967295,"start_time_ms":{max},"exit":{{"signal":127,"core_dumped":true}},"ended_at_ms":0,"lived_ns":{max},"likely_oom":true}}}}"#
    );
    let huge_birth = format!(
        r#"{{"born":{{"pid":4294967295,"start_time_ms":{max},"parent_pid":4294967295,"cpu_time_ns":{max},"read_offset_ns":{},"rss_bytes":{max}}}}}"#,
        i64::MAX
    );
    let first_pid = r#"{"exited":{"pid":1}}"#;
    for list in [
        format!("{huge_birth},{huge}"),
        format!("{huge},{huge_birth},{huge_birth},{huge},{huge}"),
        format!("{EXITED},{EXITED},{BORN},{BORN},{EXITED}"),
        format!("{first_pid},{first_pid}"),
        BORN.replace("born", "changed"),
        huge_birth.replace("born", "changed"),
        huge_birth.replace(&i64::MAX.to_string(), &i64::MIN.to_string()),
    ] {
        for missed in [0, max] {
            let fields = format!(r#","missed_total":{missed},"happened":[{list}]"#);
            let before = format!(r#"{{"heard":{{"when":"before","hearing":"deaf"{fields}}}}}"#);
            let lines = [
                &scan(1, &[1])[..],
                &between(1500, &fields),
                &before,
                &scan(2, &[1]),
                &before.replace("before", "after"),
                r#"{"recheck":{}}"#,
                &between(2000, &fields),
                &scan(3, &[1]),
                r#"{"recheck":{}}"#,
            ];
            let batches = replay(&recording(&lines));
            assert!(
                batches.iter().all(|batch| batch.failure.is_none()),
                "{list}"
            );
            assert!(batches.len() >= 3, "{list}");
        }
    }
}

#[test]
fn too_many_happenings_in_a_line_are_refused() {
    let many = vec![r#"{"exited":{"pid":9}}"#; (1 << 18) + 1].join(",");
    let batches = replay(&recording(&[
        &scan(1, &[1]),
        &happened(1500, &many),
        &scan(2, &[1]),
    ]));
    let error = final_failure(&batches);
    assert!(
        error.starts_with("line 3: ") && error.contains("more than 262144"),
        "{error}"
    );
}

/// A killed recorder leaves part of a line, at any place.
#[test]
fn a_recording_truncated_anywhere_replays_all_batches_before() {
    for (name, story) in STORIES {
        let story = story();
        if !story.listens() {
            continue;
        }
        let (bytes, live) = story.record();
        let texts = |batches: &[Arc<Batch>]| -> Vec<String> {
            batches.iter().map(|batch| text::whole(batch)).collect()
        };
        let live = texts(&live);
        // Each line boundary, and some places inside each line.
        for end in (0..=bytes.len()).filter(|&end| bytes[..end].ends_with(b"\n") || end % 97 == 0) {
            let Ok(source) = ReplaySource::new(std::io::Cursor::new(bytes[..end].to_vec())) else {
                let header = bytes.iter().position(|&byte| byte == b'\n').unwrap();
                assert!(end <= header, "{name}: {end}");
                continue;
            };
            let batches = play(source);
            let whole = batches.iter().take_while(|batch| batch.failure.is_none());
            let whole: Vec<_> = whole.cloned().collect();
            assert!(batches.len() - whole.len() <= 1, "{name}: {end}");
            // The batch of the last scan lacks what was heard just after it.
            let certain = whole.len().saturating_sub(1);
            assert_eq!(texts(&whole)[..certain], live[..certain], "{name}: {end}");
            for batch in &batches[whole.len()..] {
                let error = batch.failure.as_ref().unwrap();
                assert_eq!(error.class(), ErrorClass::BadData, "{name}: {end}: {error}");
            }
        }
    }
}

/// A scanner that never drains between scans gets everything with the next scan, and every loss.
#[test]
fn a_scanner_that_only_scans_gets_what_was_heard_with_the_next_scan() {
    let lossy = between(1600, "").replace("complete", "lossy");
    let complete = r#"{"heard":{"when":"before","hearing":"complete"}}"#;
    let lines = [
        complete,
        &scan(1, &[1]),
        &happened(1500, BORN),
        &lossy,
        &happened(1700, EXITED),
        complete,
        &scan(2, &[1]),
        complete,
        &scan(3, &[1]),
    ];
    let source = ReplaySource::new(std::io::Cursor::new(recording(&lines))).unwrap();
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let batches: Vec<_> = std::iter::from_fn(|| scanner.scan_once()).collect();
    assert_eq!(batches.len(), 3);
    assert_eq!(briefs(&batches[1].events), ["created 9 n9", "exited 9 n9"]);
    assert_eq!(
        hearings(&batches),
        [(2, Hearing::Lossy), (3, Hearing::Complete)]
    );
}

/// Drains without news are no batches, and do not move what follows them into the next scan.
#[test]
fn what_follows_a_drain_without_news_keeps_its_batch() {
    let (nothing, born) = (between(1200, ""), happened(1500, BORN));
    let lines = [
        &scan(1, &[1])[..],
        &nothing,
        &nothing,
        &nothing,
        &born,
        &nothing,
        &scan(2, &[1]),
    ];
    let batches = replay(&recording(&lines));
    assert_eq!(batches.len(), 3, "{batches:#?}");
    let born = batches
        .iter()
        .find(|batch| !batch.of_scan && !batch.events.is_empty());
    assert_eq!(briefs(&born.unwrap().events), ["created 9 n9"]);
    assert_eq!(born.unwrap().monotonic_ns, 1_500_000_000);
}

#[test]
fn a_header_without_the_field_is_of_a_source_that_only_scans() {
    let hears = |header: &str| {
        let source = ReplaySource::new(std::io::Cursor::new(header.to_owned() + "\n"));
        source.unwrap().info().hears_lives
    };
    assert!(!hears(HEADER));
    assert!(!hears(&HEADER.replace(":1,", ":2,")));
    assert!(hears(&HEADER.replace(":1,", r#":2,"hears_lives":true,"#)));
}

#[test]
fn secrets_in_a_recorded_reason_are_redacted() {
    let lossy = between(1500, r#","reason":"cannot read app --password hunter2""#);
    let lossy = lossy.replace("complete", "lossy");
    let complete = r#"{"heard":{"when":"before","hearing":"complete"}}"#;
    let lines = [complete, &scan(1, &[1]), &lossy, &scan(2, &[1])];
    let texts = format!("{:?}", replay(&recording(&lines)));
    assert!(
        texts.contains("cannot read app --password [redacted]"),
        "{texts}"
    );
    assert!(!texts.contains("hunter2"), "{texts}");
}

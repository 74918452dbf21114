//! `replay` of what was heard between scans.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::NamedTempFile;

use super::{has_control, json_lines, pscan, stdout_of};

const HEADER: &str = r#"{"pscan_recording":2,"source":"made up","start_time_resolution_ms":10,"own_pid":null,"hears_lives":true}"#;

/// Returns the path of a fixture.
fn fixture(name: &str) -> String {
    let package =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
    format!("{package}/fixtures/{name}.ndjson")
}

/// Returns sequence number, time, event and pid of a line.
fn brief(line: &Value) -> (u64, u64, String, u64) {
    let number = |value: &Value| value.as_u64().unwrap();
    (
        number(&line["seq"]),
        number(&line["at_ms"]),
        line["event"].as_str().unwrap().to_owned(),
        number(&line["process"]["pid"]),
    )
}

#[test]
fn replay_prints_what_was_heard_with_its_times() {
    let file = fixture("lives_between_two_scans_are_heard");
    let out = stdout_of(&["replay", "--json", &file]);
    let lines = json_lines(&out);
    let of_life = |line: &&Value| {
        let is_life = line["event"] == "created" || line["event"] == "exited";
        is_life && line["process"]["pid"] != 50
    };
    let lives: Vec<_> = lines.iter().filter(of_life).map(brief).collect();
    let begin_ms = 1_700_000_000_000;
    let expected = [
        (2, 330, "created", 300),
        (2, 330, "exited", 300),
        (2, 330, "created", 301),
        (2, 330, "exited", 301),
        (3, 470, "created", 302),
        (4, 690, "exited", 302),
        (5, 1000, "created", 303),
        (5, 1000, "created", 304),
        (5, 1000, "exited", 304),
    ];
    let expected =
        expected.map(|(seq, ms, event, pid)| (seq, begin_ms + ms, event.to_owned(), pid));
    assert_eq!(lives, expected);
    let end_of = |pid: u64| {
        let is_end = |line: &&Value| line["event"] == "exited" && line["process"]["pid"] == pid;
        lines.iter().find(is_end).unwrap()
    };
    let status = |pid| end_of(pid)["exit"].clone();
    assert_eq!(
        status(300),
        serde_json::json!({"code": 3, "signal": null, "core_dumped": false})
    );
    assert_eq!(
        status(301),
        serde_json::json!({"code": null, "signal": 11, "core_dumped": true})
    );
    assert_eq!(end_of(300)["lived_ms"], 4);
    assert_eq!(end_of(300)["ended_at_ms"], begin_ms + 304);
    // The speed changes when they are printed, and nothing else.
    assert_eq!(
        stdout_of(&["replay", "--json", &file, "--speed", "1000000"]),
        out
    );
}

#[test]
fn replay_prints_a_loss_and_its_end() {
    let file = fixture("events_are_lost_and_heard_again");
    let lines = json_lines(&stdout_of(&["replay", "--json", &file]));
    let is_change = |line: &&Value| line["event"] == "hearing_changed";
    let changes: Vec<_> = lines
        .iter()
        .filter(is_change)
        .map(|line| (line["from"].as_str().unwrap(), line["to"].as_str().unwrap()))
        .collect();
    let loss = [("complete", "lossy"), ("lossy", "complete")];
    assert_eq!(changes, loss);
}

/// A reason is a text of the source, and a recording can contain any.
#[test]
fn a_reason_cannot_control_the_terminal() {
    let wicked = r"\u001b[2J\n\u009b1m\u202e";
    let mut file = NamedTempFile::new().unwrap();
    let scan = |ms: u64| {
        format!(
            r#"{{"scan":{{"wall_ms":{ms},"monotonic_ns":{ms},"shown":{{"rows":[{{"pid":1}}]}}}}}}"#
        )
    };
    let lossy = format!(
        r#"{{"heard":{{"when":"between","wall_ms":2,"monotonic_ns":2,"hearing":"lossy","reason":"{wicked}","step":"bare","step_reason":"{wicked}","usage":false,"usage_reason":"{wicked}"}}}}"#
    );
    for line in [HEADER.to_owned(), scan(1), lossy, scan(3)] {
        writeln!(file, "{line}").unwrap();
    }
    let path = file.path().to_str().unwrap();
    for json in [&[][..], &["--json"]] {
        let out = stdout_of(&[&["replay", path], json].concat());
        assert!(!has_control(&out), "{out}");
        assert!(out.contains("lossy") && out.contains("bare"), "{out}");
    }
}

/// Ends a child that waits for an hour.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The next scan is an hour later, so what comes before has not waited for it.
#[test]
fn at_a_speed_what_was_heard_is_printed_at_its_time() {
    const HEARD_MS: u64 = 300;
    let mut file = NamedTempFile::new().unwrap();
    let row = r#"{"pid":1,"name":"init"}"#;
    let scan = |ms: u64| {
        format!(
            r#"{{"scan":{{"wall_ms":{ms},"monotonic_ns":{ms}000000,"shown":{{"rows":[{row}]}}}}}}"#
        )
    };
    let heard = |ms: u64, happened: &str| {
        format!(
            r#"{{"heard":{{"when":"between","wall_ms":{ms},"monotonic_ns":{ms}000000,"hearing":"complete","happened":[{happened}]}}}}"#
        )
    };
    let begin_ms = 1_700_000_000_000;
    let born = r#"{"born":{"pid":9,"start_time_ms":1700000000200,"name":"n9"}}"#;
    let lines = [
        HEADER.to_owned(),
        scan(begin_ms),
        heard(begin_ms + 100, ""),
        heard(begin_ms + HEARD_MS, born),
        scan(begin_ms + 3_600_000),
    ];
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    assert!(fs::metadata(file.path()).unwrap().len() > 0);
    let path = file.path().to_str().unwrap();
    let began = Instant::now();
    let child = pscan(&["replay", "--json", "--speed", "1", path])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Ends(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    // If it waited for the scan, this would not end.
    let created = lines.find(|line| line.as_ref().unwrap().contains(r#""created""#));
    assert!(created.is_some());
    assert!(began.elapsed() >= Duration::from_millis(HEARD_MS));
}

//! The commands that print events: `watch`, `record` and `replay`.

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::Stdio;

use process_scanner::{Event, ReplaySource, Scanner, Source};
use serde_json::Value;
use tempfile::TempDir;

use super::{crowded, eventful, json_lines, pscan, scans_in, stdout_of, text};

#[test]
fn watch_starts_with_existing_processes_and_ends_after_its_scans() {
    let fast = ["--scans", "2", "--interval", "50ms", "--cpu-budget", "off"];
    let out = stdout_of(&[&["watch", "--json"], &fast[..]].concat());
    let lines = json_lines(&out);
    let (first, second): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line["seq"] == 1);
    // On a busy host there are other lines too.
    let of_process = |line: &&&Value| !line["process"].is_null();
    let first: Vec<_> = first.iter().filter(of_process).collect();
    assert!(first.iter().all(|line| line["event"] == "existing"));
    assert!(
        first
            .iter()
            .any(|line| line["process"]["pid"] == std::process::id())
    );
    for line in second.iter().filter(of_process) {
        // Batches between scans are numbered too.
        assert!(line["seq"].as_u64() >= Some(2), "{line}");
        assert_ne!(line["event"], "existing");
        assert_eq!(
            line.get("changed").is_some(),
            line["event"] == "updated",
            "{line}"
        );
        assert_eq!(
            line.get("lived_ms").is_some(),
            line["event"] == "exited",
            "{line}"
        );
    }
    // Where the kernel reports nothing, the reason would be on standard error.
    let once = [
        "watch",
        "--scans",
        "1",
        "--cpu-budget",
        "off",
        "--poll-only",
    ];
    assert!(!stdout_of(&once).contains("Z existing "));
    let people = stdout_of(&[&once[..], &["--events", "existing"]].concat());
    assert!(people.matches("Z existing ").count() > 1, "{people}");
}

#[test]
fn replay_prints_each_kind_of_event() {
    let recording = eventful();
    let lines = json_lines(&stdout_of(&["replay", "--json", &recording.arg()]));
    let briefs: Vec<_> = lines
        .iter()
        .map(|line| {
            format!(
                "{} {} {}",
                line["seq"], line["event"], line["process"]["pid"]
            )
        })
        .collect();
    assert_eq!(
        briefs,
        [
            "1 \"existing\" 1",
            "1 \"existing\" 7",
            "2 \"updated\" 7",
            "2 \"created\" 9",
            "3 \"scan_failed\" null",
            "4 \"exited\" 7",
        ]
    );
    assert_eq!(lines[2]["changed"], serde_json::json!(["rss"]));
    assert_eq!(lines[4]["class"], "resources_exhausted");
    assert_eq!(lines[4]["message"], "made to fail");
    assert_eq!(lines[4]["at_ms"], 1_700_000_003_000_u64);
    assert_eq!(lines[5]["lived_ms"], 3500);
    assert_eq!(lines[5]["process"]["rss_bytes"], 8192);

    let people = stdout_of(&["replay", &recording.arg()]);
    let lines: Vec<_> = people.lines().collect();
    assert_eq!(
        lines,
        [
            "2023-11-14T22:13:22.000Z created        9 make            /bin/make",
            "2023-11-14T22:13:23.000Z scan failed: made to fail",
            "2023-11-14T22:13:24.000Z exited         7 sh              after at most 3.5s",
        ]
    );
    let more = stdout_of(&["replay", &recording.arg(), "--events", "existing,updated"]);
    let lines: Vec<_> = more.lines().collect();
    assert_eq!(
        lines,
        [
            "2023-11-14T22:13:21.000Z existing       1 init            /bin/init",
            "2023-11-14T22:13:21.000Z existing       7 sh              /bin/sh",
            "2023-11-14T22:13:22.000Z updated        7 sh              rss 8.2 kB",
            "2023-11-14T22:13:23.000Z scan failed: made to fail",
        ]
    );
}

#[test]
fn unseen_births_are_in_json_for_each_scan_that_has_any() {
    let recording = crowded();
    for filter in [&[][..], &["--pid", "9"], &["--events", "exited"]] {
        let out = stdout_of(&[&["replay", "--json", &recording.arg()], filter].concat());
        let unseen: Vec<_> = out
            .lines()
            .filter(|line| line.contains("unseen"))
            .map(String::from)
            .collect();
        assert_eq!(
            unseen,
            [
                r#"{"seq":2,"at_ms":1700000002000,"event":"unseen","unseen_at_most":296}"#,
                r#"{"seq":4,"at_ms":1700000004000,"event":"unseen","unseen_at_most":1}"#,
            ]
        );
        // It comes before the processes of its scan.
        if filter.is_empty() {
            let first = json_lines(&out).into_iter().find(|line| line["seq"] == 2);
            assert_eq!(first.unwrap()["event"], "unseen");
        }
    }
    let people = stdout_of(&["replay", &recording.arg()]);
    assert!(!people.contains("unseen"), "{people}");
}

/// Returns the library's events of a recording, as `seq kind pid`.
fn by_library(path: &Path) -> Vec<String> {
    let input = BufReader::new(fs::File::open(path).unwrap());
    let source: Box<dyn Source> = Box::new(ReplaySource::new(input).unwrap());
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let mut reported = Vec::new();
    while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
        assert!(batch.failure.is_none());
        let brief =
            |event: &Event| format!("{} {} {}", batch.seq, event.kind(), event.process().pid);
        reported.extend(batch.events.iter().map(brief));
    }
    reported
}

#[test]
fn a_live_recording_replays_the_same_events() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("live.ndjson");
    fs::write(&path, "what was there before is replaced\n".repeat(1000)).unwrap();
    let forced = ["--force", "--cpu-budget", "off"];
    let file = path.to_str().unwrap();
    let mut recorder = pscan(&["record", file, "--scans", "3", "--interval", "50ms"])
        .args(forced)
        .spawn()
        .unwrap();
    assert!(recorder.wait().unwrap().success());

    let lines = json_lines(&stdout_of(&["replay", file, "--json"]));
    let reported: Vec<_> = lines
        .iter()
        // This host may have had more births than were seen.
        .filter(|line| {
            let of_source = [
                "unseen",
                "hearing_changed",
                "listening_changed",
                "usage_changed",
            ];
            !of_source.contains(&line["event"].as_str().unwrap_or(""))
        })
        .map(|line| {
            let event = line["event"].as_str().unwrap();
            format!("{} {event} {}", line["seq"], line["process"]["pid"])
        })
        .collect();
    assert_eq!(reported, by_library(&path));
    assert!(reported.contains(&format!("1 existing {}", recorder.id())));
    assert_eq!(scans_in(&fs::read_to_string(&path).unwrap()), 3);
}

#[test]
fn a_recording_can_be_piped_into_replay() {
    let mut recorder = pscan(&["record", "-", "--scans", "2", "--interval", "50ms"])
        .args(["--cpu-budget", "off"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let replay = pscan(&["replay", "-", "--json"])
        .stdin(recorder.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(recorder.wait().unwrap().success());
    assert!(replay.status.success(), "{replay:?}");
    let lines = json_lines(text(&replay.stdout));
    assert!(
        lines
            .iter()
            .any(|line| line["process"]["pid"] == recorder.id())
    );
}

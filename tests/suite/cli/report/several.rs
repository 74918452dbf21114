//! Reports and exports of several recordings.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{data_of, run, text};
use crate::cli::json_lines;

const BEGIN_MS: u64 = 1_700_000_000_000;

/// A process of a scan: pid, start time, CPU time in milliseconds.
type Row = (u32, u64, u64);

/// Writes a recording of scans, each with its second.
fn recording(dir: &TempDir, name: &str, scans: &[(u64, &[Row])]) -> PathBuf {
    let header = json!({
        "pscan_recording": 2, "source": "made up", "start_time_resolution_ms": 10, "own_pid": null
    });
    let scans = scans.iter().map(|(second, rows)| {
        let rows = rows.iter().map(|(pid, start_ms, cpu_ms)| {
            json!({
                "pid": pid, "start_time_ms": start_ms, "name": "sh", "command": ["sh"],
                "cpu_time_ns": cpu_ms * 1_000_000, "rss_bytes": 4096
            })
        });
        json!({"scan": {
            "wall_ms": BEGIN_MS + second * 1000,
            "monotonic_ns": (100 + second) * 1_000_000_000,
            "shown": {"rows": rows.collect::<Vec<_>>()}
        }})
    });
    let lines: Vec<String> = std::iter::once(header)
        .chain(scans)
        .map(|line| line.to_string() + "\n")
        .collect();
    let path = dir.path().join(name);
    fs::write(&path, lines.concat()).unwrap();
    path
}

fn report_of(files: [&Path; 2]) -> (Value, String) {
    let [first, second] = files.map(|file| file.to_str().unwrap());
    let output = run(&["report", first, second, "-o", "-"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    (
        data_of(text(&output.stdout)),
        text(&output.stderr).to_owned(),
    )
}

/// Pid 7 goes on, pid 8 is gone, and pid 9 is used again.
fn two_runs(dir: &TempDir) -> [PathBuf; 2] {
    let before = BEGIN_MS - 50_000;
    let first = recording(
        dir,
        "first.ndjson",
        &[
            (0, &[(7, before, 1000), (8, before, 100), (9, before, 0)]),
            (1, &[(7, before, 1500), (8, before, 100), (9, before, 0)]),
            (2, &[(7, before, 2000), (8, before, 200), (9, before, 0)]),
        ],
    );
    // It used 60 s in the meantime.
    let second = recording(
        dir,
        "second.ndjson",
        &[
            (100, &[(7, before, 62_000), (9, BEGIN_MS + 50_000, 0)]),
            (101, &[(7, before, 62_300), (9, BEGIN_MS + 50_000, 0)]),
        ],
    );
    [first, second]
}

#[test]
fn the_end_of_a_recording_is_no_exit() {
    let dir = TempDir::new().unwrap();
    let [first, second] = two_runs(&dir);
    let (report, remarks) = report_of([&first, &second]);
    assert!(
        remarks.contains("second.ndjson begins another recording\n"),
        "{remarks}"
    );
    let totals = &report["totals"];
    assert_eq!(
        (&totals["exits"], &totals["births"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(totals["processes_at_end"], 2);
    assert_eq!(report["lives_total"], 4);
    let lives = &report["lives"];
    let mut ends: Vec<_> = (0..4)
        .map(|place| {
            assert_eq!(lives["outcome"][place], "running");
            (
                lives["pid"][place].as_u64(),
                lives["end_ms"][place].as_u64(),
            )
        })
        .collect();
    ends.sort();
    let left = Some(BEGIN_MS + 2000);
    assert_eq!(
        ends,
        [
            (Some(7), None),
            (Some(8), left),
            (Some(9), None),
            (Some(9), left)
        ]
    );
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("2 recordings") && notes.contains("lacked 2 processes."),
        "{notes}"
    );
    // The lines have no exit either.
    let lines = run(&[
        "replay",
        "--json",
        first.to_str().unwrap(),
        second.to_str().unwrap(),
    ]);
    let lines = json_lines(text(&lines.stdout));
    assert!(lines.iter().all(|line| line["event"] != "exited"));
}

#[test]
fn the_time_between_two_recordings_is_a_gap_without_cpu_time() {
    let dir = TempDir::new().unwrap();
    let [first, second] = two_runs(&dir);
    let (report, _) = report_of([&first, &second]);
    assert_eq!(
        report["totals"]["cpu_ms"],
        json!(1000.0 + 100.0 + 300.0),
        "without what was used in between"
    );
    let at = |second: u64| BEGIN_MS + second * 1000;
    assert_eq!(report["times_ms"], json!([at(1), at(2), at(100), at(101)]));
    assert_eq!(report["gaps"], json!([[at(2), at(100)]]));
    let groups = &report["groupings"][0]["groups"];
    assert_eq!(groups[0]["name"], "sh");
    assert_eq!(groups[0]["cpu_percent"], json!([50.0, 60.0, null, 30.0]));
    assert_eq!(report["programs"][0]["cpu_ms"], 1400.0);
}

#[test]
fn recordings_that_overlap_are_remarked() {
    let dir = TempDir::new().unwrap();
    let before = BEGIN_MS - 50_000;
    let scans =
        |begin: u64| (begin..begin + 10).map(move |second| (second, (7, before, second * 500)));
    let of = |name: &str, begin: u64| {
        let rows: Vec<(u64, [Row; 1])> =
            scans(begin).map(|(second, row)| (second, [row])).collect();
        let scans: Vec<(u64, &[Row])> = rows
            .iter()
            .map(|(second, rows)| (*second, &rows[..]))
            .collect();
        recording(&dir, name, &scans)
    };
    let (first, second) = (of("first.ndjson", 0), of("second.ndjson", 5));
    let (report, remarks) = report_of([&first, &second]);
    assert!(
        remarks.contains("4.0s before the end of the one before: they overlap"),
        "{remarks}"
    );
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("begins 4.0s before the end of the one before"),
        "{notes}"
    );
    // No bucket has the CPU time of the other recording too.
    let cpu = report["groupings"][0]["groups"][0]["cpu_percent"].clone();
    for percent in cpu.as_array().unwrap() {
        assert!(
            percent.as_f64().is_none_or(|percent| percent <= 50.0),
            "{cpu}"
        );
    }
    for command in [&["replay", "--json"][..], &["report", "-o", "-"]] {
        let files = [first.to_str().unwrap(), second.to_str().unwrap()];
        let output = run(&[command, &files].concat());
        assert!(text(&output.stderr).contains("they overlap"), "{output:?}");
    }
}

#[test]
fn a_chosen_time_without_scans_is_named() {
    let dir = TempDir::new().unwrap();
    let before = BEGIN_MS - 50_000;
    let rows: &[Row] = &[(7, before, 0)];
    let file = recording(&dir, "made.ndjson", &[(0, rows), (1, rows), (60, rows)]);
    let file = file.to_str().unwrap();
    // 22:13:20 UTC is the begin.
    let span = ["--from", "22:13:40Z", "--to", "22:13:50Z"];
    let expected = "no scan is from 2023-11-14T22:13:40.000+00:00 to 2023-11-14T22:13:50.000+00:00; the recording is \
                    from 2023-11-14T22:13:20.000+00:00 to 2023-11-14T22:14:20.000+00:00";
    let in_utc = |command: &[&str]| {
        let mut child = crate::cli::pscan(&[command, &[file], &span].concat());
        child.env("TZ", "UTC").output().unwrap()
    };
    let mut commands = vec![vec!["replay"], vec!["report", "-o", "-"]];
    if cfg!(feature = "export") {
        let folder = dir.path().join("tables");
        fs::create_dir(&folder).unwrap();
        commands.push(vec!["export", "--csv", "tables", "--force"]);
    }
    for command in commands {
        let mut command: Vec<String> = command.into_iter().map(str::to_owned).collect();
        for arg in &mut command {
            if arg == "tables" {
                *arg = dir.path().join("tables").to_str().unwrap().to_owned();
            }
        }
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = in_utc(&command);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let remarks = text(&output.stderr);
        assert!(remarks.contains(expected), "{remarks}");
        assert!(!remarks.contains("contains no scans"), "{remarks}");
        if command[0] == "report" {
            let notes = data_of(text(&output.stdout))["notes"].to_string();
            assert!(notes.contains("In the chosen time, no scan is"), "{notes}");
        }
    }
}

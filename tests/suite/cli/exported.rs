//! `export`: traces and tables equal what `replay` prints.

mod outputs;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use process_scanner::{Recorder, Scanner};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::{json_lines, run, text};
use crate::fold::{Change, change};
use crate::support::World;

type Rows = Vec<HashMap<String, String>>;

/// What the events of a recording add up to.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    lives: usize,
    births: usize,
    exits: usize,
    failures: usize,
    /// CPU time of all lives when they ended, or at the end of the recording, rounded.
    cpu_ms: u64,
}

fn rows(path: &Path) -> Rows {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A pid and a start time.
type Key = (u64, Option<u64>);

/// Returns the key of a process; `None` if it is none.
fn key_of(process: &Value) -> Option<Key> {
    Some((process["pid"].as_u64()?, process["start_time_ms"].as_u64()))
}

/// Folds the lines of `replay --json`.
fn sums_of_lines(lines: &[Value]) -> Sums {
    let mut sums = Sums::default();
    let mut cpu_ms = 0.0;
    let mut living: BTreeMap<Key, Option<f64>> = BTreeMap::new();
    for line in lines {
        if line["event"] == "resync" {
            // The next recording: those that it lacks leave, without an exit.
            let listed = lines.iter().filter(|other| other["seq"] == line["seq"]);
            let listed: Vec<_> = listed.filter_map(|line| key_of(&line["process"])).collect();
            living.retain(|key, used| {
                let stays = key.1.is_some() && listed.contains(key);
                cpu_ms += used.filter(|_| !stays).unwrap_or(0.0);
                stays
            });
        }
        let process = &line["process"];
        let Some(key) = key_of(process) else {
            continue;
        };
        if living
            .insert(key, process["cpu_time_ms"].as_f64())
            .is_none()
        {
            sums.lives += 1;
        }
        match line["event"].as_str().unwrap() {
            "created" => sums.births += 1,
            "exited" => {
                sums.exits += 1;
                let exit = &line["exit"];
                sums.failures += usize::from(!exit.is_null() && exit["code"] != 0);
                cpu_ms += living.remove(&key).flatten().unwrap_or(0.0);
            }
            _ => {}
        }
    }
    cpu_ms += living.values().flatten().sum::<f64>();
    sums.cpu_ms = cpu_ms.round() as u64;
    sums
}

/// Folds `lives.csv`.
fn sums_of_lives(lives: &Rows) -> Sums {
    let of = |column: &str, values: &[&str]| {
        let is = |row: &&HashMap<String, String>| values.contains(&&*row[column]);
        lives.iter().filter(is).count()
    };
    let cpu_ms = lives
        .iter()
        .filter_map(|row| row["cpu_time_ms"].parse::<f64>().ok());
    Sums {
        lives: lives.len(),
        births: of("born", &["true"]),
        exits: lives.len() - of("outcome", &["running"]),
        failures: of("outcome", &["failed", "signal", "out_of_memory"]),
        cpu_ms: cpu_ms.sum::<f64>().round() as u64,
    }
}

/// Exports recordings both ways, and compares them with their replay.
fn assert_equals_replay(recordings: &[&Path], folder: &Path) {
    let files: Vec<&str> = recordings
        .iter()
        .map(|file| file.to_str().unwrap())
        .collect();
    let recording = files.join(" ");
    let (csv, trace) = (folder.join("csv"), folder.join("trace"));
    let (csv, trace) = (csv.to_str().unwrap(), trace.to_str().unwrap());
    let args = ["export", "--force", "--csv", csv, "--perfetto", trace];
    let exported = run(&[&args[..], &files].concat());
    let replayed = run(&[&["replay", "--json"][..], &files].concat());
    assert_eq!(
        exported.status.code(),
        replayed.status.code(),
        "{recording}"
    );
    let lines = json_lines(text(&replayed.stdout));
    let expected = sums_of_lines(&lines);
    assert_eq!(
        sums_of_lives(&rows(&folder.join("csv/lives.csv"))),
        expected,
        "{recording}"
    );
    let scans = rows(&folder.join("csv/scans.csv"));
    let total = |column: &str| {
        scans
            .iter()
            // Unknown failures count as none in the lines.
            .map(|row| row[column].parse::<usize>().unwrap_or(0))
            .sum()
    };
    let totals: [usize; 3] = ["created", "exited", "failed"].map(total);
    assert_eq!(
        totals,
        [expected.births, expected.exits, expected.failures],
        "{recording}"
    );
    // A sample is an event of a scan that is no exit.
    let samples = rows(&folder.join("csv/samples.csv"));
    let seqs: Vec<_> = scans
        .iter()
        .filter(|row| row["of_scan"] == "true")
        .collect();
    let seqs: Vec<&str> = seqs.iter().map(|row| &*row["seq"]).collect();
    let is_sample = |line: &&Value| {
        let kind = line["event"].as_str().unwrap();
        let is_of_scan = seqs.contains(&&*line["seq"].to_string());
        is_of_scan && ["existing", "created", "updated"].contains(&kind)
    };
    // One that has ended in the same batch has no sample.
    assert!(
        samples.len() <= lines.iter().filter(is_sample).count(),
        "{recording}"
    );
    assert!(fs::metadata(trace).unwrap().len() > 0, "{recording}");
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let package =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
    let files = fs::read_dir(Path::new(&package).join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_recording = |path: &PathBuf| path.extension().is_some_and(|end| end == "ndjson");
    let files: Vec<_> = files.filter(is_recording).collect();
    assert!(files.len() > 20);
    files
}

#[test]
fn an_export_of_each_fixture_equals_its_replay() {
    let folder = TempDir::new().unwrap();
    for recording in fixtures("fixtures") {
        assert_equals_replay(&[&recording], folder.path());
    }
}

#[test]
fn an_export_of_several_recordings_equals_their_replay() {
    let folder = TempDir::new().unwrap();
    for pair in fixtures("fixtures").windows(2) {
        assert_equals_replay(&[&pair[0], &pair[1]], folder.path());
    }
}

#[test]
fn recordings_of_version_1_are_exported() {
    let folder = TempDir::new().unwrap();
    for recording in fixtures("fixtures/version-1") {
        assert_equals_replay(&[&recording], folder.path());
    }
}

proptest! {
    // Each case runs two programs.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_export_of_any_recording_equals_its_replay(
        changes in proptest::collection::vec(change(), 1..150)
    ) {
        let world = World::new();
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("made.ndjson");
        let recorder = Recorder::new(world.clone(), fs::File::create(&path).unwrap()).unwrap();
        let mut scanner = Scanner::builder().source(recorder).build().unwrap();
        scanner.scan_once();
        for change in changes {
            let is_scan = matches!(change, Change::Scan);
            world.happen(change);
            if is_scan {
                scanner.scan_once();
            }
        }
        drop(scanner);
        assert_equals_replay(&[&path], folder.path());
    }
}

fn a_fixture() -> String {
    let mut fixtures = fixtures("fixtures");
    fixtures.retain(|path| path.ends_with("processes_are_born_and_die.ndjson"));
    fixtures[0].to_str().unwrap().to_owned()
}

#[test]
fn secrets_are_redacted_as_in_a_replay() {
    let folder = TempDir::new().unwrap();
    let recording = folder.path().join("recording");
    let lines = [
        r#"{"pscan_recording":2,"source":"made up","start_time_resolution_ms":10,"own_pid":null}"#,
        r#"{"scan":{"wall_ms":1000,"monotonic_ns":1000,"shown":{"rows":[{"pid":1,"name":"sh","command":["curl","--password=hunter2"]}]}}}"#,
    ];
    fs::write(&recording, lines.join("\n") + "\n").unwrap();
    let (csv, trace) = (folder.path().join("tables"), folder.path().join("trace"));
    let (recording, csv_arg, trace_arg) = (
        recording.to_str().unwrap(),
        csv.to_str().unwrap(),
        trace.to_str().unwrap(),
    );
    let args = [
        "export",
        recording,
        "--csv",
        csv_arg,
        "--perfetto",
        trace_arg,
    ];
    for (more, is_visible) in [(&[][..], false), (&["--force", "--no-redact"], true)] {
        assert_eq!(run(&[&args[..], more].concat()).status.code(), Some(0));
        for file in [&csv.join("lives.csv"), &trace] {
            let bytes = fs::read(file).unwrap();
            let has_secret = bytes.windows(7).any(|part| part == b"hunter2");
            assert_eq!(has_secret, is_visible, "{}", file.display());
        }
    }
}

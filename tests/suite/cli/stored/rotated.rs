//! Recordings in several files: `--rotate` and `--keep`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::super::{failure_of, json_lines, run, scans_in, stdout_of, text};
use super::{assert_recorded, kinds, names, parts_in, record, replay, zipped};
use crate::support::await_some;

#[test]
fn a_recording_in_parts_replays_as_one() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson");
    assert_recorded(&file, &["--rotate", "10kB", "--scans", "40"]);
    let parts = parts_in(&dir);
    assert!(parts.len() > 1, "{parts:?}");
    assert_eq!(
        names(&parts)[..2],
        ["host.000001.ndjson", "host.000002.ndjson"]
    );
    let texts: Vec<_> = parts
        .iter()
        .map(|part| fs::read_to_string(part).unwrap())
        .collect();
    assert_eq!(texts.iter().map(|text| scans_in(text)).sum::<usize>(), 40);
    for (part, text) in parts.iter().zip(&texts) {
        assert!(text.starts_with(r#"{"pscan_recording":2,"#));
        let is_last = Some(part) == parts.last();
        assert!(is_last || text.len() >= 10_000, "{}", text.len());
        // Each alone has all processes.
        let alone = stdout_of(&["replay", "--json", part.to_str().unwrap()]);
        let lines = json_lines(&alone);
        let first = lines.iter().take_while(|line| line["event"] == "existing");
        assert!(first.count() > 1);
    }
    let base = stdout_of(&["replay", "--json", file.to_str().unwrap()]);
    let lines = json_lines(&base);
    let first = lines.iter().take_while(|line| line["seq"] == 1).count();
    let existing: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "existing")
        .collect();
    assert!(existing.iter().all(|line| line["seq"] == 1) && existing.len() <= first);
    assert_eq!(kinds(&lines, "resync"), 0);
    // In any order, and all in one.
    let mut args = vec!["replay", "--json"];
    args.extend(parts.iter().rev().map(|part| part.to_str().unwrap()));
    assert_eq!(stdout_of(&args), base);
    let all = dir.path().join("all");
    fs::write(&all, texts.concat()).unwrap();
    assert_eq!(
        stdout_of(&["replay", "--json", all.to_str().unwrap()]),
        base
    );
    let zipped: Vec<u8> = texts.iter().flat_map(|text| zipped(text)).collect();
    fs::write(&all, zipped).unwrap();
    assert_eq!(
        stdout_of(&["replay", "--json", all.to_str().unwrap()]),
        base
    );
    // So do reports and exports.
    let report = |file: &Path| {
        let page = stdout_of(&["report", file.to_str().unwrap(), "-o", "-"]);
        let (_, data) = page.split_once("\"totals\":").unwrap();
        data.split_once("</script>").unwrap().0.to_owned()
    };
    assert_eq!(report(&file), report(&all));
    #[cfg(feature = "export")]
    {
        let trace = |file: &Path| {
            let args = ["export", file.to_str().unwrap(), "--perfetto", "-"];
            run(&args).stdout
        };
        assert!(trace(&file) == trace(&all) && !trace(&all).is_empty());
    }
    // Times are those of all together.
    let whole: Vec<_> = lines
        .iter()
        .map(|line| line["at_ms"].as_u64().unwrap())
        .collect();
    let until = stdout_of(&["replay", "--json", file.to_str().unwrap(), "--at", "-0s"]);
    let until: Value = serde_json::from_str(&until).unwrap();
    assert!(until["taken_at_ms"].as_u64() >= whole.last().copied());
}

#[test]
fn a_missing_part_is_reported_and_processes_are_listed_anew() {
    // A busy machine makes fewer parts, or ends before the first scan of the last one.
    let has_scans = |part: &PathBuf| {
        let output = replay(part);
        output.status.success() && !output.stdout.is_empty()
    };
    let (dir, parts) = await_some("a recording of three parts", || {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("host.ndjson.gz");
        assert_recorded(&file, &["--rotate", "1s", "--for", "3500ms"]);
        let parts = parts_in(&dir);
        (parts.len() > 2 && parts.iter().all(has_scans)).then_some((dir, parts))
    });
    let file = dir.path().join("host.ndjson.gz");
    fs::remove_file(&parts[1]).unwrap();
    // A part of which nothing was written.
    let empty = dir.path().join("host.000099.ndjson.gz");
    fs::write(&empty, b"").unwrap();
    let output = replay(&file);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = json_lines(text(&output.stdout));
    assert_eq!(kinds(&lines, "resync"), 1);
    let seqs: Vec<_> = lines
        .iter()
        .map(|line| line["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.is_sorted());
    let error = text(&output.stderr);
    assert!(
        error.contains("host.000003.ndjson.gz begins another recording"),
        "{error}"
    );
    assert!(
        error.contains("left out: ") && error.contains("host.000099.ndjson.gz"),
        "{error}"
    );
}

#[test]
fn recordings_after_a_damaged_one_are_read() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson");
    assert_recorded(&file, &["--rotate", "1h", "--scans", "2"]);
    let first = parts_in(&dir).remove(0);
    let cut = fs::read(&first).unwrap();
    fs::write(&first, &cut[..cut.len() - 10]).unwrap();
    assert_recorded(&file, &["--rotate", "1h", "--scans", "2"]);
    let output = replay(&file);
    let lines = json_lines(text(&output.stdout));
    assert_eq!(kinds(&lines, "resync"), 1, "{output:?}");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = text(&output.stderr);
    assert!(
        error.contains("host.000002.ndjson begins another"),
        "{error}"
    );
    assert!(error.contains("ends inside the line"), "{error}");
    let report = run(&["report", file.to_str().unwrap(), "-o", "-"]);
    assert_eq!(report.status.code(), Some(1), "{report:?}");
    assert!(text(&report.stdout).contains("</html>"));
}

#[test]
fn only_parts_recorded_to_be_deleted_are() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson");
    let part = |number: u64, part: &str| {
        let header = format!(
            r#"{{"pscan_recording":2,"source":"x","start_time_resolution_ms":1,"own_pid":null{part}}}"#
        );
        let path = dir.path().join(format!("host.{number:06}.ndjson"));
        fs::write(&path, header + "\n").unwrap();
        path
    };
    let whole = part(2, "");
    let for_ever = part(3, r#","part":{"run":"old","number":3,"keep":null}"#);
    let old = part(4, r#","part":{"run":"old","number":4,"keep":5}"#);
    let thesis = dir.path().join("host.000001.ndjson");
    fs::write(&thesis, "years of work\n").unwrap();
    assert_recorded(&file, &["--rotate", "10kB", "--keep", "2", "--scans", "60"]);
    for kept in [&thesis, &whole, &for_ever] {
        assert!(kept.exists(), "{kept:?}");
    }
    assert!(!old.exists());
    let parts = parts_in(&dir);
    assert_eq!(parts.len(), 5, "{parts:?}");
    // The numbers go on after the last one.
    assert!(names(&parts)[3] > "host.000005", "{parts:?}");
}

#[test]
fn files_that_are_there_are_never_replaced() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson");
    fs::write(&file, "years of work\n").unwrap();
    let output = record(&file, &["--rotate", "10kB", "--scans", "1"]);
    assert!(failure_of(&output).contains("exists, and --rotate writes files beside it"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "years of work\n");
    assert_eq!(parts_in(&dir).len(), 1);
    let missing = dir.path().join("no/such/host.ndjson");
    let output = record(&missing, &["--rotate", "10kB", "--scans", "1"]);
    assert!(
        failure_of(&output).contains("pscan does not create folders"),
        "{output:?}"
    );
    for (args, expected) in [
        (
            &["record", "-", "--rotate", "1MB"][..],
            "--rotate needs files",
        ),
        (
            &["record", "x", "--rotate", "1MB", "--force"],
            "cannot be used with",
        ),
        (&["record", "x", "--keep", "3"], "--rotate <SIZE|TIME>"),
        (
            &["record", "x", "--rotate", "1MB", "--keep", "1"],
            "at least 2",
        ),
        (
            &["record", "x", "--rotate", "100"],
            "write 100MB, or a time such as 100m",
        ),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
}

//! How `pscan run` ends: the exit status of its command, and its own failures.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{has_control, pscan, text};

/// Runs a shell script, and returns the exit status of pscan, and its summary in JSON.
fn run_script(options: &[&str], script: &str) -> (Option<i32>, Value) {
    let args = [&["run", "--json"], options, &["sh", "-c", script]].concat();
    let output = pscan(&args).output().unwrap();
    let line = text(&output.stderr);
    assert_eq!(line.lines().count(), 1, "{line}");
    (output.status.code(), serde_json::from_str(line).unwrap())
}

#[test]
fn the_exit_status_is_that_of_the_command() {
    for options in [&[][..], &["--poll-only"], &["--poll-only", "--"]] {
        for (script, status, exit) in [
            (
                "exit 0",
                0,
                json!({"code": 0, "signal": null, "core_dumped": false}),
            ),
            (
                "exit 3",
                3,
                json!({"code": 3, "signal": null, "core_dumped": false}),
            ),
            (
                "exit 127",
                127,
                json!({"code": 127, "signal": null, "core_dumped": false}),
            ),
            (
                "kill -TERM $$",
                143,
                json!({"code": null, "signal": 15, "core_dumped": false}),
            ),
            (
                "kill -KILL $$",
                137,
                json!({"code": null, "signal": 9, "core_dumped": false}),
            ),
        ] {
            let (code, summary) = run_script(options, script);
            assert_eq!(code, Some(status), "{script}");
            assert_eq!(summary["exit"], exit, "{summary}");
        }
    }
}

#[test]
fn a_command_that_cannot_be_started_has_a_status_of_its_own() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).unwrap();
    let nameless = folder.path().join("\u{1b}[31m");
    for (command, status) in [
        (folder.path().join("missing"), 127),
        (plain, 126),
        (folder.path().to_owned(), 126),
        (nameless, 127),
    ] {
        let output = pscan(&["run", command.to_str().unwrap()]).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let line = text(&output.stderr);
        assert!(line.starts_with("pscan: cannot run "), "{line}");
        assert!(!has_control(line), "{line:?}");
    }
}

#[test]
fn a_failure_of_pscan_has_status_125() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("no/such/file");
    let missing = missing.to_str().unwrap();
    let full = folder.path().join("full");
    fs::write(&full, "data").unwrap();
    let marker = folder.path().join("started");
    let touch = ["touch", marker.to_str().unwrap()];
    for options in [
        &["--output", missing][..],
        &["--record", missing],
        &["--record", full.to_str().unwrap()],
        &["--nonsense"],
        &["--interval", "1ms"],
        &["--force"],
    ] {
        let args = [&["run"], options, &touch].concat();
        let output = pscan(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        assert!(!marker.exists(), "{options:?}");
    }
    let output = pscan(&["run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    let tip = "  tip: name the command to run: 'pscan run make -j8'\n";
    assert!(text(&output.stderr).contains(tip), "{output:?}");
    assert_eq!(fs::read_to_string(full).unwrap(), "data");
}

#[test]
fn options_after_the_command_belong_to_it() {
    let output = pscan(&["run", "echo", "--json", "-h", "--", "--help"])
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "--json -h -- --help\n");
    let output = pscan(&["run", "--", "echo", "--json"]).output().unwrap();
    assert_eq!(text(&output.stdout), "--json\n");
    let help = pscan(&["run", "--help"]).output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("<COMMAND>..."));
}

#[test]
fn standard_input_and_output_are_those_of_the_command() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "one\ntwo\n").unwrap();
    let summary = folder.path().join("summary");
    let output = pscan(&["run", "--output", summary.to_str().unwrap(), "--"])
        .args(["sh", "-c", "cat; echo error >&2"])
        .stdin(fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "one\ntwo\n");
    assert_eq!(text(&output.stderr), "error\n");
    let summary = fs::read_to_string(summary).unwrap();
    assert!(
        summary.starts_with("pscan run      sh: exit 0"),
        "{summary}"
    );
}

#[test]
fn ignored_signals_stay_ignored_for_the_command() {
    let mut nohup = Command::new("nohup");
    super::without_settings(&mut nohup)
        .arg(assert_cmd::cargo::cargo_bin!("pscan"))
        .args(["run", "sh", "-c", "kill -HUP $PPID; kill -HUP $$; exit 5"])
        .stdin(Stdio::null());
    let Ok(output) = nohup.output() else {
        return eprintln!("skipped: there is no nohup");
    };
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn the_status_is_known_where_the_caller_ignores_the_ends_of_children() {
    let command = pscan(&["run", "sh", "-c", "exit 3"]);
    let pscan = command.get_program().to_str().unwrap();
    let script = format!("trap '' CHLD; exec {pscan} run sh -c 'exit 3'");
    // A shell that has no such signal would fail at once.
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

#[test]
fn a_summary_and_a_recording_do_not_destroy_files() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (kept, zipped) = (path("kept"), path("run.ndjson.gz"));
    fs::write(&kept, "a longer text than nothing").unwrap();
    let output = pscan(&["run", "--output", &kept, "/no/such/program"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127), "{output:?}");
    assert_eq!(
        fs::read_to_string(&kept).unwrap(),
        "a longer text than nothing"
    );
    let output = pscan(&["run", "--output", &kept, "--record", &kept, "true"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    let args = ["run", "--json", "--output", &kept, "--record", &zipped];
    let output = pscan(&args).arg("true").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let summary = fs::read_to_string(&kept).unwrap();
    assert_eq!(summary.lines().count(), 1, "{summary}");
    // The name decides whether it is compressed, and it has its end.
    assert!(fs::read(&zipped).unwrap().starts_with(b"\x1f\x8b"));
    let replay = pscan(&["replay", &zipped]).output().unwrap();
    assert_eq!(replay.status.code(), Some(0), "{replay:?}");
    assert_eq!(text(&replay.stderr), "");
}

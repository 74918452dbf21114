//! What `pscan run` reports of a command and its descendants.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{has_control, pscan, scans_in, text};

/// Runs a shell script, and returns the summary in JSON.
fn summary_of(options: &[&str], script: &str) -> Value {
    let args = [&["run", "--json"], options, &["sh", "-c", script]].concat();
    let output = pscan(&args).output().unwrap();
    serde_json::from_str(text(&output.stderr)).unwrap()
}

/// Returns whether the kernel reported all births and exits.
fn is_exact(summary: &Value) -> bool {
    let is_exact = summary["sampled_every_ms"].is_null() && summary["unseen_at_most"] == 0;
    if !is_exact {
        eprintln!("SKIPPED in part: {}", summary["not_listening"]);
    }
    is_exact
}

fn sum(summary: &Value, field: &str) -> u64 {
    let programs = summary["programs"].as_array().unwrap();
    programs
        .iter()
        .map(|sum| sum[field].as_u64().unwrap_or(0))
        .sum()
}

#[test]
fn each_of_a_thousand_commands_is_counted() {
    let script = "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); sh -c ': $0; exit $1' a $((i % 100 == 0)); done; :";
    let summary = summary_of(&[], script);
    let started = summary["started"].as_u64().unwrap();
    assert_eq!(sum(&summary, "started"), started);
    if !is_exact(&summary) {
        let unseen = summary["unseen_at_most"].as_u64();
        assert!(
            unseen.is_none_or(|unseen| started + unseen >= 1001),
            "{summary}"
        );
        return;
    }
    assert_eq!(started, 1001, "{summary}");
    assert_eq!(
        (&summary["failed"], &summary["exits_unknown"]),
        (&10.into(), &0.into())
    );
    assert_eq!(sum(&summary, "failed"), 10);
    assert_eq!(summary["failures"].as_array().unwrap().len(), 10);
    assert_eq!(summary["most_at_a_time"], 2);
    assert_eq!(summary["remaining"], Value::Array(Vec::new()));
    // The longest first, without the command itself.
    let slowest = summary["slowest"].as_array().unwrap();
    let lives: Vec<_> = slowest
        .iter()
        .map(|life| life["life_ms"].as_f64().unwrap())
        .collect();
    assert!(lives.is_sorted_by(|a, b| a >= b), "{lives:?}");
    assert!(lives[0] < summary["wall_ms"].as_f64().unwrap());
}

#[test]
fn a_daemon_is_listed_and_goes_on() {
    // It has no parent when the command ends, holds no output of the test, and ends with its input.
    let script = "exec 3<&0; ( (read line <&3) > /dev/null 2>&1 & ); exec true";
    let mut child = pscan(&["run", "--json", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    let summary: Value = serde_json::from_str(text(&output.stderr)).unwrap();
    let remaining = summary["remaining"].as_array().unwrap();
    assert_eq!(remaining.len(), 1, "{summary}");
    drop(input);
}

#[test]
fn an_orphan_is_followed() {
    // `cat` ends when the orphan has closed its output.
    let summary = summary_of(&[], "(sh -c 'echo; exit 3' &) | cat > /dev/null; :");
    if is_exact(&summary) {
        let lives = ["failures", "remaining"].map(|list| summary[list].as_array().unwrap().len());
        assert_eq!(lives.iter().sum::<usize>(), 1, "{summary}");
    }
}

#[test]
fn scans_alone_say_how_often_and_how_many_they_may_miss() {
    let summary = summary_of(&["--poll-only"], "exit 3");
    assert_eq!(summary["sampled_every_ms"], 50);
    let seen = summary["started"].as_u64().unwrap() + summary["unseen_at_most"].as_u64().unwrap();
    assert!(seen >= 1, "{summary}");
    let output = pscan(&["run", "--poll-only", "--interval", "70ms", "true"])
        .output()
        .unwrap();
    let first = text(&output.stderr).lines().next().unwrap();
    assert!(first.contains("; sampled every 70 ms"), "{first}");
}

#[test]
fn without_the_connector_the_reason_is_in_the_summary() {
    let mut unshare = Command::new("unshare");
    let output = super::without_settings(&mut unshare)
        .arg("-n")
        .arg(assert_cmd::cargo::cargo_bin!("pscan"))
        .args(["run", "--json", "sh", "-c", "exit 3"])
        .stdin(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.code() == Some(3));
    let Some(Output { stderr, .. }) = output else {
        return eprintln!("SKIPPED: a network namespace needs root and unshare(1)");
    };
    let summary: Value = serde_json::from_str(text(&stderr)).unwrap();
    assert_eq!(summary["sampled_every_ms"], 50);
    assert!(summary["not_listening"].is_string(), "{summary}");
}

#[test]
fn secrets_are_redacted_and_escapes_are_harmless() {
    for options in [&["run"][..], &["run", "--json"]] {
        // It goes on until the test has read its line.
        let mut child = pscan(options)
            .args(["sh", "-c", "echo ready; read line; exit 3", "\u{1b}[31m\n"])
            .arg("--password=hunter2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let summary = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            !summary.contains("hunter2") && !has_control(summary),
            "{summary}"
        );
    }
}

#[test]
fn a_recording_of_the_run_can_be_replayed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("run.ndjson");
    let file = file.to_str().unwrap();
    for options in [&[][..], &["--force"]] {
        let args = [&["run", "--record", file], options, &["true"]].concat();
        let output = pscan(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(scans_in(&fs::read_to_string(file).unwrap()) >= 2);
    }
    let replayed = pscan(&["replay", file, "--json"]).output().unwrap();
    assert_eq!(replayed.status.code(), Some(0));
}

//! `docs/json.schema.json` accepts every line that `--json` prints, and refuses others.
#![cfg(feature = "cli")]

mod fields;
mod kinds;
#[cfg(target_os = "linux")]
mod linux;
mod wrong;

use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use jsonschema::Validator;
use serde_json::{Value, json};

/// The parts of the schema that a line can be validated against.
const LISTING: &str = "listing";
const SHOWN: &str = "shown";
const GROUPS: &str = "groups";
const RAN: &str = "ran";
const EVENT: &str = "event";
const STATS: &str = "stats";

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/json.schema.json")).unwrap()
}

fn validator(part: &str) -> Validator {
    let mut schema = schema();
    schema["oneOf"] = json!([{ "$ref": format!("#/$defs/{part}") }]);
    jsonschema::validator_for(&schema).unwrap()
}

fn pscan(args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("pscan"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// Returns the lines that a command prints to standard output and to standard error until it ends.
fn lines_of(args: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let output = pscan(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    let lines = |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(parsed).collect()
    };
    (lines(output.stdout), lines(output.stderr))
}

fn assert_all(part: &str, lines: &[Value]) {
    let validator = validator(part);
    assert!(!lines.is_empty());
    for line in lines {
        if let Err(error) = validator.validate(line) {
            panic!("{part}, {}: {error}\n{line}", error.instance_path());
        }
    }
}

#[test]
fn the_schema_is_valid() {
    let schema = schema();
    assert!(jsonschema::meta::validate(&schema).is_ok());
    // The whole schema accepts lines of all parts.
    let any = jsonschema::validator_for(&schema).unwrap();
    let (lines, stats) = lines_of(&["watch", "--json", "--scans", "1", "--stats"]);
    let (shown, _) = lines_of(&["show", &std::process::id().to_string(), "--json"]);
    let (groups, _) = lines_of(&["--by", "name", "--json", "--sample", "0"]);
    let all = lines.iter().chain(&stats).chain(&shown).chain(&groups);
    assert!(all.into_iter().all(|line| any.is_valid(line)));
}

#[test]
fn the_schema_accepts_the_listing_of_this_host() {
    for sample in ["0", "20ms"] {
        let (lines, _) = lines_of(&["--json", "--sample", sample]);
        assert_eq!(lines.len(), 1);
        assert_all(LISTING, &lines);
    }
}

#[test]
fn the_schema_accepts_a_shown_process() {
    let own = std::process::id().to_string();
    for sample in ["0", "20ms"] {
        let (lines, _) = lines_of(&["show", &own, &own, "--json", "--sample", sample]);
        assert_eq!(lines.len(), 2);
        assert_all(SHOWN, &lines);
    }
}

#[test]
fn the_schema_accepts_groups() {
    for by in ["name", "user", "container", "unit", "executable"] {
        for sample in ["0", "20ms"] {
            let (lines, _) = lines_of(&["--by", by, "--json", "--sample", sample]);
            assert_all(GROUPS, &lines);
            assert_eq!(lines[0]["by"], by);
        }
    }
}

#[test]
fn the_schema_accepts_the_summary_of_a_run() {
    let script = "sh -c 'exit 3'; sh -c 'exec sleep 0'; :";
    for options in [&["run", "--json"][..], &["run", "--json", "--poll-only"]] {
        let command = ["sh", "-c", script];
        let (_, lines) = lines_of(&[options, &command[..]].concat());
        assert_eq!(lines.len(), 1);
        assert_all(RAN, &lines);
    }
}

#[test]
fn the_schema_accepts_the_stats_of_a_scanner() {
    let watch = ["watch", "--json", "--stats", "--interval", "50ms"];
    let ends = ["--scans", "3", "--cpu-budget", "off"];
    let (_, stats) = lines_of(&[&watch[..], &ends].concat());
    assert_eq!(stats.len(), 1);
    assert_all(STATS, &stats);
}

//! The schema accepts every kind of event that it lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

/// Returns the kinds of event that the schema lists.
fn kinds() -> BTreeSet<String> {
    let schema = schema();
    let cases = schema["$defs"][EVENT]["oneOf"].as_array().unwrap();
    let names = cases.iter().flat_map(|case| {
        let event = &case["properties"]["event"];
        match event["enum"].as_array() {
            Some(names) => names.clone(),
            None => vec![event["const"].clone()],
        }
    });
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn kinds_of(lines: &[Value]) -> BTreeSet<String> {
    lines
        .iter()
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect()
}

fn lines_of_fixtures() -> Vec<Value> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let folder = PathBuf::from(package).join("fixtures");
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "ndjson") {
            lines.extend(lines_of(&["replay", "--json", path.to_str().unwrap()]).0);
        }
    }
    lines
}

/// Returns the events of a scanner whose scans exceed its budget, so that the interval grows.
fn lines_with_a_longer_interval() -> Vec<Value> {
    let watch = ["watch", "--json", "--interval", "50ms"];
    // A longer interval would let the second scan wait for minutes.
    let limits = ["--cpu-budget", "0.01", "--max-interval", "100ms"];
    lines_of(&[&watch[..], &limits, &["--scans", "2"]].concat()).0
}

/// Returns the events of a recorded source that listens less closely.
fn lines_with_a_step() -> Vec<Value> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let fixture = PathBuf::from(package).join("fixtures/events_are_lost_and_heard_again.ndjson");
    let step = r#""hearing":"lossy","step":"exits_only","step_reason":"a storm""#;
    let text = fs::read_to_string(fixture).unwrap();
    let text = text.replace(r#""hearing":"lossy""#, step);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    lines_of(&["replay", "--json", file.path().to_str().unwrap()]).0
}

/// Returns the events of a recorded source that ceases to hear what exited processes used.
fn lines_without_usage() -> Vec<Value> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let fixture = PathBuf::from(package).join("fixtures/events_are_lost_and_heard_again.ndjson");
    let text = fs::read_to_string(fixture).unwrap();
    let with_usage = r#""hearing":"complete","usage":true"#;
    let without = r#""hearing":"lossy","usage":false,"usage_reason":"the buffer was full""#;
    let text = text.replace(r#""hearing":"complete""#, with_usage);
    let text = text.replace(r#""hearing":"lossy""#, without);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    lines_of(&["replay", "--json", file.path().to_str().unwrap()]).0
}

#[test]
fn the_schema_accepts_every_kind_of_event() {
    let watch = ["watch", "--json", "--interval", "50ms"];
    let mut lines = lines_of(&[&watch[..], &["--cpu-budget", "off", "--scans", "3"]].concat()).0;
    lines.extend(lines_of_fixtures());
    lines.extend(lines_with_a_longer_interval());
    lines.extend(lines_with_a_step());
    lines.extend(lines_without_usage());
    #[cfg(target_os = "linux")]
    {
        use super::linux;
        lines.extend(linux::lines_with_an_open_breaker());
        lines.extend(linux::lines_with_lost_batches());
        lines.extend(linux::lines_of_a_source_that_cannot_listen());
    }
    assert_all(EVENT, &lines);

    let mut expected = kinds();
    assert_eq!(expected.len(), 14);
    if cfg!(not(target_os = "linux")) {
        // These need a `/proc` that disappears or has other processes, and a pipe of one page.
        expected.remove("not_listening");
        expected.remove("breaker_changed");
        expected.remove("resync");
    }
    if cfg!(windows) {
        // Short scans may take no tick of the CPU clock.
        expected.remove("interval_changed");
        expected.remove("budget_changed");
    }
    let emitted = kinds_of(&lines);
    assert!(emitted.is_superset(&expected), "{emitted:?}");
}

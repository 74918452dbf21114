//! Events of every kind that the schema knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

/// The kinds of event that the schema names.
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

fn replayed() -> Vec<Value> {
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

/// What a scanner that must not use what a scan costs says of its pace.
fn slowed_down() -> Vec<Value> {
    let watch = ["watch", "--json", "--interval-ms", "50"];
    lines_of(&[&watch[..], &["--cpu-budget", "0.01", "--scans", "1"]].concat()).0
}

#[test]
fn it_holds_for_every_kind_of_event() {
    let watch = ["watch", "--json", "--interval-ms", "50"];
    let mut lines = lines_of(&[&watch[..], &["--cpu-budget", "off", "--scans", "3"]].concat()).0;
    lines.extend(replayed());
    lines.extend(slowed_down());
    #[cfg(target_os = "linux")]
    {
        use super::linux;
        lines.extend(linux::broken_off());
        lines.extend(linux::read_too_slowly());
    }
    assert_all(EVENT, &lines);

    let mut expected = kinds();
    assert_eq!(expected.len(), 8);
    if cfg!(not(target_os = "linux")) {
        // It takes a `/proc` that goes away, and a pipe of one page.
        expected.remove("breaker_changed");
        expected.remove("resync");
    }
    if cfg!(windows) {
        // One short scan may take no tick of the CPU clock.
        expected.remove("interval_changed");
    }
    let told = kinds_of(&lines);
    assert!(told.is_superset(&expected), "{told:?}");
}

//! Recordings in files: compressed ones, those in several files, and their recorders.

mod recorders;
mod rotated;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

use super::{eventful, failure_of, pscan, run, scans_in, stdout_of, text};

const FAST: [&str; 4] = ["--interval", "50ms", "--cpu-budget", "off"];

/// Compresses lines, each flushed as a recorder does.
fn zipped(recording: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for line in recording.split_inclusive('\n') {
        encoder.write_all(line.as_bytes()).unwrap();
        encoder.flush().unwrap();
    }
    encoder.finish().unwrap()
}

fn unzipped(file: &Path) -> String {
    let mut text = String::new();
    let file = File::open(file).unwrap();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

fn record(file: &Path, more: &[&str]) -> Output {
    run(&[&["record", file.to_str().unwrap()], &FAST[..], more].concat())
}

fn assert_recorded(file: &Path, more: &[&str]) {
    let output = record(file, more);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
}

fn replay(file: &Path) -> Output {
    run(&["replay", "--json", file.to_str().unwrap()])
}

/// Returns the parts in a folder, in order of their names.
fn parts_in(dir: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let mut parts: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    parts.sort();
    parts
}

fn names(parts: &[PathBuf]) -> Vec<&str> {
    let names = parts
        .iter()
        .map(|part| part.file_name().unwrap().to_str().unwrap());
    names.collect()
}

/// Returns the events of kinds that are only right where the stream goes on.
fn kinds(lines: &[Value], wanted: &str) -> usize {
    lines.iter().filter(|line| line["event"] == wanted).count()
}

#[test]
fn a_name_that_ends_in_gz_is_compressed_and_read_back() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson.gz");
    assert_recorded(&file, &["--scans", "3"]);
    assert!(fs::read(&file).unwrap().starts_with(b"\x1f\x8b"));
    let recording = unzipped(&file);
    assert_eq!(scans_in(&recording), 3);
    let plain = dir.path().join("plain.ndjson");
    fs::write(&plain, &recording).unwrap();
    let expected = replay(&plain);
    assert_eq!(expected.status.code(), Some(0));
    let output = replay(&file);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), text(&expected.stdout));
    // No name decides how it is read.
    let from_stdin = pscan(&["replay", "--json", "-"])
        .stdin(File::open(&file).unwrap())
        .output()
        .unwrap();
    assert_eq!(text(&from_stdin.stdout), text(&expected.stdout));
    let renamed = dir.path().join("renamed");
    fs::rename(&file, &renamed).unwrap();
    assert_eq!(text(&replay(&renamed).stdout), text(&expected.stdout));
    let at = ["replay", renamed.to_str().unwrap(), "--at", "-0s", "-q"];
    assert!(!stdout_of(&at).is_empty());
}

#[test]
fn a_compressed_recording_that_is_cut_replays_every_scan_before() {
    let made = eventful();
    let recording = fs::read_to_string(made.path()).unwrap();
    let whole = text(&replay(&made.path()).stdout).to_owned();
    let zipped = zipped(&recording);
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("cut");
    for len in (12..zipped.len()).step_by(7) {
        fs::write(&file, &zipped[..len]).unwrap();
        let output = replay(&file);
        assert!(whole.starts_with(text(&output.stdout)), "{len}");
        let error = text(&output.stderr);
        // As an uncompressed one, it is right where it ends with a line.
        assert!(
            error.contains("the compressed data has no end"),
            "{len}: {error}"
        );
        match output.status.code() {
            Some(0) => {}
            _ => assert!(
                [
                    "ends inside the line",
                    "ends before the recheck",
                    "is empty",
                    "not a recording"
                ]
                .iter()
                .any(|reason| error.contains(reason)),
                "{len}: {error}"
            ),
        }
    }
    // Without its trailer alone, nothing is missing.
    fs::write(&file, &zipped[..zipped.len() - 8]).unwrap();
    let output = replay(&file);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), whole);
}

#[test]
fn damaged_compressed_data_is_an_error() {
    let made = eventful();
    let mut zipped = zipped(&fs::read_to_string(made.path()).unwrap());
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("damaged");
    let trailer = zipped.len() - 6;
    zipped[trailer] ^= 1;
    fs::write(&file, &zipped).unwrap();
    let output = replay(&file);
    assert!(
        failure_of(&output).contains("the compressed data is damaged"),
        "{output:?}"
    );
    // All of it was read before the checksum.
    assert_eq!(output.stdout, replay(&made.path()).stdout);
}

/// Deflate makes a thousandth of blanks, and a line has a limit.
#[test]
fn a_bomb_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("bomb.gz");
    let mut encoder = GzEncoder::new(File::create(&file).unwrap(), Compression::fast());
    let header =
        r#"{"pscan_recording":2,"source":"x","start_time_resolution_ms":1,"own_pid":null}"#;
    writeln!(encoder, "{header}").unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..65 {
        encoder.write_all(&blanks).unwrap();
    }
    encoder.finish().unwrap();
    let output = replay(&file);
    assert!(
        failure_of(&output).contains("line 2: the line is longer than"),
        "{output:?}"
    );
}

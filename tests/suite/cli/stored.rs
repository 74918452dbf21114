//! Compressed recordings, and those in several files.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{eventful, failure_of, json_lines, pscan, run, scans_in, stdout_of, text};
use crate::support::await_some;

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

/// Returns the whole lines that a recorder has written so far.
fn written(file: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    let mut lines = Vec::new();
    if bytes.starts_with(b"\x1f\x8b") {
        // It fails at the end, which is not there yet.
        let _ = MultiGzDecoder::new(&bytes[..]).read_to_end(&mut lines);
    } else {
        lines = bytes;
    }
    let whole = lines.iter().rposition(|byte| *byte == b'\n');
    lines.truncate(whole.map_or(0, |end| end + 1));
    String::from_utf8(lines).unwrap()
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
    // A busy machine makes fewer parts.
    let (dir, parts) = await_some("a recording of three parts", || {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("host.ndjson.gz");
        assert_recorded(&file, &["--rotate", "1s", "--for", "3500ms"]);
        let parts = parts_in(&dir);
        (parts.len() > 2).then_some((dir, parts))
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

/// A recorder that runs until it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(file: &Path, rotate: &str) -> Self {
        let args = [
            &["record", file.to_str().unwrap(), "--rotate", rotate],
            &FAST[..],
        ]
        .concat();
        Self(pscan(&args).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Waits until a file has its first scan.
    fn wait_for(&mut self, file: &Path) {
        await_some("a scan in the file", || {
            assert!(self.0.try_wait().unwrap().is_none(), "it has ended");
            (scans_in(&written(file)) > 0).then_some(())
        });
    }

    fn output(mut self) -> Output {
        let mut stderr = Vec::new();
        self.0
            .stderr
            .take()
            .unwrap()
            .read_to_end(&mut stderr)
            .unwrap();
        let status = self.0.wait().unwrap();
        Output {
            status,
            stdout: Vec::new(),
            stderr,
        }
    }
}

#[test]
fn a_second_recorder_of_the_same_parts_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson");
    let mut first = Running::start(&file, "1h");
    let part = dir.path().join("host.000001.ndjson");
    first.wait_for(&part);
    let output = record(&file, &["--rotate", "1h", "--scans", "1"]);
    assert!(
        failure_of(&output).contains("another program is recording to"),
        "{output:?}"
    );
    let pid = Pid::from_raw(first.0.id().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(first.output().status.success());
    // The next one goes on with the numbers.
    assert_recorded(&file, &["--rotate", "1h", "--scans", "2"]);
    assert_eq!(
        names(&parts_in(&dir)),
        ["host.000001.ndjson", "host.000002.ndjson"]
    );
    let output = replay(&file);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(kinds(&json_lines(text(&output.stdout)), "resync"), 1);
}

#[test]
fn a_folder_that_vanishes_ends_the_recording_with_an_error() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("in/host.ndjson");
    fs::create_dir(dir.path().join("in")).unwrap();
    let mut running = Running::start(&file, "1s");
    let part = dir.path().join("in/host.000001.ndjson");
    running.wait_for(&part);
    fs::rename(dir.path().join("in"), dir.path().join("away")).unwrap();
    let output = running.output();
    let line = failure_of(&output);
    // On a busy machine there may be a second part already.
    assert!(
        line.contains("cannot create ") && line.contains("in/host.0000"),
        "{line}"
    );
    // What was written is whole.
    let output = replay(&dir.path().join("away/host.000001.ndjson"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_killed_recorder_leaves_all_but_the_last_second() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson.gz");
    let args = [&["record", file.to_str().unwrap()], &FAST[..]].concat();
    let mut running = Running(pscan(&args).stderr(Stdio::null()).spawn().unwrap());
    // A scan is only there after a flush.
    running.wait_for(&file);
    drop(running);
    let output = replay(&file);
    let error = text(&output.stderr);
    assert!(error.contains("the compressed data has no end"));
    // The kill may have come while it wrote.
    let is_whole = output.status.code() == Some(0);
    assert!(
        is_whole || error.contains("ends inside the line"),
        "{error}"
    );
    assert!(kinds(&json_lines(text(&output.stdout)), "existing") > 1);
}

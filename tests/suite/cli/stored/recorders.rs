//! Recorders that run: two of the same files, and what is left when one ends early.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Output, Stdio};

use flate2::read::MultiGzDecoder;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::super::{failure_of, json_lines, pscan, scans_in, text};
use super::{FAST, assert_recorded, kinds, names, parts_in, record, replay};
use crate::support::await_some;

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

//! The files that `record` writes, and those that it refuses.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{failure_of, json_lines, pscan, run, scans_in, text};
use crate::support::PATIENCE;

const ONCE: [&str; 4] = ["--scans", "1", "--cpu-budget", "off"];

fn record(path: &Path, more: &[&str]) -> std::process::Output {
    run(&[&["record", path.to_str().unwrap()], &ONCE[..], more].concat())
}

fn assert_recorded(path: &Path, more: &[&str]) {
    let output = record(path, more);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
}

fn in_folder(dir: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    set_mode(&path, 0o600);
    path
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_that_others_can_read_is_reported_and_that_of_another_user_refused() {
    let dir = TempDir::new().unwrap();
    let file = in_folder(&dir, "open.ndjson", "");
    set_mode(&file, 0o644);
    let output = record(&file, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let remark = format!(
        "pscan: other users can read {}; to prevent that, run chmod 600 on it\n",
        file.display()
    );
    assert_eq!(text(&output.stderr), remark);
    let planted = in_folder(&dir, "planted.ndjson", "");
    if std::os::unix::fs::chown(&planted, Some(65534), None).is_err() {
        return eprintln!("skipped: only root can give a file to another user");
    }
    let output = record(&planted, &[]);
    let refusal = "belongs to another user";
    assert!(failure_of(&output).contains(refusal), "{output:?}");
    assert_eq!(fs::read(&planted).unwrap(), b"");
    assert_recorded(&planted, &["--force"]);
}

#[test]
fn a_full_disk_is_reported_with_what_is_left_of_the_recording() {
    let output = record(Path::new("/dev/full"), &[]);
    let failure = failure_of(&output);
    let advice = "(free space there; no scan was written)";
    assert!(failure.contains(advice), "{failure}");
}

#[test]
fn a_file_with_content_is_replaced_only_on_request() {
    let dir = TempDir::new().unwrap();
    let file = in_folder(&dir, "thesis.txt", "years of work\n");
    let link = dir.path().join("link");
    symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        let output = record(path, &[]);
        let expected = format!(
            "pscan: {} is not empty (name another file, or add --force to replace what it contains)",
            path.display()
        );
        assert_eq!(failure_of(&output), expected);
        assert_eq!(fs::read_to_string(&file).unwrap(), "years of work\n");
    }
    // A start that fails keeps it too.
    let failed = record(&file, &["--force", "--proc", "/nowhere"]);
    assert!(failure_of(&failed).contains("/nowhere"), "{failed:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "years of work\n");
    assert_recorded(&link, &["--force"]);
    // Nothing of the old content is left.
    let recording = fs::read_to_string(&file).unwrap();
    assert!(recording.starts_with("{\"pscan_recording\""), "{recording}");
    assert_eq!(scans_in(&recording), 1);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_new_file_is_private_and_an_existing_one_keeps_its_mode() {
    let dir = TempDir::new().unwrap();
    let new = dir.path().join("new");
    assert_recorded(&new, &[]);
    assert_eq!(mode(&new), 0o600);
    // What a dangling link names is a new file.
    let (link, target) = (dir.path().join("link"), dir.path().join("target"));
    symlink(&target, &link).unwrap();
    assert_recorded(&link, &[]);
    assert_eq!(mode(&target), 0o600);
    let empty = in_folder(&dir, "empty", "");
    set_mode(&empty, 0o620);
    assert_recorded(&empty, &[]);
    assert_eq!(mode(&empty), 0o620);
}

#[test]
fn pipes_and_devices_need_no_force() {
    assert_recorded(Path::new("/dev/null"), &[]);
    let output = record(Path::new("/dev/stdout"), &[]);
    assert_eq!(scans_in(text(&output.stdout)), 1, "{output:?}");
    let dir = TempDir::new().unwrap();
    let fifo = dir.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let args = [&["record", fifo.to_str().unwrap()], &ONCE[..]].concat();
    let mut recorder = pscan(&args).spawn().unwrap();
    let mut recording = String::new();
    let mut reader = File::open(&fifo).unwrap();
    reader.read_to_string(&mut recording).unwrap();
    assert!(recorder.wait().unwrap().success());
    assert_eq!(scans_in(&recording), 1);
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let dir = TempDir::new().unwrap();
    let file = in_folder(&dir, "read-only", "years of work\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let output = record(&file, &["--force"]);
    if output.status.success() {
        eprintln!("skipped in part: this user may write every file");
    } else {
        assert!(
            failure_of(&output).contains("that you may write"),
            "{output:?}"
        );
    }
    let link = dir.path().join("folder");
    symlink(dir.path(), &link).unwrap();
    for path in [dir.path(), &link] {
        let output = record(path, &["--force"]);
        assert!(failure_of(&output).ends_with("(name a file in that folder)"));
    }
    let circle = dir.path().join("circle");
    symlink(&circle, &circle).unwrap();
    failure_of(&record(&circle, &["--force"]));
}

/// A recorder that runs until it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_recorder_of_a_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("shared.ndjson");
    let args = ["record", file.to_str().unwrap(), "--stats"];
    let first = pscan(&args).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = Running(first);
    // It has the lock before it writes.
    let has_written = || fs::metadata(&file).is_ok_and(|file| file.len() > 0);
    let deadline = Instant::now() + PATIENCE;
    while !has_written() {
        assert!(first.0.try_wait().unwrap().is_none(), "it has ended");
        assert!(Instant::now() < deadline, "it does not write");
        std::thread::yield_now();
    }
    for more in [&[][..], &["--force"]] {
        let expected = format!(
            "pscan: another program is recording to {} (name another file, or end that program)",
            file.display()
        );
        assert_eq!(failure_of(&record(&file, more)), expected);
    }
    let pid = Pid::from_raw(first.0.id().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(first.0.wait().unwrap().success());
    json_lines(&fs::read_to_string(&file).unwrap());
    // The lock ends with its recorder.
    assert_recorded(&file, &["--force"]);
}

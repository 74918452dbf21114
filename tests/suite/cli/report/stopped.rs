//! Signals that end `report` and `export`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::eventful;
use crate::cli::{failure_of, pscan};

/// Makes a pipe with a name.
fn pipe_in(dir: &TempDir) -> PathBuf {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let path = dir.path().join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    path
}

fn start(args: &[&str]) -> Child {
    let mut command = pscan(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until a condition holds. The command must not end before.
fn wait_until(child: &mut Child, is_met: impl Fn(u32) -> bool) {
    while !is_met(child.id()) {
        assert_eq!(child.try_wait().unwrap(), None);
        thread::yield_now();
    }
}

/// Returns whether a process handles SIGTERM.
fn handles_term(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let bit = 1 << (Signal::TERM.as_raw() - 1);
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & bit != 0)
}

/// Sends SIGTERM, which must end the command without a file.
fn assert_stops(child: Child) {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        failure_of(&output).contains("stopped by a signal; no file was written"),
        "{output:?}"
    );
}

/// Returns the names in a folder besides the pipe.
fn others(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "pipe").collect()
}

#[test]
fn a_signal_ends_the_reading_of_a_recording_and_leaves_no_file() {
    let dir = TempDir::new().unwrap();
    let pipe = pipe_in(&dir);
    let page = dir.path().join("page.html");
    let (pipe_arg, page_arg) = (pipe.to_str().unwrap(), page.to_str().unwrap());
    // Nothing has opened the pipe.
    let mut child = start(&["report", pipe_arg, "-o", page_arg]);
    wait_until(&mut child, |_| others(dir.path()).len() == 1);
    assert_stops(child);
    assert_eq!(others(dir.path()), [""; 0]);
    // It has begun to read, and the end never comes.
    let mut child = start(&["report", pipe_arg, "-o", page_arg]);
    let mut writer = File::options().write(true).open(&pipe).unwrap();
    let recording = fs::read(eventful().path()).unwrap();
    std::io::Write::write_all(&mut writer, &recording).unwrap();
    wait_until(&mut child, |_| others(dir.path()).len() == 1);
    assert_stops(child);
    drop(writer);
    assert_eq!(others(dir.path()), [""; 0]);
}

#[test]
fn a_signal_ends_the_wait_for_a_reader() {
    let (dir, recording) = (TempDir::new().unwrap(), eventful());
    let pipe = pipe_in(&dir);
    let mut commands = vec![("report", "-o")];
    if cfg!(feature = "export") {
        commands.push(("export", "--perfetto"));
    }
    for (command, option) in commands {
        let args = [command, &recording.arg(), option, pipe.to_str().unwrap()];
        let mut child = start(&args);
        wait_until(&mut child, handles_term);
        assert_stops(child);
    }
    // One that opens the pipe, and never reads the page, which is larger than a pipe.
    let child = start(&["report", &recording.arg(), "-o", pipe.to_str().unwrap()]);
    let reader = File::open(&pipe).unwrap();
    assert_stops(child);
    drop(reader);
    // One that has enough of it.
    let child = start(&["report", &recording.arg(), "-o", pipe.to_str().unwrap()]);
    drop(File::open(&pipe).unwrap());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

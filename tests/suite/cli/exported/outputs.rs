//! The files that `export` writes.

use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use super::super::{failure_of, pscan, run, text};
use super::a_fixture;

#[test]
fn without_an_output_it_is_wrong_usage() {
    let output = run(&["export", &a_fixture()]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("--perfetto FILE, --csv DIR, or both"),
        "{message}"
    );
}

#[test]
fn files_that_exist_are_kept_without_force() {
    let folder = TempDir::new().unwrap();
    let csv = folder.path().join("tables");
    fs::create_dir(&csv).unwrap();
    fs::write(csv.join("scans.csv"), "mine").unwrap();
    let trace = folder.path().join("trace");
    let (fixture, csv_arg, trace_arg) =
        (a_fixture(), csv.to_str().unwrap(), trace.to_str().unwrap());
    let args = [
        "export",
        &fixture,
        "--csv",
        csv_arg,
        "--perfetto",
        trace_arg,
    ];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(1));
    assert!(failure_of(&output).contains("--force"));
    assert_eq!(fs::read(csv.join("scans.csv")).unwrap(), b"mine");
    // Nothing is left of the others.
    assert_eq!(fs::read_dir(&csv).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let output = run(&[&args[..], &["--force"]].concat());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read_dir(&csv).unwrap().count(), 3);
    let messages = text(&output.stderr);
    assert_eq!(messages.matches("pscan: wrote ").count(), 4, "{messages}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn a_trace_is_no_table() {
    let folder = TempDir::new().unwrap();
    let csv = folder.path().join("tables");
    let traces = [
        csv.join("lives.csv"),
        csv.join("./scans.csv"),
        csv.join("../tables/samples.csv"),
    ];
    let refused = |trace: &std::path::Path| {
        let (csv, trace) = (csv.to_str().unwrap(), trace.to_str().unwrap());
        let output = run(&[
            "export",
            &a_fixture(),
            "--force",
            "--csv",
            csv,
            "--perfetto",
            trace,
        ]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let message = failure_of(&output);
        assert!(
            message.contains("would be the trace and a table"),
            "{message}"
        );
    };
    for trace in &traces {
        refused(trace);
        assert!(!csv.exists());
    }
    fs::create_dir(&csv).unwrap();
    for name in ["lives.csv", "samples.csv", "scans.csv"] {
        fs::write(csv.join(name), "mine").unwrap();
    }
    traces.iter().for_each(|trace| refused(trace));
    #[cfg(unix)]
    {
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&traces[0], &link).unwrap();
        refused(&link);
    }
    assert_eq!(fs::read(&traces[0]).unwrap(), b"mine");
    assert_eq!(fs::read_dir(&csv).unwrap().count(), 3);
}

#[test]
fn a_failure_leaves_no_folder() {
    let folder = TempDir::new().unwrap();
    let csv = folder.path().join("tables");
    let output = run(&["export", "/nonexistent/x", "--csv", csv.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(failure_of(&output).contains("check the path"));
    assert!(!csv.exists());
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = run(&["export", &a_fixture(), "--csv", file.to_str().unwrap()]);
    assert!(failure_of(&output).contains("name a folder"));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_new_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let (csv, trace) = (folder.path().join("tables"), folder.path().join("trace"));
    let (csv_arg, trace_arg) = (csv.to_str().unwrap(), trace.to_str().unwrap());
    let args = [
        "export",
        &a_fixture(),
        "--csv",
        csv_arg,
        "--perfetto",
        trace_arg,
    ];
    assert_eq!(run(&args).status.code(), Some(0));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&csv), 0o700);
    for file in [
        &trace,
        &csv.join("lives.csv"),
        &csv.join("samples.csv"),
        &csv.join("scans.csv"),
    ] {
        assert_eq!(mode(file), 0o600);
    }
}

#[test]
fn a_trace_goes_from_standard_input_to_standard_output() {
    let fixture = a_fixture();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("trace");
    run(&["export", &fixture, "--perfetto", file.to_str().unwrap()]);
    let mut child = pscan(&["export", "-", "--perfetto", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&fs::read(&fixture).unwrap()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, fs::read(&file).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_no_file() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::thread;

    let folder = TempDir::new().unwrap();
    let csv = folder.path().join("tables");
    let mut child = pscan(&["export", "-", "--csv", csv.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The end of the recording never comes.
    let stdin = child.stdin.take().unwrap();
    let files = || fs::read_dir(&csv).map_or(0, Iterator::count);
    while files() < 3 {
        assert_eq!(child.try_wait().unwrap(), None);
        thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(1));
    assert!(failure_of(&output).contains("no file was written"));
    assert!(!csv.exists());
}

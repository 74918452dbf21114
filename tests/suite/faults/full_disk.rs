//! The disk of a recording is full, or its folder cannot be written any more.

use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::mount::{MountFlags, mount, mount_remount};
use tempfile::TempDir;

use super::{is_root, skip, with_own_mounts};
use crate::support::await_some;

fn pscan(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("pscan"));
    command.args(args).stdin(Stdio::null());
    command
}

fn record(file: &Path, more: &[&str]) -> Output {
    let all = [
        "record",
        file.to_str().unwrap(),
        "--interval",
        "50ms",
        "--cpu-budget",
        "off",
    ];
    pscan(&[&all[..], more].concat()).output().unwrap()
}

fn error_of(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_full_disk_ends_a_recording_and_leaves_it_whole() {
    if !is_root() {
        return skip(
            "a_full_disk_ends_a_recording_and_leaves_it_whole",
            "needs root",
        );
    }
    with_own_mounts(|| {
        for (name, rotate) in [
            ("host.ndjson", &[][..]),
            ("host.ndjson", &["--rotate", "20kB"]),
            ("host.ndjson.gz", &[]),
        ] {
            await_some("a disk with room for the first scan", || {
                fill_disk(name, rotate).then_some(())
            });
        }
    });
}

/// Records until the disk is full, and returns whether the first scan did fit: other tests may have
/// started many processes meanwhile.
fn fill_disk(name: &str, rotate: &[&str]) -> bool {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join(name);
    assert!(record(&file, &["--scans", "1"]).status.success());
    // Not many more fit.
    let size = fs::metadata(&file).unwrap().len() * 2 + 8192;
    let size = CString::new(format!("size={size}")).unwrap();
    mount(
        "none",
        dir.path(),
        "tmpfs",
        MountFlags::empty(),
        Some(&*size),
    )
    .unwrap();
    let output = record(&file, &[&["--for", "5m"], rotate].concat());
    let error = error_of(&output);
    assert!(error.contains("No space left"), "{error}");
    let output = pscan(&["replay", "--json", file.to_str().unwrap()])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    rustix::mount::unmount(dir.path(), rustix::mount::UnmountFlags::DETACH).unwrap();
    printed.lines().count() > 2
}

#[test]
fn a_folder_that_becomes_read_only_ends_a_recording_at_the_next_part() {
    if !is_root() {
        return skip(
            "a_folder_that_becomes_read_only_ends_a_recording",
            "needs root",
        );
    }
    with_own_mounts(|| {
        let dir = TempDir::new().unwrap();
        mount(
            "none",
            dir.path(),
            "tmpfs",
            MountFlags::empty(),
            Some(c"size=256m"),
        )
        .unwrap();
        let file = dir.path().join("host.ndjson");
        let output = record(&file, &["--rotate", "1s", "--scans", "2"]);
        assert!(output.status.success(), "{output:?}");
        // A busy machine makes several.
        let parts = || fs::read_dir(dir.path()).unwrap().count();
        let before = parts();
        mount_remount(dir.path(), MountFlags::RDONLY, c"").unwrap();
        let output = record(&file, &["--rotate", "1s", "--scans", "2"]);
        let error = error_of(&output);
        assert!(
            error.contains("cannot create ") && error.contains("host.0000"),
            "{error}"
        );
        assert_eq!(parts(), before);
        rustix::mount::unmount(dir.path(), rustix::mount::UnmountFlags::DETACH).unwrap();
    });
}

//! Processes of another user.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use process_scanner::{Changes, Collect, Event, LinuxSource, Source};
use rustix::mount::{MountFlags, mount, mount_remount};
use tempfile::TempDir;

use super::{Cat, ROLE, Watched, assert_passed, cpu_ticks, is_root, skip, with_own_mounts};
use crate::support::{Live, ONLY_LIVE, await_some, live_sources};

pub(crate) const NOBODY: u32 = 65534;

/// Copies this program to a folder that all users may enter.
pub(crate) fn program_for_all() -> (TempDir, PathBuf) {
    let folder = tempfile::Builder::new()
        .prefix("pscan-test")
        .tempdir_in("/tmp")
        .unwrap();
    let program = folder.path().join("suite");
    // Copied by cp(1): a child that another test forks at this moment would hold the file open for
    // writing, and such a file cannot be executed (ETXTBSY, execve(2)).
    let copied = Command::new("cp")
        .arg(std::env::current_exe().unwrap())
        .arg(&program)
        .status()
        .unwrap();
    assert!(copied.success());
    let open = PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    (folder, program)
}

#[test]
fn readable_fields_of_another_users_processes_are_reported() {
    live_sources().for_each(readable_fields_of_another_users_processes_are_reported_with);
}

fn readable_fields_of_another_users_processes_are_reported_with(live: Live) {
    if let Ok(pid) = std::env::var(ROLE) {
        let watched = Watched::new(live);
        let theirs = watched.snapshot.by_pid(pid.parse().unwrap()).unwrap();
        assert_eq!(theirs.name.as_deref(), Some("cat"));
        assert!(theirs.start_time_ms.is_some() && theirs.cpu_time_ms.is_some());
        return;
    }
    if !is_root() {
        return skip(
            "readable_fields_of_another_users_processes_are_reported",
            "needs root",
        );
    }
    let roots = Cat::start();
    let (_folder, program) = program_for_all();
    let output = Command::new(&program)
        .args([
            "--exact",
            "faults::users::readable_fields_of_another_users_processes_are_reported",
            "--nocapture",
        ])
        .env(ROLE, roots.pid().to_string())
        .env(ONLY_LIVE, live.name)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert_passed(&output);
}

/// Waits until the child prints this word.
pub(super) fn await_word(child: &mut Child, word: &str) {
    let stdout = BufReader::new(child.stdout.as_mut().unwrap());
    let is_printed = stdout.lines().any(|line| line.unwrap().contains(word));
    assert!(is_printed, "the child ended before it printed {word}");
}

/// Runs one test of this program again as the user `nobody`; `pid` is the process to watch.
pub(super) fn start_as_other_user(program: &Path, test: &str, live: Live, pid: u32) -> Child {
    Command::new(program)
        .args(["--exact", &format!("faults::{test}"), "--nocapture"])
        .env(ROLE, pid.to_string())
        .env(ONLY_LIVE, live.name)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn other_users_processes_become_hidden_during_a_watch() {
    live_sources().for_each(other_users_processes_become_hidden_during_a_watch_with);
}

fn other_users_processes_become_hidden_during_a_watch_with(live: Live) {
    const THIS: &str = "users::other_users_processes_become_hidden_during_a_watch";
    if let Ok(pid) = std::env::var(ROLE) {
        return watch_while_others_are_hidden(live, pid.parse().unwrap());
    }
    if !is_root() {
        return skip(THIS, "needs root");
    }
    with_own_mounts(move || {
        let roots = Cat::start();
        let goes = Cat::start();
        // A second /proc: changing the options of the first would affect the whole host.
        mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
        let (_folder, program) = program_for_all();
        let mut child = start_as_other_user(&program, THIS, live, goes.pid());
        await_word(&mut child, "watching");
        mount_remount("/proc", MountFlags::empty(), "hidepid=2").unwrap();
        drop(goes);
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_passed(&output);
        drop(roots);
    });
}

fn watch_while_others_are_hidden(live: Live, goes: u32) {
    let mut watched = Watched::new(live);
    assert!(watched.knows(1));
    let goes = watched.snapshot.by_pid(goes).unwrap().key();
    println!("watching");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    assert!(!fs::exists("/proc/1").unwrap(), "it is not hidden");
    for _ in 0..3 {
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        assert!(watched.knows(1), "process 1 is reported as exited");
        assert!(batch.unconfirmed.iter().any(|key| key.pid == 1));
        assert!(watched.snapshot.get(goes).is_none(), "its exit is reported");
        assert!(watched.knows(std::process::id()));
    }
}

/// Processes of other users stay listed, but their files become unreadable.
///
/// Only the source `linux` can distinguish that from an exit.
#[test]
fn other_users_files_become_unreadable_during_a_watch() {
    const THIS: &str = "users::other_users_files_become_unreadable_during_a_watch";
    let Some(live) = live_sources().find(|live| live.name == "linux") else {
        return;
    };
    if let Ok(pid) = std::env::var(ROLE) {
        return watch_while_files_are_closed(live, pid.parse().unwrap());
    }
    if !is_root() {
        return skip(THIS, "needs root");
    }
    with_own_mounts(move || {
        let mut works = Cat::start();
        mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
        let (_folder, program) = program_for_all();
        let mut child = start_as_other_user(&program, THIS, live, works.pid());
        await_word(&mut child, "seen");
        // So that the scanner keeps its files open.
        works.work_beyond(cpu_ticks(works.pid()));
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        await_word(&mut child, "watching");
        mount_remount("/proc", MountFlags::empty(), "hidepid=1").unwrap();
        // So that there is something to read.
        works.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_passed(&output);
    });
}

fn watch_while_files_are_closed(live: Live, works: u32) {
    let mut watched = Watched::new(live);
    // On a busy machine its command line can come late.
    await_some("its command line", || {
        watched.scan();
        let seen = watched.snapshot.by_pid(works)?;
        seen.command.is_some().then_some(())
    });
    println!("seen");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    watched.scan();
    let before = watched.snapshot.by_pid(works).unwrap().clone();
    println!("watching");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    assert!(fs::read(format!("/proc/{works}/stat")).is_err());
    // Enough scans that each process is read in full.
    let mut was_unconfirmed = false;
    for _ in 0..40 {
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        // Until the process has run, it counts as idle.
        for event in &batch.events {
            let is_idleness =
                matches!(event, Event::Updated { changed, .. } if *changed == Changes::CPU);
            assert!(event.process().pid != works || is_idleness, "{event:?}");
        }
        was_unconfirmed |= batch.unconfirmed.iter().any(|key| key.pid == works);
    }
    assert!(was_unconfirmed);
    assert_denied_processes_are_not_read_for_the_first_time_again();
    let after = watched.snapshot.by_pid(works).unwrap();
    assert_eq!(
        (after.key(), after.parent_pid),
        (before.key(), before.parent_pid)
    );
    assert_eq!(
        (&after.name, &after.command),
        (&before.name, &before.command)
    );
    assert_eq!(
        (after.status, after.resources.rss_bytes),
        (before.status, before.resources.rss_bytes)
    );
}

/// If denied processes were read for the first time in each scan, each scan would have first reads.
///
/// Some have: other tests start processes of this user, which can be read.
fn assert_denied_processes_are_not_read_for_the_first_time_again() {
    let mut source = LinuxSource::new(Collect::default()).unwrap();
    let mut scan = || {
        let mut rows = 0;
        let seen = source.scan(&mut |_| rows += 1).unwrap();
        (rows, seen.first_read_cpu_ns)
    };
    let (rows, first_ns) = scan();
    assert!(rows > 1 && first_ns > 0, "{rows} rows, {first_ns} ns");
    await_some("a scan without first reads", || {
        (scan().1 == 0).then_some(())
    });
}

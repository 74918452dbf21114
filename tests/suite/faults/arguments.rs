//! Hostile names and command lines of real processes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use super::{Cat, Watched, skip};
use crate::support::{Live, await_some, live_sources};

#[test]
fn hostile_names_and_arguments_are_reported_unchanged() {
    live_sources().for_each(hostile_names_and_arguments_are_reported_unchanged_with);
}

fn hostile_names_and_arguments_are_reported_unchanged_with(live: Live) {
    let folder = tempfile::tempdir().unwrap();
    // A name has at most 15 bytes (`comm`).
    for (name, expected) in [
        (&b"a) R 1 (b"[..], "a) R 1 (b"),
        (b"new\nline\x1b[2J", "new\nline\u{1b}[2J"),
        (b"not \xff utf-8", "not \u{fffd} utf-8"),
        (b"\"quotes\" \\", "\"quotes\" \\"),
    ] {
        let program = folder.path().join(OsStr::from_bytes(name));
        let cat = ["/bin/cat", "/usr/bin/cat"]
            .into_iter()
            .find(|path| fs::exists(path).unwrap())
            .unwrap();
        std::os::unix::fs::symlink(cat, &program).unwrap();
        let child = Command::new(&program)
            .args(std::iter::repeat_n("-", 100_000))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map(Cat);
        let child = match child {
            Ok(child) => child,
            Err(error) => return skip("100,000 arguments", &error.to_string()),
        };
        let mut watched = Watched::new(live);
        // On a busy machine a command line can come too late for a scan; the next scan asks for it
        // again.
        let process = await_some("its command line", || {
            watched.scan();
            let process = watched.snapshot.by_pid(child.pid()).cloned();
            process.filter(|process| process.command.is_some())
        });
        assert_eq!(process.name.as_deref(), Some(expected));
        let command = process.command.as_ref().unwrap();
        let args = command.args().count();
        assert!(
            (8000..10_000).contains(&args),
            "{args} arguments of two bytes are kept"
        );
        assert!(command.args().next_back().unwrap().ends_with('…'));
        assert_eq!(command.args().next(), Some(&*program.to_string_lossy()));
    }
}

#[test]
fn huge_command_lines_are_not_kept_in_memory() {
    live_sources().for_each(huge_command_lines_are_not_kept_in_memory_with);
}

fn huge_command_lines_are_not_kept_in_memory_with(live: Live) {
    let children: Vec<Cat> = (0..10)
        .map_while(|_| {
            Command::new("cat")
                .args(std::iter::repeat_n("-", 190_000))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .ok()
                .map(Cat)
        })
        .collect();
    if children.len() < 10 {
        return skip(
            "huge_command_lines_are_not_kept_in_memory",
            "they cannot be started",
        );
    }
    let mut watched = None;
    let counted = allocation_counter::measure(|| {
        let mut scanner = Watched::new(live);
        for _ in 0..3 {
            scanner.scan();
        }
        watched = Some(scanner);
    });
    let watched = watched.unwrap();
    for child in &children {
        assert!(watched.knows(child.pid()));
    }
    // Each has 380 KB, and one at a time is held.
    assert!(counted.bytes_max < 8 << 20, "{} bytes", counted.bytes_max);
}

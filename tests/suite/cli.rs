//! The command `pscan`, run as a child process.
#![cfg(feature = "cli")]

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod arenas;
mod births;
mod columns;
mod endings;
mod events;
#[cfg(feature = "export")]
mod exported;
mod failures;
mod filters;
mod groups;
#[cfg(target_os = "linux")]
mod heard;
mod lines;
mod listing;
#[cfg(target_os = "linux")]
mod narrow;
mod pages;
mod pids;
#[cfg(target_os = "linux")]
mod pty;
mod replayed;
mod report;
#[cfg(target_os = "linux")]
mod run_counts;
#[cfg(target_os = "linux")]
mod run_ends;
#[cfg(target_os = "linux")]
mod run_signals;
mod secrets;
#[cfg(all(feature = "serve", target_os = "linux"))]
mod served;
#[cfg(unix)]
mod shells;
mod show;
mod stats;
#[cfg(target_os = "linux")]
mod stored;
#[cfg(target_os = "linux")]
mod summary;
#[cfg(target_os = "linux")]
mod targets;
#[cfg(target_os = "linux")]
mod terminal;
mod times;
mod tips;
#[cfg(target_os = "linux")]
mod top_view;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use process_scanner::{ErrorClass, Recorder, Scanner};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{Made, World};

fn pscan(args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("pscan"));
    without_settings(&mut command)
        .args(args)
        .stdin(Stdio::null());
    command
}

/// Removes environment variables that change the output.
fn without_settings(command: &mut Command) -> &mut Command {
    command
        .env_remove("RUST_LOG")
        // These decide whether output is coloured. Where CI is set, a dumb terminal has colours
        // too.
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("CI")
        .env_remove("COLUMNS")
}

/// Returns whether children of this process ignore Ctrl-C.
///
/// A shell starts background commands with SIGINT ignored (sh(1), asynchronous lists). If unknown,
/// the command handles the signal.
#[cfg(unix)]
fn is_interrupt_ignored() -> bool {
    is_ignored(rustix::process::Signal::INT)
}

/// Returns whether this process, and so each one that it starts, ignores a signal.
#[cfg(unix)]
fn is_ignored(signal: rustix::process::Signal) -> bool {
    has_signal("/proc/self/status", "SigIgn:", signal)
}

/// Returns whether a process catches a signal, which would end it otherwise.
#[cfg(target_os = "linux")]
fn is_caught(pid: u32, signal: rustix::process::Signal) -> bool {
    has_signal(&format!("/proc/{pid}/status"), "SigCgt:", signal)
}

/// Returns whether a mask of proc_pid_status(5) has a signal.
#[cfg(unix)]
fn has_signal(status: &str, mask: &str, signal: rustix::process::Signal) -> bool {
    let status = fs::read_to_string(status).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(mask));
    let bit = 1 << (signal.as_raw() - 1);
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & bit != 0)
}

fn run(args: &[&str]) -> Output {
    pscan(args).output().unwrap()
}

/// Returns the output of a command that must succeed.
fn stdout_of(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the output of a command that must succeed, and its pid.
fn stdout_and_pid_of(args: &[&str]) -> (String, u32) {
    let child = pscan(args).stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    (String::from_utf8(output.stdout).unwrap(), pid)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the number of scans in a recording, which may also have what was heard between them.
fn scans_in(recording: &str) -> usize {
    let lines = json_lines(recording);
    lines
        .iter()
        .filter(|line| line.get("scan").is_some())
        .count()
}

/// Returns the single error line of a failed command.
fn failure_of(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = text(&output.stderr).strip_suffix('\n').unwrap();
    assert!(
        line.starts_with("pscan: ") && !line.contains('\n'),
        "{line}"
    );
    line
}

/// Returns whether text contains characters that must not reach a terminal.
fn has_control(text: &str) -> bool {
    text.chars().any(|c| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

struct Recording {
    dir: TempDir,
}

impl Recording {
    fn path(&self) -> PathBuf {
        self.dir.path().join("made.ndjson")
    }

    fn arg(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    fn cut_to(&self, len: usize) {
        let whole = fs::read(self.path()).unwrap();
        fs::write(self.path(), &whole[..len]).unwrap();
    }
}

/// Records `scans` scans of a world, which `step` edits before each.
fn record(scans: u64, mut step: impl FnMut(u64, &World)) -> Recording {
    let recording = Recording {
        dir: TempDir::new().unwrap(),
    };
    let world = World::new();
    world.edit(|state| state.recheck = Some(Vec::new()));
    let output = fs::File::create(recording.path()).unwrap();
    let source = Recorder::new(world.clone(), output).unwrap();
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    for scan in 1..=scans {
        step(scan, &world);
        scanner.scan_once().unwrap();
    }
    recording
}

/// Records births, changes, a failed scan and an exit.
fn eventful() -> Recording {
    // Unknown CPU time, because CPU use that becomes known is an update of its own.
    let made = |name, start_time_ms| Made {
        cpu_time_ns: None,
        ..Made::new(name, start_time_ms)
    };
    record(4, |scan, world| match scan {
        1 => {
            world.add(1, made("init", 1_600_000_000_000));
            world.add(7, made("sh", 1_700_000_000_500));
        }
        2 => {
            world.add(9, made("make", 1_700_000_001_500));
            world.edit(|state| state.processes.get_mut(&7).unwrap().rss_bytes = Some(8192));
        }
        3 => world.edit(|state| state.failure = Some(ErrorClass::ResourcesExhausted)),
        _ => world.edit(|state| {
            state.failure = None;
            state.processes.remove(&7);
        }),
    })
}

/// Records five births among 300, and one more unseen process later.
fn crowded() -> Recording {
    record(4, |scan, world| {
        let started_total = match scan {
            1 => 1000,
            2 | 3 => 1301,
            _ => 1302,
        };
        world.edit(|state| state.started_total = Some(started_total));
        match scan {
            1 => world.add(1, Made::new("init", 1_600_000_000_000)),
            2 => (9..14).for_each(|pid| world.add(pid, Made::new("make", 1_700_000_001_500))),
            _ => {}
        }
    })
}

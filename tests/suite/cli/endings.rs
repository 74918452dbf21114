//! Commands that end by a signal or because their reader goes away.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use super::{eventful, pscan, text};

/// A watch always has something to print: its own scans change its process.
/// Only polls: where it cannot listen, it would print that.
const WATCH: [&str; 6] = [
    "watch",
    "--poll-only",
    "--interval",
    "50ms",
    "--cpu-budget",
    "off",
];

fn spawned(args: &[&str]) -> Child {
    let mut command = pscan(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Starts a command and returns it with its first line.
fn started(args: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = spawned(args);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    (child, out, first)
}

fn assert_quiet_end(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_command_ends_quietly_when_its_reader_goes_away() {
    // The budget is off: otherwise the next scan, which finds the closed pipe, may come late.
    for how in [&["--json"][..], &["--events", "existing,updated"]] {
        let (child, out, first) = started(&[&WATCH[..], how].concat());
        assert!(first.contains("existing"), "{first}");
        drop(out);
        assert_quiet_end(child);
    }
    for args in [&["--json", "--sample", "0"][..], &["--sample", "0"]] {
        let mut child = spawned(args);
        drop(child.stdout.take());
        assert_quiet_end(child);
    }
    let recording = eventful();
    let mut child = spawned(&["replay", &recording.arg()]);
    drop(child.stdout.take());
    assert_quiet_end(child);
    let (child, out, _) = started(&[&["record", "-"], &WATCH[1..]].concat());
    drop(out);
    assert_quiet_end(child);
}

#[cfg(unix)]
#[test]
fn a_watch_that_has_nothing_to_print_ends_when_its_reader_goes_away() {
    // The next scan, which would print a line, comes in an hour.
    let args = [
        "watch",
        "--interval",
        "1h",
        "--json",
        "--events",
        "existing",
    ];
    for how in [&[][..], &["--poll-only"]] {
        let (child, out, first) = started(&[&args[..], how].concat());
        assert!(
            first.contains("existing") || first.contains("not_listening"),
            "{first}"
        );
        drop(out);
        assert_quiet_end(child);
    }
}

#[cfg(unix)]
#[test]
fn signals_end_the_command_cleanly() {
    use std::io::Read;
    use std::process::Command;
    use std::thread;

    use super::{is_interrupt_ignored, json_lines};

    for signal in ["-INT", "-TERM"] {
        if signal == "-INT" && is_interrupt_ignored() {
            eprintln!("skipped: Ctrl-C is ignored here");
            continue;
        }
        for args in [&["watch", "--json"][..], &["record", "-"]] {
            let (child, mut out, first) = started(args);
            // A reader, so that the command can write its last lines before it ends.
            let reader = thread::spawn(move || {
                let mut rest = String::new();
                out.read_to_string(&mut rest).map(|_| rest)
            });
            let killed = Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status()
                .unwrap();
            assert!(killed.success());
            let rest = reader.join().unwrap().unwrap();
            assert!(rest.is_empty() || rest.ends_with('\n'));
            json_lines(&format!("{first}{rest}"));
            assert_quiet_end(child);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_ignored_signal_does_not_end_the_command() {
    use std::os::unix::process::CommandExt;

    use super::without_settings;

    // nohup(1) ignores the signal and execs the command.
    let mut nohup = std::process::Command::new("nohup");
    without_settings(&mut nohup)
        .arg(assert_cmd::cargo::cargo_bin!("pscan"))
        .args(WATCH)
        .arg("--json")
        .process_group(0);
    let child = nohup
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        return eprintln!("skipped: there is no nohup");
    };
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    let send = |signal| rustix::process::kill_process(pid, signal).unwrap();
    send(rustix::process::Signal::HUP);
    // The fifth scan comes after the signal.
    while !line.contains(r#""seq":5,"#) {
        line.clear();
        assert!(
            out.read_line(&mut line).unwrap() > 0,
            "the signal has ended it"
        );
    }
    send(rustix::process::Signal::TERM);
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Returns a pipe that is full: its next writer waits.
#[cfg(target_os = "linux")]
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let (reader, writer) = std::io::pipe().unwrap();
    // The flag is not of the pipe, but of each time that it was opened.
    let mut filler = File::options()
        .write(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(format!("/proc/self/fd/{}", writer.as_raw_fd()))
        .unwrap();
    while filler.write(&[b' '; 4096]).is_ok() {}
    (reader, writer)
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_three_seconds_for_the_output() {
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process};

    use super::{is_caught, json_lines};
    use crate::support::await_some;

    let (reader, writer) = full_pipe();
    let args = [&WATCH[..], &["--json", "--stats"]].concat();
    let mut child = pscan(&args)
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    let signals = [Signal::TERM, Signal::USR1];
    await_some("what catches the signals", || {
        let mut signals = signals.iter();
        signals
            .all(|signal| is_caught(child.id(), *signal))
            .then_some(())
    });
    let mut stats = BufReader::new(child.stderr.take().unwrap());
    await_some("the first batch", || {
        kill_process(pid, Signal::USR1).unwrap();
        let mut line = String::new();
        stats.read_line(&mut line).unwrap();
        (json_lines(&line)[0]["scans_total"]["good"].as_u64() >= Some(1)).then_some(())
    });
    let begun = Instant::now();
    kill_process(pid, Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert!(
        begun.elapsed() >= Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    // Its reader is slow, and the command has done its work.
    assert_eq!(status.code(), Some(0));
    drop(reader);
}

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

//! What the command prints of the births and exits that the kernel reports.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::{json_lines, pscan, run, text};
use crate::faults::own_next_pid;

/// The next scan comes after the test, so all but the first batch is heard.
const HOUR: [&str; 4] = ["--interval", "1h", "--cpu-budget", "off"];

/// Starts a watch that scans once, and waits for its first line.
///
/// Returns `None` if the kernel does not report births and exits here.
fn watching(args: &[&str]) -> Option<(Child, BufReader<ChildStdout>)> {
    let stats = run(&["watch", "--scans", "1", "--stats", "--json"]);
    let stats = &json_lines(text(&stats.stderr))[0];
    if stats["hearing"] != "complete" {
        eprintln!("SKIPPED: {}", stats["not_listening"]);
        return None;
    }
    let mut child = pscan(&[&["watch"], &HOUR[..], args].concat())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    Some((child, out))
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs a shell command to its end, and returns its pid.
fn ended(script: &str) -> u32 {
    let mut shell = Command::new("sh").args(["-c", script]).spawn().unwrap();
    let pid = shell.id();
    shell.wait().unwrap();
    pid
}

#[test]
fn json_has_how_a_process_ended_long_before_the_next_scan() {
    let Some((child, mut out)) = watching(&["--json"]) else {
        return;
    };
    let mut exit_of = |script: &str| -> Value {
        let pid = ended(script);
        // Another process may have had the pid since the watch began.
        let is_it = |process: &Value| {
            process["pid"] == pid
                && process["parent_pid"] == std::process::id()
                && (process["command"].is_null() || process["command"][2] == script)
        };
        loop {
            let mut line = String::new();
            assert_ne!(out.read_line(&mut line).unwrap(), 0);
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == "exited" && is_it(&line["process"]) {
                return line;
            }
        }
    };
    let line = exit_of("exit 3");
    assert_eq!(
        line["exit"],
        serde_json::json!({"code": 3, "signal": null, "core_dumped": false})
    );
    assert_eq!(line["likely_oom"], false);
    let lived_ns = line["lived_ns"].as_u64().unwrap();
    assert_eq!(line["lived_ms"], lived_ns / 1_000_000);
    let lived_ms =
        line["ended_at_ms"].as_u64().unwrap() - line["process"]["start_time_ms"].as_u64().unwrap();
    // The start time is at most 10 ms too early, and both are rounded down.
    assert!(lived_ms <= lived_ns / 1_000_000 + 11, "{line}");
    let line = exit_of("kill -9 $$");
    assert_eq!(
        line["exit"],
        serde_json::json!({"code": null, "signal": 9, "core_dumped": false})
    );
    end(child);
}

#[test]
fn text_has_how_a_process_ended_long_before_the_next_scan() {
    let _pids = own_next_pid();
    let Some((child, mut out)) = watching(&["--events", "existing,exited"]) else {
        return;
    };
    let mut line_of = |pid: u32| -> String {
        let begin = format!("Z exited   {pid:>7} ");
        loop {
            let mut line = String::new();
            assert_ne!(out.read_line(&mut line).unwrap(), 0);
            if line.contains(&begin) {
                return line;
            }
        }
    };
    for (script, expected) in [
        ("exit 3", ", exit 3"),
        ("kill -TERM $$", ", killed by SIGTERM"),
        ("kill -36 $$", ", killed by signal 36"),
    ] {
        let line = line_of(ended(script));
        assert!(line.contains(expected), "{line}");
        assert!(
            line.contains(" after ") && !line.contains("at most"),
            "{line}"
        );
    }
    end(child);
}

#[test]
fn a_watch_of_a_pid_ends_with_its_process_long_before_the_next_scan() {
    let _pids = own_next_pid();
    let mut sleep = Command::new("sleep").arg("1000").spawn().unwrap();
    let pid = sleep.id().to_string();
    let watch = watching(&["--events", "existing,exited", "--pid", &pid]);
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    let Some((mut child, mut out)) = watch else {
        return;
    };
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.contains(", killed by SIGKILL"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_list_does_not_listen_nor_does_a_watch_that_only_polls() {
    let logged = |args: &[&str]| {
        let output = pscan(args).env("RUST_LOG", "info").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stderr).contains("births ")
    };
    assert!(!logged(&["--sample", "0"]));
    assert!(!logged(&["--json", "--sample", "50ms"]));
    assert!(!logged(&["watch", "--scans", "1", "--poll-only"]));
    assert!(!logged(&["record", "-", "--scans", "1", "--poll-only"]));
    // Whether it can or not, it logs it.
    assert!(logged(&["watch", "--scans", "1"]));
    assert!(logged(&["record", "-", "--scans", "1"]));
}

#[test]
fn only_commands_that_watch_this_host_have_the_option() {
    let tip =
        "'--poll-only' is an option of 'pscan top', 'pscan watch', 'pscan run' and 'pscan record'";
    for args in [&["--poll-only"][..], &["replay", "x", "--poll-only"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains(tip), "{output:?}");
    }
}

#[test]
fn statistics_have_where_births_and_exits_come_from() {
    let stats = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stderr).replace("\n               ", " ")
    };
    let args = ["watch", "--stats", "--scans", "1"];
    let polled = stats(pscan(&args).arg("--poll-only"));
    assert!(polled.contains("\nbirths, exits  from scans\n"), "{polled}");
    let listened = stats(&mut pscan(&args));
    let is_heard = listened.contains("\nbirths, exits  from the kernel: complete now, 0 losses; ");
    // By pidfd or not.
    let is_polled = |stats: &str| {
        let exits = "; exits from the kernel too: ";
        let (births, all) = (": births from scans, because ", ": from scans, because ");
        let stats = stats.replace("\nbirths, exits  ", ": ");
        stats.contains(all) || stats.contains(births) && stats.contains(exits)
    };
    assert!(is_heard || is_polled(&listened), "{listened}");
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: a network namespace needs root");
        return;
    }
    let mut unshare = Command::new("unshare");
    unshare
        .args([
            "--net",
            assert_cmd::cargo::cargo_bin!("pscan").to_str().unwrap(),
        ])
        .args(args);
    match unshare.output() {
        Ok(output) if !text(&output.stderr).starts_with("unshare:") => {
            let polled = stats(&mut unshare);
            assert!(is_polled(&polled), "{polled}");
            let first = polled.lines().next().unwrap();
            let reasons = [
                "pscan: births come from scans, and exits of known processes from the kernel: ",
                "pscan: births and exits come from scans, without exit status: ",
            ];
            let has_reason = |reason: &&str| first.starts_with(*reason);
            assert!(reasons.iter().any(has_reason), "{polled}");
            unshare.args(["--poll-only"]);
            let polled = stats(&mut unshare);
            assert!(!polled.contains("come from scans"), "{polled}");
        }
        _ => eprintln!("SKIPPED: a network namespace needs unshare(1)"),
    }
}

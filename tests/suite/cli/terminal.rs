//! Output of the command on a terminal.

use std::io::Read;
use std::process::{Output, Stdio};

use super::pty::{open, shown};
use super::{crowded, eventful, is_interrupt_ignored, pscan, stdout_of, text};

/// Returns the output of a command on a terminal of this width.
pub(super) fn on_terminal(columns: u16, args: &[&str], env: &[(&str, &str)]) -> String {
    let (out, output) = outcome_on_terminal(columns, args, env);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    out
}

/// Returns what the terminal gets from standard output, and the rest.
pub(super) fn outcome_on_terminal(
    columns: u16,
    args: &[&str],
    env: &[(&str, &str)],
) -> (String, Output) {
    let (ours, theirs) = open(columns).unwrap();
    let mut command = pscan(args);
    command
        .env("TERM", "xterm")
        .envs(env.iter().copied())
        .stdout(theirs)
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // `command` holds the command's end of the terminal.
    drop(command);
    let out = shown(ours).unwrap();
    (out, child.wait_with_output().unwrap())
}

/// Removes the colours from a text.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (nth, part) in text.split("\x1b[").enumerate() {
        plain.push_str(match nth {
            0 => part,
            _ => part.split_once('m').unwrap().1,
        });
    }
    assert!(!plain.contains('\x1b'), "{plain}");
    plain
}

#[test]
fn the_table_fits_the_terminal_width() {
    for columns in [20, 80, 200] {
        let out = plain(&on_terminal(columns, &["--sample", "0"], &[]));
        let widest = out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.into()), "{columns}: {out}");
        let headings = out.lines().nth(1).unwrap();
        assert_eq!(headings.contains(" NAME "), columns >= 100, "{out}");
        assert!(headings.contains(" COMMAND"), "{out}");
    }
}

#[test]
fn a_list_longer_than_the_screen_ends_with_the_number_of_missing_processes() {
    let all = plain(&on_terminal(80, &["--sample", "0", "--top", "9999"], &[]));
    if all.lines().count() <= 27 {
        return eprintln!("skipped: there are not enough processes here");
    }
    // This filter matches every process with a known name.
    for filter in [&[][..], &["--name", ""]] {
        let args = [&["--sample", "0"], filter].concat();
        let fitted = plain(&on_terminal(80, &args, &[]));
        assert_eq!(fitted.lines().count(), 29, "{fitted}");
        let last = fitted.lines().last().unwrap();
        assert!(
            last.starts_with("and ") && last.contains(" more; --top N"),
            "{last}"
        );
        let tree = plain(&on_terminal(80, &[&args[..], &["--tree"]].concat(), &[]));
        assert!(tree.lines().count() > 29, "{tree}");
        assert!(!tree.contains(" more; --top N"));
    }
    assert!(!all.contains(" more; --top N"));
}

/// Starts as many processes as a screen has lines.
#[test]
fn filtered_lists_end_at_the_screen_too() {
    // They exit when this test drops their standard input.
    let cats: Vec<_> = (0..30)
        .map(|_| {
            let mut cat = std::process::Command::new("cat");
            cat.stdin(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let pids: Vec<_> = cats.iter().map(|cat| cat.id().to_string()).collect();
    let pids = pids.join(",");
    let all = ["--sample", "0", "--pid", &pids];
    let outputs = [&["--no-kernel"][..], &["--top", "99"], &["--tree"]]
        .map(|more| plain(&on_terminal(80, &[&all[..], more].concat(), &[])));
    for cat in cats {
        cat.wait_with_output().unwrap();
    }
    let [fitted, top, tree] = outputs;
    assert_eq!(fitted.lines().count(), 29, "{fitted}");
    assert!(fitted.lines().next().unwrap().contains(" processes, "));
    assert!(fitted.ends_with("\nand 4 more; --top N prints N processes, | less -S all\n"));
    assert_eq!(top.lines().count(), 32, "{top}");
    // A tree has the ancestors too.
    assert!(tree.lines().count() >= 32, "{tree}");
}

#[test]
fn ctrl_c_prints_the_summary_on_its_own_line() {
    if is_interrupt_ignored() {
        return eprintln!("skipped: Ctrl-C is ignored here");
    }
    let (ours, theirs) = open(80).unwrap();
    let mut command = pscan(&["watch", "--interval", "1h", "--events", "existing"]);
    command
        .env("TERM", "xterm")
        .stdout(theirs)
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    drop(command);
    let mut reader = ours.try_clone().unwrap();
    // The command handles signals before it prints.
    reader.read_exact(&mut [0]).unwrap();
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let out = plain(&shown(ours).unwrap());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert!(out.contains("\n\nwatched "), "{out}");
    assert!(out.contains("\nthis watch "), "{out}");
}

#[test]
fn colours_are_used_on_terminals_or_on_request() {
    let list = ["--sample", "0"];
    let is_coloured = |text: String| text.contains('\x1b');
    assert!(is_coloured(on_terminal(80, &list, &[])));
    assert!(!is_coloured(on_terminal(80, &list, &[("NO_COLOR", "1")])));
    assert!(!is_coloured(on_terminal(80, &list, &[("TERM", "dumb")])));
    let never = [&list[..], &["--color", "never"]].concat();
    assert!(!is_coloured(on_terminal(80, &never, &[])));
    assert!(!is_coloured(stdout_of(&list)));
    let always = [&list[..], &["--color", "always"]].concat();
    assert!(is_coloured(stdout_of(&always)));
}

#[test]
fn replay_ends_with_a_summary() {
    let recording = eventful();
    let out = on_terminal(80, &["replay", &recording.arg()], &[]);
    assert!(out.contains("\x1b[32mcreated"), "{out}");
    // Nothing is known to have failed.
    assert!(out.contains("\x1b[2mexited"), "{out}");
    let plain = plain(&out);
    let lines: Vec<_> = plain.lines().collect();
    assert_eq!(
        lines,
        [
            "2023-11-14 UTC",
            "22:13:22.000 created        9 make            make",
            "22:13:23.000 scan failed: made to fail",
            "22:13:24.000 exited         7 sh              after at most 3.5s",
            "watched        3.0s: 1 birth, 1 exit",
            "shortest lived 7 sh, at most 3.5s",
        ]
    );
}

#[test]
fn events_on_narrow_terminals_keep_pid_and_name() {
    let recording = eventful();
    let arg = recording.arg();
    for columns in 20..=60 {
        let out = plain(&on_terminal(columns, &["replay", &arg], &[]));
        let widest = out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.into()), "{columns}: {out}");
        for (kind, sign, process) in [("created", "+", "9 make"), ("exited", "-", "7 sh")] {
            let is_it = |line: &&str| {
                (line.contains(kind) || line.starts_with(sign)) && line.contains(process)
            };
            assert!(out.lines().any(|line| is_it(&line)), "{columns}: {out}");
        }
    }
    let out = plain(&on_terminal(20, &["replay", &arg], &[]));
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(
        lines,
        [
            "2023-11-14 UTC",
            "+     9 make",
            "scan failed: made t…",
            "-     7 sh",
            "watched 3.0s: 1",
            "  birth, 1 exit",
            "shortest lived 7 sh,",
            "  at most 3.5s",
        ]
    );
}

#[test]
fn the_summary_has_the_births_that_no_scan_saw() {
    let recording = crowded();
    let out = plain(&on_terminal(80, &["replay", &recording.arg()], &[]));
    let expected = "watched        3.0s: 5 births, at most 297 more unseen, 0 exits";
    assert!(out.lines().any(|line| line == expected), "{out}");
}

#[test]
fn watch_prints_the_time_of_day_and_its_own_cost() {
    let args = ["watch", "--poll-only", "--scans", "2", "--interval", "50ms"];
    let more = ["--cpu-budget", "off", "--events", "existing"];
    let out = plain(&on_terminal(80, &[&args[..], &more].concat(), &[]));
    let (first, events) = out.split_once('\n').unwrap();
    assert!(
        first.starts_with("watching ") && first.ends_with(" processes; Ctrl-C ends it"),
        "{first}"
    );
    let first = events.lines().next().unwrap();
    assert_eq!(&first[2..3], ":", "{first}");
    assert_eq!(&first[8..18], " existing ", "{first}");
    let last = out.lines().last().unwrap();
    assert!(last.starts_with("this watch     "), "{last}");
    assert!(last.contains(", 2 scans, median "), "{last}");
}

#[test]
fn record_shows_its_progress_and_where_the_recording_is() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("made here.ndjson");
    // What the terminal gets, for the options that end the recording.
    let shown_for = |ends: &[&str]| {
        let (ours, theirs) = open(200).unwrap();
        let mut command = pscan(&["record", path.to_str().unwrap(), "--force"]);
        command
            .args(["--interval", "50ms", "--cpu-budget", "off"])
            .args(ends)
            .stderr(theirs);
        let mut child = command.spawn().unwrap();
        drop(command);
        let out = shown(ours).unwrap();
        assert!(child.wait().unwrap().success());
        out
    };
    let out = shown_for(&["--scans", "2"]);
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(out.starts_with("\r1 scan, "), "{out:?}");
    let end: Vec<_> = out.rsplit('\r').next().unwrap().lines().collect();
    let [progress, written, next] = end[..] else {
        panic!("{out:?}");
    };
    assert!(progress.starts_with("2 scans, "), "{out:?}");
    assert!(!out.contains(" left"), "{out:?}");
    let name = path.display();
    assert_eq!(next, format!("next: pscan replay '{name}'"));
    let size = written.strip_prefix("wrote ").unwrap();
    let size = size.strip_suffix(&format!(" to {name}")).unwrap();
    // The size is in kB or MB, rounded to one decimal.
    let (printed, unit) = size.split_once(' ').unwrap();
    let unit = if unit == "MB" { 1e6 } else { 1e3 };
    let printed: f64 = printed.parse().unwrap();
    assert!(
        (printed * unit - bytes as f64).abs() <= 0.051 * unit,
        "{out:?}: {bytes}"
    );
    assert!(progress.ends_with(size), "{out:?}");

    let out = shown_for(&["--scans", "2", "--for", "2h"]);
    let first = out.split('\r').nth(1).unwrap();
    assert!(
        first.contains(", 1h59m left") || first.contains(", 2h00m left"),
        "{out:?}"
    );
    // The last line has none.
    let last = out.rsplit('\r').next().unwrap();
    assert!(
        last.starts_with("2 scans, ") && !last.contains("left"),
        "{out:?}"
    );
}

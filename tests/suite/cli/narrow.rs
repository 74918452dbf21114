//! What a narrow terminal gets: folded messages, and details instead of names of events.

use std::process::Stdio;

use super::pty::{open, shown};
use super::terminal::{on_terminal, outcome_on_terminal, plain};
use super::{eventful, pscan, record, text};
use crate::support::Made;

#[test]
fn messages_on_a_terminal_are_folded_between_words() {
    let message = |args: &[&str]| {
        let (ours, theirs) = open(40).unwrap();
        let mut command = pscan(args);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(theirs)
            .spawn()
            .unwrap();
        drop(command);
        let out = shown(ours).unwrap();
        assert!(!child.wait().unwrap().success());
        out
    };
    for (args, expected) in [
        (
            &["replay", "/no/such/file"][..],
            "pscan: cannot open /no/such/file: No\n  such file or directory (os error 2)\n  \
             (check the path)\n",
        ),
        (
            &["--sample", "0", "--name", "^no process of this name$"],
            "pscan: no process matches --name '^no\n  process of this name$'\n",
        ),
        (
            &["watch", "--interval", "1h", "--max-interval", "30m"],
            "error: --max-interval 30m is shorter\n  than the interval of 1h;\n  \
             raise it to at least 1h,\n  or use --interval 30m or less\n\n\
             Usage: pscan watch [OPTIONS]\n\nFor more information, try '--help'.\n",
        ),
        (
            &["replay", "f", "--interval"],
            "error: unexpected argument '--interval'\n  found\n\n  tip: '--interval' is an option of\n    \
             'pscan top', 'pscan watch',\n    'pscan run' and 'pscan record'\n\nUsage: pscan replay [OPTIONS] <FILE>...\n\n\
             For more information, try '--help'.\n",
        ),
    ] {
        assert_eq!(message(args), expected);
    }
}

#[test]
fn the_host_of_a_recording_is_folded_not_cut() {
    let recording = record(1, |_, world| {
        world.add(1, Made::new("init", 1_600_000_000_000));
    });
    let text = std::fs::read_to_string(recording.path()).unwrap();
    let host = r#""own_pid":null,"host":{"name":"web1","kernel":"Linux 6.1.0","cpus":8,"memory_bytes":16708006912}"#;
    let text = text.replacen(r#""own_pid":null"#, host, 1);
    std::fs::write(recording.path(), text).unwrap();
    let out = plain(&on_terminal(40, &["replay", &recording.arg()], &[]));
    let expected = "recorded on web1: Linux 6.1.0, 8 CPUs,\n  16.7 GB of memory\n2023-11-14 UTC\n";
    assert!(out.starts_with(expected), "{out}");
}

#[test]
fn changes_of_cpu_use_and_memory_replace_the_name_of_the_event() {
    let recording = eventful();
    for (columns, line) in [
        (37, "updated      7 sh"),
        (38, "~     7 sh              rss 8.2 kB"),
        (44, "~     7 sh              rss 8.2 kB"),
        (45, "updated      7 sh              rss 8.2 kB"),
    ] {
        let args = ["replay", &recording.arg(), "--pid", "7"];
        let out = plain(&on_terminal(columns, &args, &[]));
        assert!(out.lines().any(|other| other == line), "{columns}: {out}");
    }
}

#[test]
fn watch_of_pids_counts_no_births() {
    let mut command = std::process::Command::new("cat");
    let cat = command.stdin(Stdio::piped()).spawn().unwrap();
    let pid = cat.id().to_string();
    let ends = ["--scans", "2", "--interval", "50ms", "--cpu-budget", "off"];
    let args = [&["watch", "--poll-only", "--pid", &pid][..], &ends].concat();
    let out = plain(&on_terminal(40, &args, &[]));
    // It exits when its standard input is closed.
    cat.wait_with_output().unwrap();
    let watched = out.lines().find(|line| line.starts_with("watched "));
    assert!(watched.unwrap().ends_with(": 0 exits"), "{out}");
    assert!(!out.contains("birth"), "{out}");
    let begin = out.split_inclusive('\n').take(2).collect::<String>();
    let (count, end) = begin.split_once(" processes ").unwrap();
    assert!(count.starts_with("watching 1 of "), "{out}");
    let end = end.replace("\n ", "");
    assert_eq!(
        end.trim_end(),
        format!("until {pid} exits, or Ctrl-C"),
        "{out}"
    );
}

#[test]
fn watch_of_a_missing_pid_prints_the_reason_alone() {
    // No pid is this large: kernel.pid_max is 2^22 at most.
    let (out, output) = outcome_on_terminal(80, &["watch", "--pid", "4294967295"], &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(out, "");
    let reason = "pscan: no process matches --pid 4294967295\n";
    assert_eq!(text(&output.stderr), reason);
}

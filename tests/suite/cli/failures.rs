//! Failures end with one line, and output cannot control a terminal.

use std::fs;

use tempfile::TempDir;

use super::{eventful, failure_of, has_control, json_lines, record, run, stdout_of, text};
use crate::support::Made;

#[test]
fn output_contains_no_terminal_control_characters() {
    let wicked = "a\x1b[2J\n\u{9b}1m\x7f\u{202e}\u{2028}";
    let recording = record(2, |scan, world| {
        let mut made = Made::new(wicked, 1_700_000_000_500);
        made.args = vec![wicked.into(), format!("{wicked}{scan}").into()];
        world.add(7, made);
    });
    for json in [&[][..], &["--json"]] {
        let arg = recording.arg();
        let args = [&["replay", &arg, "--events", "existing,updated"], json].concat();
        let out = stdout_of(&args);
        assert!(!has_control(&out), "{out}");
        assert_eq!(out.lines().count(), 2);
        if !json.is_empty() {
            assert_eq!(json_lines(&out)[0]["process"]["name"], wicked);
        }
    }
    // Neither can a file name in an error.
    let output = run(&["replay", "no\x1b[2J\u{9b}\u{202e}such\nfile"]);
    assert!(!has_control(failure_of(&output)));
    let output = run(&["--no\x1b[2J\u{9b}such"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!has_control(text(&output.stderr)));
}

#[test]
fn replay_prints_the_complete_scans_of_a_truncated_recording() {
    let recording = eventful();
    let whole = stdout_of(&["replay", "--json", &recording.arg()]);
    let mut before: Vec<_> = whole.lines().collect();
    before.retain(|line| line.contains(r#""seq":1,"#) || line.contains(r#""seq":2,"#));

    let text_of = fs::read_to_string(recording.path()).unwrap();
    let third: usize = text_of.split_inclusive('\n').take(3).map(str::len).sum();
    recording.cut_to(third + 20);
    let output = run(&["replay", "--json", &recording.arg()]);
    let line = failure_of(&output);
    assert!(line.contains("made.ndjson: line 4: "), "{line}");
    assert_eq!(text(&output.stdout).lines().collect::<Vec<_>>(), before);
}

#[test]
fn a_file_that_is_no_recording_fails_with_one_line() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("garbage"), b"\xff\x00\x1b[2J not json\n").unwrap();
    fs::write(path("empty"), b"").unwrap();
    for file in [path("garbage"), path("empty"), path("missing"), path("")] {
        let output = run(&["replay", &file]);
        let line = failure_of(&output);
        assert!(!has_control(line), "{line}");
        assert!(line.contains(dir.path().to_str().unwrap()), "{line}");
        // The error ends with advice.
        assert!(line.ends_with(')'), "{line}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn advice_about_a_file_fits_reading_or_writing() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (args, advice) in [
        (["replay", &path("missing")], "(check the path)"),
        (["replay", &path("missing/file")], "(check the path)"),
        (
            ["record", &path("missing/file")],
            "does not create folders)",
        ),
        #[cfg(unix)]
        (
            ["replay", &path("")],
            "(name a recording, such as one in that folder)",
        ),
        #[cfg(unix)]
        (["record", &path("")], "(name a file in that folder)"),
    ] {
        let output = run(&args);
        let line = failure_of(&output);
        assert!(line.ends_with(advice), "{line}");
    }
}

#[test]
fn a_recording_without_scans_is_reported() {
    let recording = record(0, |_, _| {});
    let file = recording.arg();
    for args in [&["replay", &file][..], &["replay", "--json", &file]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let expected = format!("pscan: {file}: the recording contains no scans\n");
        assert_eq!(text(&output.stderr), expected);
    }
    // There is no second line about the empty recording.
    let output = run(&["replay", &file, "--pid", "1"]);
    assert_eq!(failure_of(&output), "pscan: no process matches --pid 1");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_the_command() {
    let output = run(&["record", "--poll-only", "/dev/full", "--scans", "1"]);
    assert!(
        failure_of(&output).contains("/dev/full: cannot write the recording"),
        "{output:?}"
    );
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for args in [
        &["--json"][..],
        &["--sample", "0"],
        &[
            "watch",
            "--poll-only",
            "--scans",
            "1",
            "--events",
            "existing",
        ],
    ] {
        let output = super::pscan(args).stdout(full()).output().unwrap();
        assert!(
            failure_of(&output).contains("cannot write to standard output"),
            "{output:?}"
        );
    }
    let recording = eventful();
    let output = super::pscan(&["replay", &recording.arg()])
        .stdout(full())
        .output()
        .unwrap();
    assert!(
        failure_of(&output).contains("cannot write to standard output"),
        "{output:?}"
    );
}

/// Starts `pscan` with too few descriptors to scan. How many it needs to start depends on the
/// system.
#[cfg(target_os = "linux")]
#[test]
fn running_out_of_descriptors_is_reported() {
    use std::process::Command;

    use super::without_settings;

    let mut failed = 0;
    for descriptors in 3..=8 {
        for args in ["--sample 0", "watch --scans 1", "--source sysinfo"] {
            let script = format!("ulimit -n {descriptors}; exec \"$0\" {args}");
            let output = without_settings(&mut Command::new("sh"))
                .args(["-c", &script])
                .arg(assert_cmd::cargo::cargo_bin!("pscan"))
                .output()
                .unwrap();
            // The program did not start, for want of its libraries.
            if output.status.code() != Some(1) {
                continue;
            }
            failed += 1;
            let line = failure_of(&output);
            assert!(
                line.contains("Too many open files")
                    || line.ends_with("(close files or raise the limit of file descriptors)"),
                "{descriptors} {args}: {line}"
            );
        }
    }
    assert!(failed > 0);
}

#[test]
fn wrong_usage_exits_with_2_and_names_the_limit() {
    for (args, expected) in [
        (&["watch", "--interval", "49ms"][..], "from 50ms to 1h"),
        (&["watch", "--interval", "3601s"], "from 50ms to 1h"),
        (&["record", "x", "--interval", "0s"], "from 50ms to 1h"),
        (&["watch", "--interval", "0"], "from 50ms to 1h"),
        (&["watch", "--interval", "-1s"], "from 50ms to 1h"),
        (&["watch", "--interval", "PT1S"], "a time with a unit"),
        (&["--sample", "0.5ms"], "must be whole milliseconds"),
        (&["watch", "--interval", "200"], "write 200ms or 200s"),
        (&["record", "x", "--for", "10"], "write 10ms or 10s"),
        (&["watch", "--interval-ms", "49"], "50..=3600000"),
        (
            &["watch", "--interval", "1s", "--interval-ms", "1000"],
            "cannot be used with",
        ),
        (
            &["watch", "--max-interval", "500ms"],
            "--max-interval 500ms is shorter than the interval of 1s",
        ),
        (
            &["record", "x", "--interval", "2s", "--max-interval", "1s"],
            "--max-interval 1s is shorter than the interval of 2s",
        ),
        (&["watch", "--scans", "0"], "--scans"),
        (
            &["watch", "--cpu-budget", "0"],
            "from 0.01 to 100, or `off`",
        ),
        (&["watch", "--cpu-budget=-1"], "--cpu-budget"),
        (&["record", "x", "--cpu-budget", "most"], "from 0.01 to 100"),
        (&["--sample", "60001ms"], "from 0 to 60s"),
        (&["--sample", "500"], "a time needs a unit: write 500ms\n"),
        (&["--sample-ms", "60001"], "0..=60000"),
        (&["--json", "watch"], "options follow the command"),
        (&["watch", "--sample", "1ms"], "--sample"),
        (&["record"], "<FILE>"),
        (&["replay"], "<FILE>"),
        (&["--nonsense"], "nonsense"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let version = stdout_of(&["--version"]);
    assert_eq!(version, format!("pscan {}\n", env!("CARGO_PKG_VERSION")));
    let help = stdout_of(&["--help"]);
    for word in [
        "watch",
        "record",
        "replay",
        "--json",
        "--sample <TIME>",
        "Examples:",
        "Exit status:",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(stdout_of(&["watch", "--help"]).contains("--max-interval <TIME>"));
}

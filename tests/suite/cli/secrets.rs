//! Secrets in command lines: redacted by default.

use process_scanner::{Recorder, Redact, Redactor, Scanner};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Recording, World, failure_of, run, stdout_and_pid_of, stdout_of, text};
use crate::support::Made;

const ARGS: [&str; 5] = [
    "/bin/backup",
    "--password",
    "hunter2 and more",
    "--to",
    "s4711",
];

/// Records a command line without redaction.
fn unredacted() -> Recording {
    let recording = Recording {
        dir: TempDir::new().unwrap(),
    };
    let world = World::new();
    let mut made = Made::new("backup", 1_700_000_000_500);
    made.args = ARGS.map(|arg| arg.as_bytes().to_vec()).to_vec();
    world.add(7, made);
    let output = std::fs::File::create(recording.path()).unwrap();
    let recorder = Recorder::new(world, output).unwrap();
    let source = recorder.with_redactor(Redactor::new(Redact::Off, Vec::new()));
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    scanner.scan_once().unwrap();
    recording
}

fn command(args: &[&str]) -> Value {
    let recording = unredacted();
    let file = recording.arg();
    let out = stdout_of(&[&["replay", "--json", &file], args].concat());
    let line: Value = serde_json::from_str(&out).unwrap();
    line["process"]["command"].clone()
}

#[test]
fn replay_redacts_an_unredacted_recording() {
    let with = |secret: &str, to: &str| json!(["/bin/backup", "--password", secret, "--to", to]);
    assert_eq!(command(&[]), with("[redacted]", "s4711"));
    assert_eq!(command(&["--no-redact"]), with("hunter2 and more", "s4711"));
    assert_eq!(command(&["--strip-args"]), json!(["/bin/backup"]));
    assert_eq!(
        command(&["--redact", r"^s(\d+)$"]),
        with("[redacted]", "s[redacted]")
    );
    let recording = unredacted();
    let people = stdout_of(&["replay", &recording.arg(), "--events", "existing"]);
    assert!(
        people.contains("backup --password [redacted] --to s4711"),
        "{people}"
    );
}

#[test]
fn every_command_redacts_live_command_lines() {
    // `pscan` reads its own command line too. On a busy machine the kernel may not return it in
    // time, but does so in a later run.
    const TIMES: usize = 100;
    let no_redact = ["--sample", "0", "--no-redact"];
    if !(0..TIMES).any(|_| stdout_of(&no_redact).contains("--no-redact")) {
        return eprintln!("skipped: this system does not report command lines");
    }
    let secret = ["--redact", "tr0ub4dor&3"];
    let list = [&["--sample", "0"][..], &secret].concat();
    let watch = [
        "watch",
        "--poll-only",
        "--scans",
        "1",
        "--events",
        "existing",
    ];
    let record = ["record", "-", "--poll-only", "--scans", "1"];
    for args in [
        list.clone(),
        [&list[..], &["--json"]].concat(),
        [&watch[..], &secret].concat(),
        [&watch[..], &secret, &["--json"]].concat(),
        [&record[..], &secret].concat(),
    ] {
        let is_marked = (0..TIMES).any(|_| {
            let out = stdout_of(&args);
            assert!(!out.contains(secret[1]), "{args:?}: {out}");
            out.contains("[redacted]")
        });
        assert!(is_marked, "{args:?}");
    }
    let command = (0..TIMES).find_map(|_| {
        let (out, pid) = stdout_and_pid_of(&["--sample", "0", "--json", "--strip-args"]);
        let listing: Value = serde_json::from_str(&out).unwrap();
        let mut processes = listing["processes"].as_array().unwrap().iter();
        let itself = processes.find(|process| process["pid"] == pid).unwrap();
        itself["command"].as_array().cloned()
    });
    assert_eq!(command.unwrap().len(), 1);
}

#[test]
fn a_bad_pattern_or_a_pattern_with_no_redact_is_wrong_usage() {
    for args in [
        &["--redact", "("][..],
        &["--redact", ""],
        &["--no-redact", "--strip-args"],
        &["watch", "--no-redact", "--redact", "x"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains("redact"), "{output:?}");
    }
    // A failure other than a bad pattern has status 1.
    failure_of(&run(&["replay", "/nowhere", "--redact", "x"]));
}

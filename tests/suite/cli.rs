//! The command `pscan`, from outside.
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use process_scanner::{ErrorClass, Event, Recorder, ReplaySource, Scanner, Source};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{Made, World};

fn pscan(args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("pscan"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    pscan(args).output().unwrap()
}

/// What a command printed that did all it was asked to.
fn stdout_of(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The one line that a failed command leaves.
fn failure_of(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = text(&output.stderr).strip_suffix('\n').unwrap();
    assert!(
        line.starts_with("pscan: ") && !line.contains('\n'),
        "{line}"
    );
    line
}

fn pids(processes: &[Value]) -> Vec<u64> {
    processes
        .iter()
        .map(|process| process["pid"].as_u64().unwrap())
        .collect()
}

/// What may not reach a terminal.
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

/// A life with everything in it: births, changes, a failed scan, a death.
fn eventful() -> Recording {
    // CPU use becomes known in the second scan of a process, which is a change of its own.
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

#[test]
fn json_is_one_object_on_one_line_with_every_process() {
    let mut child = pscan(&["--json", "--sample-ms", "100"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert!(child.wait().unwrap().success());

    assert_eq!(out.matches('\n').count(), 1);
    let listing: Value = serde_json::from_str(&out).unwrap();
    let keys: Vec<_> = listing.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        BTreeSet::from_iter(keys),
        BTreeSet::from(["schema", "taken_at_ms", "interval_ms", "processes"].map(String::from))
    );
    assert_eq!(listing["schema"], 1);
    assert!(listing["taken_at_ms"].as_u64().unwrap() > 1_600_000_000_000);
    assert!(listing["interval_ms"].as_f64().unwrap() >= 100.0);
    let processes = listing["processes"].as_array().unwrap();
    assert!(pids(processes).is_sorted_by(|a, b| a < b));
    for process in processes {
        let keys = process.as_object().unwrap();
        for key in [
            "start_time_ms",
            "parent_pid",
            "name",
            "command",
            "status",
            "cpu_percent",
        ] {
            assert!(keys.contains_key(key), "{process} has no {key}");
        }
    }
    let by_pid = |pid| {
        processes
            .iter()
            .find(|process| process["pid"] == pid)
            .unwrap()
    };
    let itself = by_pid(child.id());
    assert!(itself["cpu_percent"].is_number());
    assert!(itself["rss_bytes"].as_u64().unwrap() > 0);
    assert_eq!(itself["parent_pid"], std::process::id());
    assert!(by_pid(std::process::id())["cpu_percent"].is_number());
}

#[test]
fn one_sample_knows_no_cpu_use() {
    let listing: Value = serde_json::from_str(&stdout_of(&["--json", "--sample-ms", "0"])).unwrap();
    assert_eq!(listing["interval_ms"], Value::Null);
    let processes = listing["processes"].as_array().unwrap();
    assert!(
        processes
            .iter()
            .all(|process| process["cpu_percent"].is_null())
    );

    let table = stdout_of(&["--sample-ms", "0"]);
    let mut lines = table.lines();
    let headings: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        headings,
        ["PID", "CPU%", "TIME", "RSS", "STATUS", "NAME", "COMMAND"]
    );
    for line in lines {
        assert_eq!(line.split_whitespace().nth(1), Some("-"), "{line}");
    }
}

#[test]
fn the_table_has_the_busiest_first() {
    let table = stdout_of(&["--sample-ms", "50"]);
    assert!(!has_control(&table));
    let own = std::process::id().to_string();
    assert!(
        table
            .lines()
            .any(|line| line.split_whitespace().next() == Some(&own))
    );
    let percents: Vec<f64> = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(1).unwrap().parse().ok())
        .collect();
    assert!(percents.is_sorted_by(|a, b| a >= b), "{percents:?}");
}

#[test]
fn watch_begins_with_what_exists_and_stops_after_its_scans() {
    let out = stdout_of(&["watch", "--json", "--scans", "2", "--interval-ms", "50"]);
    let lines = json_lines(&out);
    let (first, second): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line["seq"] == 1);
    assert!(first.iter().all(|line| line["event"] == "existing"));
    assert!(
        first
            .iter()
            .any(|line| line["process"]["pid"] == std::process::id())
    );
    for line in second {
        assert_eq!(line["seq"], 2);
        assert_ne!(line["event"], "existing");
        assert_eq!(
            line.get("changed").is_some(),
            line["event"] == "updated",
            "{line}"
        );
        assert_eq!(
            line.get("lived_ms").is_some(),
            line["event"] == "exited",
            "{line}"
        );
    }
    let people = stdout_of(&["watch", "--scans", "1"]);
    assert!(
        people.lines().all(|line| line.contains("Z existing ")),
        "{people}"
    );
}

#[test]
fn replay_tells_each_kind_of_event() {
    let recording = eventful();
    let lines = json_lines(&stdout_of(&["replay", "--json", &recording.arg()]));
    let briefs: Vec<_> = lines
        .iter()
        .map(|line| {
            format!(
                "{} {} {}",
                line["seq"], line["event"], line["process"]["pid"]
            )
        })
        .collect();
    assert_eq!(
        briefs,
        [
            "1 \"existing\" 1",
            "1 \"existing\" 7",
            "2 \"updated\" 7",
            "2 \"created\" 9",
            "3 \"scan_failed\" null",
            "4 \"exited\" 7",
        ]
    );
    assert_eq!(lines[2]["changed"], serde_json::json!(["rss"]));
    assert_eq!(lines[4]["class"], "resources_exhausted");
    assert_eq!(lines[4]["message"], "made to fail");
    assert_eq!(lines[4]["at_ms"], 1_700_000_003_000_u64);
    assert_eq!(lines[5]["lived_ms"], 3500);
    assert_eq!(lines[5]["process"]["rss_bytes"], 8192);

    let people = stdout_of(&["replay", &recording.arg()]);
    let lines: Vec<_> = people.lines().collect();
    assert_eq!(
        lines,
        [
            "2023-11-14T22:13:21.000Z existing       1 init  /bin/init",
            "2023-11-14T22:13:21.000Z existing       7 sh  /bin/sh",
            "2023-11-14T22:13:22.000Z updated        7 sh  rss 8.0K",
            "2023-11-14T22:13:22.000Z created        9 make  /bin/make",
            "2023-11-14T22:13:23.000Z scan failed: made to fail",
            "2023-11-14T22:13:24.000Z exited         7 sh  lived 3.5s",
        ]
    );
}

#[test]
fn nothing_printed_can_act_on_a_terminal() {
    let wicked = "a\x1b[2J\n\u{9b}1m\x7f\u{202e}\u{2028}";
    let recording = record(2, |scan, world| {
        let mut made = Made::new(wicked, 1_700_000_000_500);
        made.args = vec![wicked.into(), format!("{wicked}{scan}").into()];
        world.add(7, made);
    });
    for json in [&[][..], &["--json"]] {
        let arg = recording.arg();
        let args = [&["replay", &arg], json].concat();
        let out = stdout_of(&args);
        assert!(!has_control(&out), "{out}");
        assert_eq!(out.lines().count(), 2);
        if !json.is_empty() {
            assert_eq!(json_lines(&out)[0]["process"]["name"], wicked);
        }
    }
    // Nor does a file's name in an error.
    let output = run(&["replay", "no\x1b[2J\u{9b}\u{202e}such\nfile"]);
    assert!(!has_control(failure_of(&output)));
    let output = run(&["--no\x1b[2J\u{9b}such"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!has_control(text(&output.stderr)));
}

/// The events that the library makes of a recording, as `seq kind pid`.
fn by_library(path: &Path) -> Vec<String> {
    let input = BufReader::new(fs::File::open(path).unwrap());
    let source: Box<dyn Source> = Box::new(ReplaySource::new(input).unwrap());
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let mut told = Vec::new();
    while let Some(batch) = scanner.scan_once() {
        assert!(batch.failure.is_none());
        let brief =
            |event: &Event| format!("{} {} {}", batch.seq, event.kind(), event.process().pid);
        told.extend(batch.events.iter().map(brief));
    }
    told
}

#[test]
fn what_was_recorded_live_is_replayed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("live.ndjson");
    fs::write(&path, "what was there before is replaced\n".repeat(1000)).unwrap();
    let file = path.to_str().unwrap();
    let mut recorder = pscan(&["record", file, "--scans", "3", "--interval-ms", "50"])
        .spawn()
        .unwrap();
    assert!(recorder.wait().unwrap().success());

    let lines = json_lines(&stdout_of(&["replay", file, "--json"]));
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let event = line["event"].as_str().unwrap();
            format!("{} {event} {}", line["seq"], line["process"]["pid"])
        })
        .collect();
    assert_eq!(told, by_library(&path));
    assert!(told.contains(&format!("1 existing {}", recorder.id())));
    let scans = fs::read_to_string(&path)
        .unwrap()
        .matches("monotonic_ns")
        .count();
    assert_eq!(scans, 3);
}

#[test]
fn a_recording_goes_through_a_pipe() {
    let mut recorder = pscan(&["record", "-", "--scans", "2", "--interval-ms", "50"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let replay = pscan(&["replay", "-", "--json"])
        .stdin(recorder.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(recorder.wait().unwrap().success());
    assert!(replay.status.success(), "{replay:?}");
    let lines = json_lines(text(&replay.stdout));
    assert!(
        lines
            .iter()
            .any(|line| line["process"]["pid"] == recorder.id())
    );
}

#[test]
fn whole_scans_before_a_break_are_told() {
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
fn what_is_no_recording_fails_on_one_line() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("garbage"), b"\xff\x00\x1b[2J not json\n").unwrap();
    fs::write(path("empty"), b"").unwrap();
    for file in [path("garbage"), path("empty"), path("missing"), path("")] {
        let output = run(&["replay", &file]);
        let line = failure_of(&output);
        assert!(!has_control(line), "{line}");
        assert!(line.contains(dir.path().to_str().unwrap()), "{line}");
        assert!(output.stdout.is_empty());
    }
    failure_of(&run(&["record", &path("")]));
    failure_of(&run(&["record", &path("missing/file"), "--scans", "1"]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let output = run(&["record", "/dev/full", "--scans", "1"]);
    assert!(
        failure_of(&output).contains("/dev/full: cannot write the recording"),
        "{output:?}"
    );
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for args in [
        &["--json"][..],
        &["--sample-ms", "0"],
        &["watch", "--scans", "1"],
    ] {
        let output = pscan(args).stdout(full()).output().unwrap();
        assert!(
            failure_of(&output).contains("cannot write to standard output"),
            "{output:?}"
        );
    }
    let recording = eventful();
    let output = pscan(&["replay", &recording.arg()])
        .stdout(full())
        .output()
        .unwrap();
    assert!(
        failure_of(&output).contains("cannot write to standard output"),
        "{output:?}"
    );
}

#[test]
fn wrong_usage_is_2_and_names_the_limit() {
    for (args, said) in [
        (&["watch", "--interval-ms", "49"][..], "50..=3600000"),
        (&["watch", "--interval-ms", "3600001"], "50..=3600000"),
        (&["record", "x", "--interval-ms", "0"], "50..=3600000"),
        (&["watch", "--scans", "0"], "--scans"),
        (&["--sample-ms", "60001"], "0..=60000"),
        (&["--json", "watch"], "--json"),
        (&["watch", "--sample-ms", "1"], "--sample-ms"),
        (&["record"], "<FILE>"),
        (&["replay"], "<FILE>"),
        (&["nonsense"], "nonsense"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(said), "{output:?}");
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
        "--sample-ms",
        "Examples:",
        "Exit status:",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(stdout_of(&["watch", "--help"]).contains("--interval-ms"));
}

/// A running command and the first line it printed.
fn started(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut child = pscan(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
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
fn a_reader_that_goes_away_ends_it_quietly() {
    let watch = ["watch", "--interval-ms", "50", "--json"];
    for args in [&watch[..], &watch[..3]] {
        let (child, out, first) = started(args);
        assert!(first.contains("existing"), "{first}");
        drop(out);
        assert_quiet_end(child);
    }
    for args in [&["--json", "--sample-ms", "0"][..], &["--sample-ms", "0"]] {
        let mut child = pscan(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_quiet_end(child);
    }
    let recording = eventful();
    let mut child = pscan(&["replay", &recording.arg()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_quiet_end(child);
    let (child, out, _) = started(&["record", "-", "--interval-ms", "50"]);
    drop(out);
    assert_quiet_end(child);
}

#[cfg(unix)]
#[test]
fn signals_end_it_cleanly() {
    for signal in ["-INT", "-TERM"] {
        for args in [&["watch", "--json"][..], &["record", "-"]] {
            let (child, mut out, first) = started(args);
            let killed = Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status()
                .unwrap();
            assert!(killed.success());
            let mut rest = String::new();
            out.read_to_string(&mut rest).unwrap();
            assert!(rest.is_empty() || rest.ends_with('\n'));
            json_lines(&format!("{first}{rest}"));
            assert_quiet_end(child);
        }
    }
}

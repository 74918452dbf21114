//! `replay --from`, `--to` and `--at`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use super::{failure_of, json_lines, pscan, run, stdout_of, text};

/// 2026-11-26T22:50:00Z.
const BEGIN_MS: u64 = 1_795_733_400_000;

const MINUTE_MS: u64 = 60_000;

/// Writes a recording of three hours: each 20 s a scan, and each minute a birth and an exit.
fn over_midnight() -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    let header =
        r#"{"pscan_recording":2,"source":"made up","start_time_resolution_ms":10,"own_pid":null}"#;
    writeln!(file, "{header}").unwrap();
    for nth in 0..=540 {
        let at_ms = BEGIN_MS + nth * 20_000;
        let row = |pid: u64, cpu_ms: u64| {
            format!(
                r#"{{"pid":{pid},"start_time_ms":{},"parent_pid":1,"name":"n{pid}","command":["/bin/n{pid}"],"status":"sleeping","cpu_time_ns":{}000000,"rss_bytes":4096,"kernel_thread":false}}"#,
                BEGIN_MS - 1000 + (pid - 1) * MINUTE_MS,
                cpu_ms
            )
        };
        // The process of a minute lives for two.
        let minute = nth / 3;
        let rows = [
            row(1, nth * 100 + 1),
            row(2 + minute, 5),
            row(3 + minute, 5),
        ];
        let rows = rows.join(",");
        writeln!(
            file,
            r#"{{"scan":{{"wall_ms":{at_ms},"monotonic_ns":{at_ms}000000,"shown":{{"rows":[{rows}]}}}}}}"#
        )
        .unwrap();
        if nth % 3 == 0 && nth > 0 {
            writeln!(file, r#"{{"recheck":{{}}}}"#).unwrap();
        }
    }
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

fn replayed_in(zone: &str, args: &[&str]) -> Output {
    let args = [&["replay", "--json"], args].concat();
    pscan(&args).env("TZ", zone).output().unwrap()
}

fn at_ms(line: &Value) -> u64 {
    line["at_ms"].as_u64().unwrap()
}

/// Returns the processes after these lines.
fn folded<'l>(lines: impl IntoIterator<Item = &'l Value>) -> BTreeMap<u64, Value> {
    let mut processes = BTreeMap::new();
    for line in lines {
        let process = &line["process"];
        let Some(pid) = process["pid"].as_u64() else {
            continue;
        };
        match line["event"].as_str().unwrap() {
            "exited" => _ = processes.remove(&pid),
            _ => _ = processes.insert(pid, process.clone()),
        }
    }
    processes
}

#[test]
fn a_replay_from_a_time_begins_with_the_processes_of_that_moment() {
    let file = over_midnight();
    let whole = json_lines(&stdout_of(&["replay", "--json", path(&file)]));
    for minutes in [0, 1, 7, 69, 70, 71, 179] {
        let from_ms = BEGIN_MS + minutes * MINUTE_MS;
        let hour = 22 + (50 + minutes) / 60;
        let from = format!(
            "2026-11-{}T{:02}:{:02}:00Z",
            26 + hour / 24,
            hour % 24,
            (50 + minutes) % 60
        );
        let out = stdout_of(&["replay", "--json", path(&file), "--from", &from]);
        let lines = json_lines(&out);
        let begin = lines.iter().take_while(|line| line["event"] == "existing");
        let begin: Vec<_> = begin.collect();
        let before: Vec<_> = whole.iter().filter(|line| at_ms(line) < from_ms).collect();
        let after: Vec<_> = whole.iter().filter(|line| at_ms(line) >= from_ms).collect();
        if minutes > 0 {
            assert_eq!(
                folded(begin.iter().copied()),
                folded(before.iter().copied()),
                "{from}"
            );
            assert_eq!(begin[0]["seq"], before.last().unwrap()["seq"]);
            assert!(lines.iter().skip(begin.len()).eq(after), "{from}");
        } else {
            assert!(lines.iter().eq(after));
        }
        // The fold is that of the whole.
        assert_eq!(folded(&lines), folded(&whole), "{from}");
    }
}

#[test]
fn a_replay_ends_after_a_time() {
    let file = over_midnight();
    let whole = json_lines(&stdout_of(&["replay", "--json", path(&file)]));
    let to_ms = BEGIN_MS + 10 * MINUTE_MS;
    let to = ["replay", "--json", path(&file), "--to", "23:00Z"];
    let lines = json_lines(&stdout_of(&to));
    assert!(
        lines
            .iter()
            .eq(whole.iter().filter(|line| at_ms(line) <= to_ms))
    );
    assert_eq!(at_ms(lines.last().unwrap()), to_ms);
    // The filters see what happened before.
    let args = [
        "replay",
        path(&file),
        "--from",
        "23:10Z",
        "--to",
        "23:12Z",
        "--events",
        "existing",
    ];
    let text = stdout_of(&args);
    assert_eq!(text.lines().count(), 3, "{text}");
    let both = stdout_of(&[
        "replay",
        "--json",
        path(&file),
        "--from",
        "-60m",
        "--to",
        "-60m",
    ]);
    let last_ms = BEGIN_MS + 120 * MINUTE_MS;
    let lines = json_lines(&both);
    assert!(
        lines
            .iter()
            .all(|line| at_ms(line) == last_ms || line["event"] == "existing")
    );
}

/// Times of day are local, and in a recording over midnight each of them occurs once.
#[test]
fn times_are_those_of_the_local_zone() {
    let file = over_midnight();
    for (zone, from, minutes) in [
        ("UTC0", "23:00", 10),
        ("UTC0", "00:10", 80),
        ("UTC0", "00:10Z", 80),
        ("CET-1", "00:10", 20),
        ("CET-1", "2026-11-27T00:10", 20),
        ("CET-1", "2026-11-26T23:10:00Z", 20),
        ("Asia/Kathmandu", "4:55:00", 20),
        ("Pacific/Apia", "2026-11-27T12:10:00+13:00", 20),
        ("Pacific/Apia", "12:10", 20),
        ("<-0330>3:30", "19:40", 20),
        ("No/Such_Zone", "23:10", 20),
        ("UTC0", "-160m", 20),
        ("UTC0", "-2h40m", 20),
        ("UTC0", "-3h", 0),
        ("UTC0", "22:50", 0),
        ("UTC0", "-0s", 180),
        ("UTC0", "01:50", 180),
    ] {
        let output = replayed_in(
            zone,
            &[path(&file), "--from", from, "--events", "created,exited"],
        );
        assert_eq!(output.status.code(), Some(0), "{zone} {from}: {output:?}");
        let lines = json_lines(text(&output.stdout));
        let first = lines.first().map(at_ms);
        let from_ms = BEGIN_MS + minutes * MINUTE_MS;
        // Where the recording begins, nothing is born.
        let expected = from_ms.max(BEGIN_MS + MINUTE_MS);
        assert_eq!(first, Some(expected), "{zone} {from}");
    }
}

#[test]
fn a_time_outside_of_the_recording_is_an_error_with_its_span() {
    let file = over_midnight();
    let span = "which is from 2026-11-26T23:50:00.000+01:00 to 2026-11-27T02:50:00.000+01:00 \
                (choose a time from it, with its date)";
    for (args, expected) in [
        (["--from", "02:51"], span),
        (["--from", "2026-11-28T00:00:00Z"], span),
        (["--at", "2:50:01"], span),
        (
            ["--at", "2026-11-27"],
            "is before the recording, which begins at 2026-11-26T23:50",
        ),
        (
            ["--from", "2026-11-26T23:49"],
            "begins at 2026-11-26T23:50:00.000+01:00",
        ),
        (
            ["--to", "2026-11-26T23:49:59"],
            "begins at 2026-11-26T23:50:00.000+01:00",
        ),
        (["--from", "-4h"], span),
        (["--at", "-4h"], span),
    ] {
        let args = [&[path(&file)], &args[..]].concat();
        let output = replayed_in("CET-1", &args);
        let expected = match args[2] {
            "2026-11-27" => continue,
            _ => expected,
        };
        let line = failure_of(&output);
        assert!(line.contains(expected), "{line}");
        assert!(line.contains(&format!("{} {}", args[1], args[2])), "{line}");
        assert!(output.stdout.is_empty());
    }
    let output = replayed_in(
        "CET-1",
        &[path(&file), "--from", "01:00", "--to", "2026-11-27T00:30"],
    );
    let line = failure_of(&output);
    assert!(
        line.contains("--from 01:00 is 2026-11-27T01:00:00.000+01:00, after --to"),
        "{line}"
    );
    // All that there is was printed.
    let output = replayed_in(
        "CET-1",
        &[path(&file), "--from", "-1m", "--to", "2026-11-27T03:00"],
    );
    assert_eq!(output.status.code(), Some(0));
    let expected = "the recording ends at 2026-11-27T02:50:00.000+01:00, before --to\n";
    assert!(text(&output.stderr).ends_with(expected), "{output:?}");
}

#[test]
fn what_is_no_time_is_wrong_usage() {
    let file = over_midnight();
    for (args, expected) in [
        (&["--from", "noon"][..], "must be a time such as 14:03"),
        (&["--at", "25:00"], "must be a time such as 14:03"),
        (&["--to", "-10"], "write 10ms or 10s"),
        (
            &["--from", "2026-13-01T00:00"],
            "must be a time such as 14:03",
        ),
        (&["--at", "23:00", "--from", "23:00"], "cannot be used with"),
        (
            &["--at", "23:00", "--events", "exited"],
            "cannot be used with",
        ),
        (&["--at", "23:00", "--speed", "2"], "cannot be used with"),
        (&["--top", "3"], "--at <TIME>"),
        (&["--tree"], "--at <TIME>"),
        (
            &["--at", "23:00", "--json", "-o", "pid"],
            "JSON has all that was recorded",
        ),
        (&["-"], "cannot be one of several files"),
    ] {
        let output = run(&[&["replay", path(&file)], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
    let output = run(&["replay", "-", "--from", "-10m"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("needs a file"), "{output:?}");
}

#[test]
fn the_table_of_a_moment_has_its_processes() {
    let file = over_midnight();
    let whole = json_lines(&stdout_of(&["replay", "--json", path(&file)]));
    for (at, minutes) in [
        ("22:50Z", 0),
        ("23:10Z", 20),
        ("00:00:30Z", 70),
        ("-0s", 180),
    ] {
        let at_ms_wanted =
            BEGIN_MS + minutes * MINUTE_MS + if at == "00:00:30Z" { 30_000 } else { 0 };
        let listing = stdout_of(&["replay", path(&file), "--json", "--at", at]);
        let listing: Value = serde_json::from_str(&listing).unwrap();
        let until = whole.iter().filter(|line| at_ms(line) <= at_ms_wanted);
        let processes: Vec<_> = folded(until).into_values().collect();
        assert_eq!(listing["processes"].as_array().unwrap(), &processes, "{at}");
        assert_eq!(listing["schema"], 1);
        let taken_at_ms = listing["taken_at_ms"].as_u64().unwrap();
        assert!(
            taken_at_ms <= at_ms_wanted && taken_at_ms + 20_000 > at_ms_wanted,
            "{at}"
        );
    }
    let at = ["replay", path(&file), "--at", "23:10:05Z"];
    let table = text(&pscan(&at).env("TZ", "CET-1").output().unwrap().stdout).to_owned();
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("3 processes, 0 running · 2026-11-27T00:10:00.000+01:00")
    );
    assert!(lines.next().unwrap().contains("COMMAND"), "{table}");
    assert_eq!(lines.count(), 3, "{table}");
    let of = |more: &[&str]| stdout_of(&[&at[..], more].concat());
    assert_eq!(of(&["-q", "--sort", "pid", "--reverse"]), "23\n22\n1\n");
    assert_eq!(of(&["--top", "1", "-q", "--sort", "age"]), "1\n");
    assert_eq!(
        of(&["--pid", "22", "-o", "name"]).lines().last(),
        Some("n22")
    );
    let tree = of(&["--tree", "-o", "pid"]);
    assert_eq!(tree.lines().count(), 5, "{tree}");
    let groups = of(&["--by", "name", "--json"]);
    assert!(groups.contains(r#""group":"n23""#), "{groups}");
    let output = run(&[&at[..], &["--name", "nothing"]].concat());
    assert_eq!(
        failure_of(&output),
        "pscan: no process matches --name 'nothing'"
    );
}

#[test]
fn standard_input_has_times_too() {
    let file = over_midnight();
    for args in [
        &["--at", "23:10Z", "-q"][..],
        &["--from", "01:49Z", "--events", "existing"],
    ] {
        let of_file = stdout_of(&[&["replay", path(&file)], args].concat());
        let child = pscan(&[&["replay", "-"], args].concat())
            .stdin(fs::File::open(file.path()).unwrap())
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(text(&child.stdout), of_file);
        assert!(!of_file.is_empty());
    }
}

/// What version 1 does not have is unknown.
#[test]
fn recordings_of_version_1_have_times() {
    let package =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
    let file = format!("{package}/fixtures/version-1/processes_are_born_and_die.ndjson");
    let whole = json_lines(&stdout_of(&["replay", "--json", &file]));
    let lines = json_lines(&stdout_of(&["replay", "--json", &file, "--from", "-1s"]));
    assert_eq!(folded(&lines), folded(&whole));
    let listing = stdout_of(&["replay", &file, "--json", "--at", "-0s"]);
    let listing: Value = serde_json::from_str(&listing).unwrap();
    let processes: Vec<_> = folded(&whole).into_values().collect();
    assert_eq!(listing["processes"].as_array().unwrap(), &processes);
    let table = stdout_of(&["replay", &file, "--at", "-0s", "-o", "pid,user,unit"]);
    assert!(
        table
            .lines()
            .skip(2)
            .all(|line| line.trim_end().ends_with("-")),
        "{table}"
    );
}

#[test]
fn reports_and_tables_are_of_a_part_too() {
    let file = over_midnight();
    let span = ["--from", "23:10Z", "--to", "23:20Z"];
    let lines = stdout_of(&[&["replay", path(&file), "--json"], &span[..]].concat());
    let lines = json_lines(&lines);
    let count = |kind: &str| lines.iter().filter(|line| line["event"] == kind).count();
    assert!(count("created") > 5 && count("exited") > 5);
    let page = stdout_of(&[&["report", path(&file), "-o", "-"], &span[..]].concat());
    for (name, kind) in [("births", "created"), ("exits", "exited")] {
        let figure = format!("\"{name}\":{},", count(kind));
        assert!(page.contains(&figure), "{figure}");
    }
    #[cfg(feature = "export")]
    {
        let dir = tempfile::TempDir::new().unwrap();
        let csv = ["--csv", dir.path().to_str().unwrap()];
        let output = run(&[&["export", path(&file)], &csv[..], &span].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let lives = fs::read_to_string(dir.path().join("lives.csv")).unwrap();
        let rows = lives.lines().count() - 1;
        assert_eq!(rows, count("existing") + count("created"));
    }
    let outside = run(&["report", path(&file), "-o", "-", "--from", "2020-01-01"]);
    assert!(failure_of(&outside).contains("before the recording"));
}

#[test]
fn the_end_of_a_recording_can_have_no_batch() {
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/lives_between_two_scans_are_heard.ndjson"
    );
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("host.ndjson");
    let heard = r#"{"heard":{"when":"between","wall_ms":1700000002500,"monotonic_ns":12500000000,"hearing":"complete","missed_total":0}}"#;
    let recording = fs::read_to_string(fixture).unwrap();
    fs::write(&file, format!("{recording}{heard}\n")).unwrap();
    let file = file.to_str().unwrap();
    let at_end = stdout_of(&["replay", file, "--at", "-0s", "-q"]);
    assert_eq!(at_end, stdout_of(&["replay", fixture, "--at", "-0s", "-q"]));
}

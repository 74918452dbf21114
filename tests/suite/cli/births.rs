//! Births and exits of processes whose name is unknown for a moment, and failed exits.

use std::io::Write;

use tempfile::NamedTempFile;

use super::{json_lines, run, stdout_of, text};

/// Records births between scans: names become known later, early, wrongly or never.
fn recording() -> NamedTempFile {
    let began_ms: u64 = 1_700_000_000_000;
    let row = |ms: u64, pid: u32, name: &str| {
        let name = match name {
            "" => "null".into(),
            name => format!(r#""{name}""#),
        };
        let (start_ms, read_ns) = (began_ms - 10_000 + u64::from(pid), ms * 1_000_000);
        format!(
            r#"{{"pid":{pid},"start_time_ms":{start_ms},"parent_pid":1,"name":{name},"read_offset_ns":{read_ns}}}"#
        )
    };
    let changed = |ms, pid, name: &str| format!(r#"{{"changed":{}}}"#, row(ms, pid, name));
    let born = |pid, name: &str| format!(r#"{{"born":{}}}"#, row(10, pid, name));
    let exited = |pid: u32, code: &str, signal: &str| {
        let start_ms = began_ms - 10_000 + u64::from(pid);
        let exit = format!(r#"{{"code":{code},"signal":{signal},"core_dumped":false}}"#);
        format!(
            r#"{{"exited":{{"pid":{pid},"start_time_ms":{start_ms},"exit":{exit},"ended_at_ms":{began_ms},"lived_ns":null,"likely_oom":null}}}}"#
        )
    };
    let at = |ms: u64| format!(r#""wall_ms":{},"monotonic_ns":{ms}000000"#, began_ms + ms);
    let heard = |ms, happened: &[String]| {
        let happened = happened.join(",");
        let at = at(ms);
        format!(
            r#"{{"heard":{{"when":"between",{at},"hearing":"complete","happened":[{happened}]}}}}"#
        )
    };
    let old = [row(0, 1, "init"), row(0, 5, "sh"), row(0, 6, "")].join(",");
    let lines = [
        r#"{"pscan_recording":2,"source":"made up","start_time_resolution_ms":10,"own_pid":null,"hears_lives":true}"#.to_owned(),
        format!(r#"{{"scan":{{{},"shown":{{"rows":[{old}]}}}}}}"#, at(1)),
        heard(20, &[born(7, ""), born(8, ""), born(9, "sh"), born(10, ""), born(11, "make")]),
        heard(40, &[
            changed(30, 5, "make"),
            changed(30, 6, "make"),
            changed(30, 7, "make"),
            exited(8, "3", "null"),
            changed(30, 9, "make"),
            changed(30, 10, "cc"),
        ]),
        heard(60, &[
            exited(5, "2", "null"),
            exited(6, "0", "null"),
            exited(7, "null", "9"),
            changed(50, 10, "make"),
        ]),
    ];
    let mut file = NamedTempFile::new().unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    file
}

fn briefs(args: &[&str]) -> Vec<String> {
    let file = recording();
    let path = file.path().to_str().unwrap();
    let out = stdout_of(&[&["replay", path, "--json"], args].concat());
    let lines = json_lines(&out).into_iter();
    let brief = |line: serde_json::Value| {
        let event = line["event"].as_str().unwrap().to_owned();
        format!("{} {event} {}", line["seq"], line["process"]["pid"])
    };
    lines.map(brief).collect()
}

#[test]
fn a_birth_is_printed_when_it_is_known_to_match() {
    let to_begin = ["--name", "make", "--events", "existing,created,updated"];
    assert_eq!(
        briefs(&to_begin),
        [
            "2 created 11",
            // It existed before, whether its name was known or not.
            "3 existing 5",
            "3 existing 6",
            "3 created 7",
            // Its name was known and changed.
            "3 existing 9",
            "4 existing 10",
        ]
    );
    let exits = ["--name", "make|cc", "--events", "exited"];
    // The name of the process 8 never was known.
    assert_eq!(briefs(&exits), ["4 exited 5", "4 exited 6", "4 exited 7"]);
    // Without a filter each birth is printed at once.
    let all = briefs(&["--events", "created"]);
    assert_eq!(all, [7, 8, 9, 10, 11].map(|pid| format!("2 created {pid}")));

    let file = recording();
    let path = file.path().to_str().unwrap();
    let out = stdout_of(&["replay", path, "--name", "make", "--events", "created"]);
    let pids: Vec<_> = out
        .lines()
        .map(|line| line.split_whitespace().nth(2))
        .collect();
    assert_eq!(pids, [Some("11"), Some("7")], "{out}");
    // What begins to match is printed without being asked for.
    let out = stdout_of(&["replay", path, "--name", "make"]);
    let begins = out.lines().filter(|line| line.contains(" existing "));
    assert_eq!(begins.count(), 4, "{out}");
}

#[test]
fn failed_exits_alone_are_printed_if_requested() {
    assert_eq!(
        briefs(&["--failed"]),
        ["3 exited 8", "4 exited 5", "4 exited 7"]
    );
    // It was `sh` at first. No exit of `cc` is known to have failed.
    assert_eq!(briefs(&["--failed", "--name", "sh"]), ["4 exited 5"]);
    assert_eq!(briefs(&["--failed", "--name", "cc"]), [""; 0]);
    let file = recording();
    let path = file.path().to_str().unwrap();
    let out = stdout_of(&["replay", path, "--failed"]);
    assert_eq!(out.lines().count(), 3, "{out}");
    for (args, reason) in [
        (
            ["replay", "f", "--failed", "--events=created"],
            "cannot be used with",
        ),
        (
            ["watch", "--scans=1", "--failed", "--poll-only"],
            "remove --poll-only",
        ),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains(reason), "{output:?}");
    }
}

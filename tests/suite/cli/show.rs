//! `pscan show PID`, and `pscan PID`.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::{failure_of, has_control, json_lines, run, stdout_and_pid_of, stdout_of, text};

const HEADINGS: [&str; 17] = [
    "started",
    "user",
    "program",
    "command",
    "CPU",
    "memory",
    "disk I/O",
    "threads",
    "switches",
    "page faults",
    "unit",
    "container",
    "pod",
    "cgroup",
    "session",
    "parents",
    "children",
];

#[test]
fn a_pid_alone_shows_the_process_too() {
    let own = std::process::id().to_string();
    for args in [&["show", &own][..], &[&own]] {
        let (out, pscan) = stdout_and_pid_of(&[args, &["--sample", "0"]].concat());
        assert!(out.starts_with(&format!("{own} ")), "{out}");
        let lines = || out.lines().skip(1).filter(|line| !line.is_empty());
        let headings = lines().map(|line| line[..15].trim_end());
        let headings: Vec<_> = headings.filter(|heading| *heading != "not read").collect();
        assert_eq!(headings, HEADINGS, "{out}");
        let children = lines().find(|line| line.starts_with("children "));
        // Other tests can have many children at the moment.
        let children = children.unwrap();
        assert!(
            children.contains(&format!(" {pscan} pscan")) || children.contains(" of pscan"),
            "{out}"
        );
    }
}

#[test]
fn json_has_the_process_its_parents_and_its_children() {
    let own = std::process::id();
    let (out, pscan) = stdout_and_pid_of(&["show", &own.to_string(), "--json"]);
    assert_eq!(out.matches('\n').count(), 1);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown["schema"], 1);
    let process = &shown["process"];
    assert_eq!(process["pid"], own);
    assert!(process["cpu_percent"].is_number());
    for field in process_scanner::FIELDS {
        let keys = process.as_object().unwrap();
        assert!(
            keys.contains_key(field.name),
            "{process} has no {}",
            field.name
        );
    }
    let parents = shown["parents"].as_array().unwrap();
    let mut child = process;
    for parent in parents {
        assert_eq!(child["parent_pid"], parent["pid"]);
        child = parent;
    }
    let children = shown["children"].as_array().unwrap();
    assert!(children.iter().all(|child| child["parent_pid"] == own));
    assert!(children.iter().any(|child| child["pid"] == pscan));
}

#[test]
fn several_processes_are_shown_and_missing_ones_are_reported() {
    // No pid is this large: kernel.pid_max is 2^22 at most.
    let (none, other) = ("4294967295", "4294967294");
    let missing = run(&["show", none, "--sample", "0"]);
    assert!(missing.stdout.is_empty());
    let message = failure_of(&missing);
    assert_eq!(message, format!("pscan: there is no process {none}"));
    let own = std::process::id().to_string();
    let args = ["show", &own, none, other, &own, "--sample", "0", "--json"];
    let output = run(&args);
    let pids = json_lines(text(&output.stdout));
    let pids: Vec<_> = pids
        .iter()
        .map(|line| line["process"]["pid"].to_string())
        .collect();
    assert_eq!(pids, [own.as_str(), &own]);
    let message = format!("pscan: there are no processes {none}, {other}");
    assert_eq!(failure_of(&output), message);
    for wrong in [&["show"][..], &["show", "sshd"], &["show", "-1"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[cfg(unix)]
#[test]
fn texts_of_other_programs_are_escaped() {
    // It exits when its standard input is closed.
    let mut sh = Command::new("sh");
    sh.args(["-c", "read line", "a\nb\x1b[2J", &"long ".repeat(200)]);
    let sh = sh.stdin(Stdio::piped()).spawn().unwrap();
    let out = stdout_of(&["show", &sh.id().to_string(), "--sample", "0"]);
    sh.wait_with_output().unwrap();
    assert!(!has_control(&out), "{out}");
    let command = "command        sh -c read line a\\nb\\x1b[2J long long ";
    assert!(out.contains(command), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_shown_fits_the_terminal() {
    use super::terminal::{on_terminal, plain};

    for columns in [20, 39, 40, 80, 200] {
        let own = std::process::id().to_string();
        let out = on_terminal(columns, &[&own, "--sample", "0"], &[]);
        assert!(out.contains("\x1b["), "{out}");
        let out = plain(&out);
        let widest = out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.into()), "{columns}: {out}");
        assert!(columns < 80 || out.lines().count() < 60, "{out}");
    }
}

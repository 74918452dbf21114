//! Filters and orders of processes, and the message if no process matches.

use serde_json::Value;

use super::{eventful, failure_of, json_lines, run, stdout_of, text};

fn listed(args: &[&str]) -> Vec<u64> {
    let out = stdout_of(&[&["--json", "--sample", "0"], args].concat());
    let listing: Value = serde_json::from_str(&out).unwrap();
    let processes = listing["processes"].as_array().unwrap();
    processes
        .iter()
        .map(|process| process["pid"].as_u64().unwrap())
        .collect()
}

fn own_pid() -> String {
    std::process::id().to_string()
}

#[test]
fn a_pid_filter_lists_only_that_process() {
    let own = own_pid();
    assert_eq!(listed(&["--pid", &own]), [u64::from(std::process::id())]);
    let table = stdout_of(&["--sample", "0", "--pid", &own]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[2].trim_start().starts_with(&own), "{table}");
}

#[test]
fn json_is_ordered_by_pid_unless_sorted_otherwise() {
    assert!(listed(&[]).is_sorted());
    assert!(listed(&["--sort", "pid", "--reverse"]).is_sorted_by(|a, b| a >= b));
    assert_eq!(listed(&["--sort", "pid", "--top", "1"]).len(), 1);
    let out = stdout_of(&["--json", "--sort", "rss", "--top", "2", "--sample", "0"]);
    let listing: Value = serde_json::from_str(&out).unwrap();
    let rss = |nth: usize| listing["processes"][nth]["rss_bytes"].as_u64();
    assert!(rss(0) >= rss(1), "{out}");
}

#[test]
fn a_filter_without_matches_fails_with_a_message() {
    // No pid is this large: kernel.pid_max is 2^22 at most.
    let none = ["--pid", "4294967295", "--sample", "0"];
    let output = run(&none);
    assert_eq!(
        failure_of(&output),
        "pscan: no process matches --pid 4294967295"
    );
    assert!(output.stdout.is_empty());
    // With `--json` the output is valid JSON anyway.
    let output = run(&[&none[..], &["--json"]].concat());
    failure_of(&output);
    let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listing["processes"], serde_json::json!([]));

    let once = ["watch", "--scans", "1", "--cpu-budget", "off", "--json"];
    let output = run(&[&once[..], &["--name", "^\u{1b}no\nbody$"]].concat());
    assert_eq!(
        failure_of(&output),
        "pscan: no process matches --name '^\\x1bno\\nbody$'"
    );
    let recording = eventful();
    let replay = ["replay", &recording.arg(), "--no-kernel", "--state", "Z"];
    assert_eq!(
        failure_of(&run(&replay)),
        "pscan: no process matches --state zombie --no-kernel"
    );
}

#[test]
fn filters_drop_events_but_never_failures() {
    let recording = eventful();
    let briefs = |args: &[&str]| -> Vec<String> {
        let file = recording.arg();
        let out = stdout_of(&[&["replay", "--json", &file], args].concat());
        let brief = |line: &Value| format!("{} {}", line["event"], line["process"]["pid"]);
        json_lines(&out).iter().map(brief).collect()
    };
    assert_eq!(
        briefs(&["--pid", "7"]),
        [
            "\"existing\" 7",
            "\"updated\" 7",
            "\"scan_failed\" null",
            "\"exited\" 7"
        ]
    );
    // A pid filter applies to processes; a failed scan has none.
    assert_eq!(
        briefs(&["--events", "created", "--pid", "1"]),
        ["\"scan_failed\" null"]
    );
    assert_eq!(
        briefs(&["--events", "created,exited"]),
        ["\"created\" 9", "\"scan_failed\" null", "\"exited\" 7"]
    );
    assert_eq!(
        briefs(&["--events", "exited", "--name", "^s"]),
        ["\"scan_failed\" null", "\"exited\" 7"]
    );
}

#[test]
fn a_tree_leads_from_the_root_to_matching_processes() {
    let own = own_pid();
    let tree = stdout_of(&["--tree", "--sample", "0", "--pid", &own]);
    let pids: Vec<_> = tree
        .lines()
        .skip(2)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(pids.last(), Some(&own.as_str()), "{tree}");
    if pids.len() > 1 {
        assert!(tree.contains("└─ "), "{tree}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn kernel_threads_can_be_hidden() {
    let has_kernel = |args: &[&str]| {
        let out = stdout_of(&[&["--json", "--sample", "0"], args].concat());
        out.contains(r#""kernel_thread":true"#)
    };
    if !has_kernel(&[]) {
        return eprintln!("skipped: no kernel threads are visible here");
    }
    assert!(!has_kernel(&["--no-kernel"]));
}

#[test]
fn watch_ends_after_its_time() {
    let args = ["watch", "--json", "--for", "1ms", "--interval"];
    let out = stdout_of(&[&args[..], &["1h"]].concat());
    let lines = json_lines(&out);
    // The first scan, and one more if it began within the time.
    assert!(
        lines.iter().all(|line| line["seq"].as_u64() <= Some(2)),
        "{lines:?}"
    );
}

/// The command line of `pscan` contains the pattern.
#[test]
fn a_command_filter_does_not_match_pscan_itself() {
    for args in [
        &[][..],
        &["--json"],
        &["--tree"],
        &["watch", "--poll-only", "--scans=1"],
    ] {
        let pattern = format!("nobody-runs-this-{}", std::process::id());
        let output = run(&[args, &["--command", &pattern]].concat());
        assert_eq!(
            failure_of(&output),
            format!("pscan: no process matches --command '{pattern}'")
        );
    }
}

#[test]
fn replay_speed_does_not_change_the_output() {
    let recording = eventful();
    let file = recording.arg();
    let at_once = stdout_of(&["replay", "--json", &file]);
    let paced = stdout_of(&["replay", "--json", &file, "--speed", "1000000"]);
    assert_eq!(paced, at_once);
}

#[test]
fn impossible_arguments_are_wrong_usage() {
    for (args, expected) in [
        (&["--name", "("][..], "--name"),
        (
            &["--state", "asleep"],
            "the states are running or R, sleeping or S",
        ),
        (&["--sort", "size"], "use '--sort rss'"),
        (&["--sort", "colour"], "'pscan -o help' lists all columns"),
        (&["--top", "0"], "must be a whole number of at least 1"),
        (&["--top", "many"], "--top"),
        (&["--tree", "--json"], "cannot be used with"),
        (
            &["--tree", "--json"],
            "Usage: pscan [OPTIONS] [NAME]...\n       pscan <COMMAND>\n",
        ),
        (&["--pid", "x"], "--pid"),
        (&["watch", "--for", "30"], "write 30ms or 30s"),
        (&["watch", "--for", "soon"], "a time with a unit"),
        (
            &["watch", "--events", "births"],
            "possible values: existing",
        ),
        (&["replay", "x", "--speed", "0"], "from 0.001 to 1000000"),
        (&["--json", "12"], "use 'pscan show 12'"),
        (&["help"], "use 'pscan --help'"),
        (&["man", "nonsense"], "possible values: show"),
        (&["completions", "cmd"], "possible values: bash"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
}

#[test]
fn a_name_is_plain_text_in_the_name_or_the_command_line() {
    let pid = std::process::id().to_string();
    let found = |words: &[&str]| {
        let output = run(&[&["-q", "--sample", "0"], words].concat());
        let pids: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        (output.status.code(), pids)
    };
    // The name of this test program is in its own command line.
    let own = std::env::current_exe().unwrap();
    let file = own.file_name().unwrap().to_str().unwrap().to_owned();
    let (code, pids) = found(&[&file]);
    assert_eq!(code, Some(0));
    assert!(pids.contains(&pid), "{pids:?}");
    let (_, pids) = found(&["no such name at all", &file]);
    assert!(pids.contains(&pid), "{pids:?}");
    assert!(found(&[&file.to_uppercase()]).1.is_empty());
    let both = found(&[&file, "--pid", &pid]);
    assert_eq!(both, (Some(0), vec![pid.clone()]));
    // pscan has the text in its own command line, and is not listed.
    let unique = format!("no such text {pid}");
    assert_eq!(found(&[&unique]), (Some(1), Vec::new()));
    let json = run(&["--json", "--sample", "0", &file]);
    assert!(text(&json.stdout).contains(&format!("\"pid\":{pid},")));
}

#[cfg(target_os = "linux")]
#[test]
fn processes_are_selected_by_user_and_parent() {
    use std::process::{Command, Stdio};

    let mut cat = Command::new("cat");
    let mut child = cat.stdin(Stdio::piped()).spawn().unwrap();
    let (own, pid) = (std::process::id().to_string(), child.id().to_string());
    let found = |words: &[&str]| {
        let output = run(&[&["-q", "--sample", "0"], words].concat());
        let pids: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        pids
    };
    let user = rustix::process::geteuid().as_raw();
    assert!(found(&["--user", &user.to_string()]).contains(&pid));
    assert!(!found(&["--user", &(user + 1).to_string()]).contains(&pid));
    let children = found(&["--children", &own]);
    assert!(children.contains(&pid) && !children.contains(&own));
    assert!(found(&["--children", &pid]).is_empty());
    assert_eq!(found(&["--children", &own, "--name", "^cat$"]), [pid]);
    child.kill().unwrap();
    child.wait().unwrap();
}

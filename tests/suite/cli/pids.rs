//! `watch --pid`, which ends when its processes have exited.

use super::{eventful, failure_of, json_lines, pscan, run, stdout_of, text};

const FAST: [&str; 6] = [
    "--interval",
    "50ms",
    "--cpu-budget",
    "off",
    "--scans",
    "2000",
];

#[cfg(unix)]
mod children {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Child, Command, Stdio};

    use serde_json::Value;

    use super::{FAST, json_lines, pscan};

    /// Starts a process that exits when its input is closed.
    fn waiting() -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", "read line"]).stdin(Stdio::piped());
        command.spawn().unwrap()
    }

    fn end(mut child: Child) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn watch_ends_when_all_its_processes_have_exited() {
        #[cfg(target_os = "linux")]
        let _pids = crate::faults::own_next_pid();
        let (first, second) = (waiting(), waiting());
        let (first_pid, second_pid) = (first.id(), second.id());
        let pids = format!("{first_pid},4294967295,{second_pid}");
        let mut watch = pscan(&["watch", "--json", "--pid", &pids])
            .args(FAST)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(watch.stdout.take().unwrap());
        let mut next = |event: &str| -> Value {
            loop {
                let mut line = String::new();
                assert!(out.read_line(&mut line).unwrap() > 0, "no {event}");
                let line = json_lines(&line).remove(0);
                if line["event"] == event {
                    break line;
                }
            }
        };
        next("existing");
        end(first);
        assert_eq!(next("exited")["process"]["pid"], first_pid);
        end(second);
        let last = next("exited");
        assert_eq!(last["process"]["pid"], second_pid);
        assert!(last["seq"].as_u64() < Some(2000));
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        let output = watch.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(
            super::text(&output.stderr),
            "pscan: no process has the pid 4294967295\n"
        );
    }

    #[test]
    fn a_filter_that_matches_none_of_its_processes_ends_with_them() {
        #[cfg(target_os = "linux")]
        let _pids = crate::faults::own_next_pid();
        let child = waiting();
        let pid = child.id().to_string();
        let args = ["watch", "--json", "--pid", &pid, "--name", "^nobody$"];
        let watch = pscan(&args)
            .args(FAST)
            .arg("--stats")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        end(child);
        let output = watch.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let (stats, error) = super::text(&output.stderr).split_once('\n').unwrap();
        let scans = &json_lines(stats)[0]["scans_total"]["good"];
        assert!(scans.as_u64() < Some(2000), "{stats}");
        let expected = format!("pscan: no process matches --pid {pid} --name '^nobody$'\n");
        assert_eq!(error, expected);
    }
}

#[test]
fn watch_of_a_pid_without_a_process_ends_after_its_first_scan() {
    // No pid is this large: kernel.pid_max is 2^22 at most.
    let args = [
        "watch",
        "--poll-only",
        "--json",
        "--stats",
        "--pid",
        "4294967295",
    ];
    // On a busy host a second scan could begin before the first is printed.
    let output = pscan(&args).args(["--interval", "1h"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let lines: Vec<_> = text(&output.stderr).lines().collect();
    let [stats, error] = lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(json_lines(stats)[0]["scans_total"]["good"], 1);
    assert_eq!(error, "pscan: no process matches --pid 4294967295");
}

#[test]
fn events_of_chosen_processes_have_cpu_use_and_memory() {
    let recording = eventful();
    let file = recording.arg();
    let memory = "2023-11-14T22:13:22.000Z updated        7 sh              rss 8.2 kB\n";
    assert!(stdout_of(&["replay", &file, "--pid", "7"]).contains(memory));
    for args in [&["--name", "sh"][..], &[]] {
        let out = stdout_of(&[&["replay", &file], args].concat());
        assert!(!out.contains("rss"), "{out}");
    }
    let chosen = ["replay", &file, "--pid", "7", "--events", "exited"];
    assert!(!stdout_of(&chosen).contains("rss"));
    // A recording is replayed to its end, with each process that had the pid.
    failure_of(&run(&["replay", &file, "--pid", "5"]));
}

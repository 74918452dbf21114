//! Events that need a `/proc` that disappears, or a reader that does not read.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::Child;

use super::*;

const WATCH: [&str; 6] = [
    "watch",
    "--json",
    "--interval",
    "50ms",
    "--cpu-budget",
    "off",
];

/// A command, killed and reaped when dropped.
struct Running(Child);

impl Running {
    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Returns the lines up to the first event of this kind.
fn up_to(event: &str, lines: impl Iterator<Item = io::Result<String>>) -> Vec<Value> {
    let mut seen = Vec::new();
    for line in lines {
        let line = parsed(&line.unwrap());
        let is_it = line["event"] == event;
        seen.push(line);
        if is_it {
            return seen;
        }
    }
    panic!("the command ended without {event}");
}

/// Returns the events of a watch whose scans fail from the second on, so that the breaker opens.
pub(super) fn lines_with_an_open_breaker() -> Vec<Value> {
    let dir = tempfile::TempDir::new().unwrap();
    let proc = dir.path().join("proc");
    symlink("/proc", &proc).unwrap();
    let args = [&WATCH[..], &["--proc", proc.to_str().unwrap()]].concat();
    let mut child = pscan(&args).stdout(Stdio::piped()).spawn().unwrap();
    let out = child.stdout.take().unwrap();
    let _running = Running(child);
    let mut lines = BufReader::new(out).lines();
    let first = parsed(&lines.next().unwrap().unwrap());
    fs::remove_file(&proc).unwrap();
    let mut seen = up_to("breaker_changed", lines);
    seen.push(first);
    seen
}

/// Returns the events of a watch of a `/proc` of which the kernel reports no births and exits.
pub(super) fn lines_of_a_source_that_cannot_listen() -> Vec<Value> {
    let dir = tempfile::TempDir::new().unwrap();
    let stat = "cpu 1\nbtime 1700000000\nprocesses 42\n";
    fs::write(dir.path().join("stat"), stat).unwrap();
    fs::create_dir(dir.path().join("1")).unwrap();
    let init = format!("1 (init) S{}\n", " 0".repeat(49));
    fs::write(dir.path().join("1/stat"), init).unwrap();
    let proc = ["--proc", dir.path().to_str().unwrap(), "--scans", "1"];
    let seen = lines_of(&[&WATCH[..], &proc].concat()).0;
    // Before all others, and once.
    assert_eq!(seen[0]["event"], "not_listening");
    assert!(
        seen[1..]
            .iter()
            .all(|line| line["event"] != "not_listening")
    );
    let polled = lines_of(&[&WATCH[..], &proc, &["--poll-only"]].concat()).0;
    assert!(polled.iter().all(|line| line["event"] != "not_listening"));
    seen
}

/// Returns the events of a watch whose output is not read until batches are lost.
pub(super) fn lines_with_lost_batches() -> Vec<Value> {
    let (out, into) = io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&into, 4096).unwrap();
    let mut child = pscan(&WATCH)
        // The queue of a watch that listens is longer.
        .args(["--stats", "--poll-only"])
        .stdout(into)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stats = BufReader::new(child.stderr.take().unwrap()).lines();
    let running = Running(child);
    let mut lines = BufReader::new(out).lines();
    // `pscan` handles the signal by now, which would kill it before.
    let first = parsed(&lines.next().unwrap().unwrap());
    loop {
        running.signal("-USR1");
        let line = parsed(&stats.next().unwrap().unwrap());
        if line["batches_lost_total"].as_u64() > Some(0) {
            assert_all(STATS, &[line]);
            break;
        }
    }
    let mut seen = up_to("resync", lines);
    seen.push(first);
    seen
}

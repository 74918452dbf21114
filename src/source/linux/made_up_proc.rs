//! A made-up `/proc` for tests. Its processes have the pids of real ones, and so their CPU clocks.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::LinuxSource;
use super::idle_turns::IdleTurns;
use crate::model::Collect;
use crate::source::Source;

/// How long a test tries what other processes of the host can prevent.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A process that waits for its input until it is dropped.
pub(super) struct Idle(Child);

impl Idle {
    pub(super) fn start() -> Self {
        let mut cat = Command::new("cat");
        let cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut idle = Self(cat.expect("there is a cat"));
        // Once it has answered, it does little more than wait.
        let (input, output) = (idle.0.stdin.as_mut(), idle.0.stdout.as_mut());
        let is_sent = input.is_some_and(|input| input.write_all(b"\n").is_ok());
        let is_answered = output.is_some_and(|output| output.read_exact(&mut [0]).is_ok());
        assert!(is_sent && is_answered);
        idle
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The files. Process 1 is there from the start.
pub(super) struct MadeUpProc(TempDir);

impl MadeUpProc {
    pub(super) fn new() -> Self {
        let made_up = Self(TempDir::new().expect("a folder"));
        made_up.count(1, 1);
        made_up.add(1, 0);
        made_up
    }

    fn folder(&self, pid: u32) -> PathBuf {
        self.0.path().join(pid.to_string())
    }

    pub(super) fn write(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).expect("it is ours");
    }

    /// Sets the number of forks since boot, and the pid that was given last.
    pub(super) fn count(&self, forks: u32, last_pid: u32) {
        self.write("stat", &format!("btime 1700000000\nprocesses {forks}\n"));
        self.write("loadavg", &format!("0.1 0.2 0.3 1/2 {last_pid}\n"));
    }

    pub(super) fn add(&self, pid: u32, parent: u32) {
        fs::create_dir(self.folder(pid)).expect("there is none yet");
        self.write(&format!("{pid}/statm"), "100 25 3 1 0 5 0\n");
        self.write(&format!("{pid}/cmdline"), "x\0");
        self.set(pid, parent, 'S', 5);
    }

    /// Writes the `stat` of a process.
    pub(super) fn set(&self, pid: u32, parent: u32, state: char, start_ticks: u64) {
        let stat = format!(
            "{pid} (x) {state} {parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start_ticks} 8192 25 \
             1 1 1 7 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 8 9 1 1 0\n"
        );
        self.write(&format!("{pid}/stat"), &stat);
    }

    pub(super) fn remove(&self, pid: u32) {
        fs::remove_dir_all(self.folder(pid)).expect("it is there");
    }

    /// Returns a source that takes it for the `/proc` of this host. No idle process has its turn.
    pub(super) fn source(&self) -> LinuxSource {
        let mut source =
            LinuxSource::with_proc(self.0.path(), Collect::MEMORY).expect("process 1 can be read");
        source.rules.has_clocks = true;
        source.namespace.is_ours = true;
        source.turns = IdleTurns::every(Duration::from_secs(86_400));
        source
    }
}

/// Scans, and returns the pids.
pub(super) fn pids(source: &mut LinuxSource) -> Vec<u32> {
    let mut pids = Vec::new();
    source
        .scan(&mut |row| pids.push(row.pid()))
        .expect("it can be read");
    pids
}

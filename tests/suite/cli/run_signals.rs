//! Signals during `pscan run`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tempfile::TempDir;

use super::{is_ignored, is_interrupt_ignored, pscan};

/// A script that pscan runs, after its first line of output.
struct Running {
    pscan: Child,
    out: BufReader<ChildStdout>,
    _summary: TempDir,
}

impl Running {
    fn start(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let summary = folder.path().join("summary");
        let mut pscan = pscan(&["run", "--output", summary.to_str().unwrap()])
            .args(["sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(pscan.stdout.take().unwrap());
        let mut running = Self {
            pscan,
            out,
            _summary: folder,
        };
        running.line();
        running
    }

    /// Returns the next line.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.pscan.id().cast_signed()).unwrap()
    }

    fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end; returns the exit status, and the rest of the output.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.pscan.wait().unwrap().code(), rest)
    }
}

#[test]
fn signals_reach_the_command() {
    for (name, signal) in [
        ("HUP", Signal::HUP),
        ("INT", Signal::INT),
        ("QUIT", Signal::QUIT),
        ("TERM", Signal::TERM),
        ("USR1", Signal::USR1),
        ("USR2", Signal::USR2),
    ] {
        if is_ignored(signal) {
            eprintln!("skipped: SIG{name} is ignored here");
            continue;
        }
        // A shell waits for a builtin only: a signal interrupts it.
        let script = format!("trap 'echo {name}; exit 9' {name}; echo ready; read line");
        let running = Running::start(&script);
        running.send(signal);
        assert_eq!(running.end(), (Some(9), format!("{name}\n")));
    }
}

#[test]
fn a_signal_that_ends_the_command_gives_128_and_its_number() {
    let running = Running::start("echo ready; read line");
    running.send(Signal::TERM);
    assert_eq!(running.end().0, Some(128 + 15));
}

#[test]
fn pscan_waits_for_a_command_that_ignores_a_signal() {
    let mut running = Running::start("trap '' TERM; echo ready; read line; echo $line; exit 4");
    running.send(Signal::TERM);
    std::io::Write::write_all(running.pscan.stdin.as_mut().unwrap(), b"on\n").unwrap();
    assert_eq!(running.end(), (Some(4), "on\n".into()));
}

#[test]
fn pscan_stops_when_job_control_stops_the_command() {
    // The session of a test can have no parent outside, where job control does nothing.
    let mut running = Running::start("echo $$; kill -TSTP $$; echo on; exit 6");
    let stopped = waitpid(Some(running.pid()), WaitOptions::UNTRACED);
    let Ok(Some((_, status))) = stopped else {
        panic!("{stopped:?}");
    };
    if !status.stopped() {
        return eprintln!("skipped: SIGTSTP stops nothing in this process group");
    }
    running.send(Signal::CONT);
    assert_eq!(running.line(), "on");
    assert_eq!(running.end().0, Some(6));
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let Ok((ours, theirs)) = super::pty::open(80) else {
        return eprintln!("SKIPPED: there is no pseudoterminal");
    };
    let script = "n=0; trap 'n=$((n+1)); echo interrupted' INT; trap 'echo n=$n; exit 0' USR1; \
                  echo ready; while :; do read line; done";
    // It makes the pseudoterminal the controlling terminal, and then is pscan.
    let mut setsid = std::process::Command::new("setsid");
    let child = super::without_settings(&mut setsid)
        .arg("--ctty")
        .arg(assert_cmd::cargo::cargo_bin!("pscan"))
        .args(["run", "sh", "-c", script])
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs)
        .spawn();
    drop(setsid);
    let Ok(mut child) = child else {
        return eprintln!("SKIPPED: there is no setsid");
    };
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    let mut terminal = BufReader::new(ours.try_clone().unwrap());
    let mut wait_for = |expected: &str| {
        let mut line = String::new();
        while !line.contains(expected) {
            line.clear();
            assert!(terminal.read_line(&mut line).unwrap() > 0, "no {expected}");
        }
    };
    wait_for("ready");
    if is_interrupt_ignored() {
        eprintln!("skipped: Ctrl-C is ignored here");
    } else {
        std::io::Write::write_all(&mut &ours, b"\x03").unwrap();
        wait_for("interrupted");
    }
    // pscan passes on what it got before.
    kill_process(pid, Signal::USR1).unwrap();
    wait_for(if is_interrupt_ignored() { "n=0" } else { "n=1" });
    let _ = super::pty::shown(ours);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

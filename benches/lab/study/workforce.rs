//! Start and end children that work, and keep the truth about each.

use std::io::{self, Read};
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicBool;

use super::worker::{self, Burst};
use crate::crowd::child;
use crate::crowd::schedule::Schedule;
use crate::measure::proc;

/// A working child that has ended.
pub(super) struct Worked {
    pub(super) pid: u32,
    /// When it started, counted from boot.
    pub(super) start_ms: u64,
    /// All CPU time that it used.
    pub(super) cpu_ms: f64,
    /// The bursts that it finished.
    pub(super) bursts: Vec<Burst>,
}

/// Starts children until `stop` is set, and returns them when the last one has ended.
pub(super) fn run(mut schedule: Schedule, stop: &AtomicBool) -> io::Result<Vec<Worked>> {
    schedule.run(
        stop,
        |random| {
            let child = start(random.u64(..))?;
            let start_ms = proc::start_ms_since_boot(child.id());
            let start_ms = start_ms.ok_or_else(|| unknown("the start time of a child"))?;
            Ok((start_ms, child))
        },
        |(start_ms, child), _| end(start_ms, child),
    )
}

fn start(seed: u64) -> io::Result<Child> {
    child::in_role(worker::WORK_IN_BURSTS)?
        .arg(seed.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
}

fn end(start_ms: u64, mut child: Child) -> io::Result<Worked> {
    child.kill()?;
    let (_, cpu_us) = proc::wait(&mut child)?;
    let cpu_us = cpu_us.ok_or_else(|| unknown("the CPU time of a child"))?;
    let mut report = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut report)?;
    }
    Ok(Worked {
        pid: child.id(),
        start_ms,
        cpu_ms: cpu_us / 1000.0,
        bursts: worker::bursts(&report),
    })
}

fn unknown(what: &str) -> io::Error {
    io::Error::other(format!("{what} is unknown"))
}

//! Starts processes that live for milliseconds, and keeps the truth about each.

use std::error::Error;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, vec};

use rustix::process::{Signal, getpid, kill_process};

use super::clock::now_ns;
use crate::crowd::child;
use crate::measure::proc;

/// The role of a child that lives for some microseconds and ends as it is asked to.
pub(crate) const LIVE: &str = "--live";

/// Threads that start and reap processes.
const THREADS: u32 = 4;

/// How a child ends that is not to exit by itself.
const BY_SIGNAL: &str = "signal-";

const SIGNALS: [Signal; 3] = [Signal::TERM, Signal::KILL, Signal::USR1];

/// A process that has lived. Times are in nanoseconds since boot.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) pid: u32,
    /// Field 22 of its `stat`.
    pub(super) start_ms: u64,
    /// As wait(2) reported it.
    pub(super) status: ExitStatus,
    /// Its arguments after the program.
    pub(super) args: String,
    /// It was born between these.
    pub(super) born_ns: [u64; 2],
    /// Its last thread ended between these.
    pub(super) ended_ns: [u64; 2],
}

/// What to start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shots {
    pub(crate) lives: u32,
    pub(crate) per_second: u32,
    /// Each process gets the first free pid after this one.
    pub(crate) pid: Option<u32>,
}

impl Shots {
    pub(crate) fn usual(is_quick: bool) -> Self {
        Self {
            lives: if is_quick { 200 } else { 10_000 },
            per_second: if is_quick { 100 } else { 500 },
            pid: None,
        }
    }

    /// Uses few pids again and again.
    pub(crate) fn with_reused_pids(self) -> Self {
        // The pid of this process is taken, and those after it may be free.
        let pid = Some(std::process::id());
        Self { pid, ..self }
    }
}

/// Starts the processes, and returns when the last one has ended.
pub(super) fn shoot(shots: Shots) -> Result<Vec<Life>, Box<dyn Error>> {
    let every = Duration::from_secs(THREADS.into()) / shots.per_second;
    let begun = Instant::now();
    let shooters: Vec<_> = (0..THREADS)
        .map(|first| {
            thread::spawn(move || {
                let mut random = fastrand::Rng::with_seed(first.into());
                let pipe = pipe()?;
                let lives = (first..shots.lives).step_by(THREADS as usize);
                let fire = |(turn, life)| {
                    let due = begun + every * turn + every.mul_f64(random.f64());
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    fire(life, random.u32(1000..=5000), shots.pid, &pipe)
                };
                (0..).zip(lives).map(fire).collect::<io::Result<Vec<_>>>()
            })
        })
        .collect();
    let mut lives = Vec::new();
    for shooter in shooters {
        lives.extend(shooter.join().map_err(|_| "a panic")??);
    }
    Ok(lives)
}

fn fire(
    number: u32,
    life_us: u32,
    pid: Option<u32>,
    (times, child_times): &(PipeReader, PipeWriter),
) -> io::Result<Life> {
    // Every tenth is killed; the others exit with a code.
    let end = match number % 10 {
        9 => format!("{BY_SIGNAL}{}", number / 10 % SIGNALS.len() as u32),
        _ => (number % 251).to_string(),
    };
    let args = [
        LIVE.into(),
        life_us.to_string(),
        end,
        format!("life-{number}"),
    ];
    let mut command = child::in_role(LIVE)?;
    command
        .args(&args[1..])
        .stdin(Stdio::null())
        .stdout(child_times.try_clone()?);
    if let Some(pid) = pid {
        fs::write("/proc/sys/kernel/ns_last_pid", pid.to_string())?;
    }
    let before_ns = now_ns();
    let mut child = command.spawn()?;
    let born_ns = [before_ns, now_ns()];
    // It is not reaped yet, so this is its own.
    let start_ms = proc::start_ms_since_boot(child.id());
    let status = child.wait()?;
    let after_ns = now_ns();
    let mut bytes = [0; 8];
    let mut times = times;
    times.read_exact(&mut bytes)?;
    Ok(Life {
        pid: child.id(),
        start_ms: start_ms.ok_or(io::ErrorKind::NotFound)?,
        status,
        args: args.join(" "),
        born_ns,
        ended_ns: [u64::from_ne_bytes(bytes), after_ns],
    })
}

impl Life {
    /// Returns code, signal and whether it dumped core.
    pub(super) fn end(&self) -> (Option<u8>, Option<u8>, bool) {
        let byte = |number: Option<i32>| number.and_then(|number| u8::try_from(number).ok());
        (
            byte(self.status.code()),
            byte(self.status.signal()),
            self.status.core_dumped(),
        )
    }
}

/// Lives for a time, writes when that was over, and ends.
pub(crate) fn live(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let mut next = || args.next().ok_or(io::ErrorKind::InvalidInput);
    let (life_us, end) = (number(&next()?)?, next()?);
    thread::sleep(Duration::from_micros(life_us));
    child::unbuffered(io::stdout())?.write_all(&now_ns().to_ne_bytes())?;
    if let Some(signal) = end.strip_prefix(BY_SIGNAL) {
        let signal = SIGNALS.get(number(signal)? as usize);
        kill_process(getpid(), *signal.ok_or(io::ErrorKind::InvalidInput)?)?;
    }
    std::process::exit(i32::try_from(number(&end)?).unwrap_or(-1));
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(|_| io::ErrorKind::InvalidInput.into())
}

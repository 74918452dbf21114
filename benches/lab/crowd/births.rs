//! Children that are started one by one and live for a given time.

use std::io::{self, PipeReader, PipeWriter, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::child;
use super::schedule::Schedule;
use crate::measure::proc;

/// The role of a child that ends at once.
pub(crate) const END: &str = "--end";

/// Births of children that wait, and are killed after their life.
pub(crate) struct Births {
    spawner: Spawner,
    schedule: Schedule,
}

/// A child that has ended.
pub(crate) struct Born {
    pub(crate) pid: u32,
    /// When it started, counted from boot; `None` if unknown.
    pub(crate) start_ms: Option<u64>,
    pub(crate) life: Duration,
}

impl Births {
    pub(crate) fn new(life: Duration, every: Duration, seed: u64) -> io::Result<Self> {
        Ok(Self {
            spawner: Spawner::new()?,
            schedule: Schedule::new(life, every, seed),
        })
    }

    /// Starts children until `stop` is set, and returns them when the last one has ended.
    pub(crate) fn run(&mut self, stop: &AtomicBool) -> io::Result<Vec<Born>> {
        self.schedule.run(
            stop,
            |_| {
                let child = self.spawner.start()?;
                Ok((proc::start_ms_since_boot(child.id()), child))
            },
            |(start_ms, mut child), since| {
                child.kill()?;
                child.wait()?;
                Ok(Born {
                    pid: child.id(),
                    start_ms,
                    life: since.elapsed(),
                })
            },
        )
    }
}

/// Starts children one by one.
pub(crate) struct Spawner {
    /// Programs of the system start faster than this executable, but not every system has them.
    has_programs: bool,
    input: PipeReader,
    /// Children wait until this is closed.
    _input_writer: PipeWriter,
}

impl Spawner {
    pub(crate) fn new() -> io::Result<Self> {
        let (input, input_writer) = pipe()?;
        let runs = |program| {
            let mut command = Command::new(program);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        Ok(Self {
            has_programs: runs("cat") && runs("true"),
            input,
            _input_writer: input_writer,
        })
    }

    /// Starts a child that waits until it is killed.
    pub(crate) fn start(&self) -> io::Result<Child> {
        self.spawn("cat", child::WAIT)
    }

    /// Starts a child that ends at once.
    pub(crate) fn start_brief(&self) -> io::Result<Child> {
        self.spawn("true", END)
    }

    fn spawn(&self, program: &str, role: &str) -> io::Result<Child> {
        let mut command = match self.has_programs {
            true => Command::new(program),
            false => child::in_role(role)?,
        };
        command
            .stdin(self.input.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

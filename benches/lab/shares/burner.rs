//! Children that use a steady share of a core.

use std::io;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::crowd::child;
use crate::measure::proc;

/// The role of a child that uses CPU time until its input ends.
pub(crate) const BURN: &str = "--burn";

/// Work and sleep take turns within this time.
const PERIOD: Duration = Duration::from_millis(10);

/// A child that uses CPU time. It ends when this is dropped.
pub(crate) struct Burner {
    child: Child,
    started: Instant,
}

impl Burner {
    /// Starts a child that uses this share of a core.
    pub(crate) fn start(percent: u32) -> io::Result<Self> {
        let mut command: Command = child::in_role(BURN)?;
        command
            .arg(percent.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Ok(Self {
            started: Instant::now(),
            child: command.spawn()?,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns CPU time and the time of its reading.
    pub(crate) fn used(&self) -> io::Result<(Instant, f64)> {
        let used_us = proc::process_cpu_us(self.pid());
        let used_us = used_us.ok_or_else(|| io::Error::other("no schedstat"))?;
        Ok((Instant::now(), used_us))
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        // It does not matter if it has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does the child's work.
pub(crate) fn burn(mut args: std::vec::IntoIter<String>) -> io::Result<()> {
    let percent = args.next().and_then(|percent| percent.parse().ok());
    let percent: u32 = percent.ok_or_else(|| io::Error::other("no share"))?;
    thread::spawn(|| {
        // At the end of the input, or if it cannot be read.
        let _ = child::wait();
        std::process::exit(0);
    });
    let work = PERIOD * percent / 100;
    let mut begin = Instant::now();
    loop {
        while begin.elapsed() < work {
            std::hint::spin_loop();
        }
        begin += PERIOD;
        thread::sleep(begin.saturating_duration_since(Instant::now()));
    }
}

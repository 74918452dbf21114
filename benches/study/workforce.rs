//! Births and deaths of children that work, with an account of each.

use std::env;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::worker::{self, Burst};
use crate::crowd::random::Random;
use crate::measure::proc;

/// Working children of one length of life.
pub(crate) struct Workforce {
    pub(crate) life: Duration,
    pub(crate) every: Duration,
    pub(crate) random: Random,
}

/// A child that has worked and is no more.
pub(crate) struct Worked {
    pub(crate) pid: u32,
    /// When it started, counted from boot.
    pub(crate) start_ms: u64,
    /// All CPU time it used, from its start to its end.
    pub(crate) cpu_ms: f64,
    /// Without one that its end cut short.
    pub(crate) bursts: Vec<Burst>,
}

struct Working {
    since: Instant,
    start_ms: u64,
    child: Child,
}

impl Workforce {
    /// One child in each stretch of time, anywhere in it. It returns when it was told to stop and the last
    /// child has lived its life.
    pub(crate) fn give(&mut self, stop: &AtomicBool) -> io::Result<Vec<Worked>> {
        let begun = Instant::now();
        let mut living: Vec<Working> = Vec::new();
        let mut worked = Vec::new();
        let mut stretch = 0;
        let mut birth_at = begun + self.every.mul_f64(self.random.share());
        loop {
            let now = Instant::now();
            let is_over = stop.load(Ordering::Relaxed);
            let end_at = living.first().map(|working| working.since + self.life);
            if let Some(at) = end_at
                && at <= now
            {
                worked.push(living.remove(0).end()?);
            } else if is_over && end_at.is_none() {
                return Ok(worked);
            } else if !is_over && birth_at <= now {
                living.push(Working::start(self.random.next())?);
                stretch += 1;
                birth_at = begun + self.every * stretch + self.every.mul_f64(self.random.share());
            } else {
                let next = end_at.unwrap_or(birth_at).min(birth_at).max(now);
                thread::sleep((next - now).min(Duration::from_millis(20)));
            }
        }
    }
}

impl Working {
    fn start(seed: u64) -> io::Result<Self> {
        let since = Instant::now();
        let child = Command::new(env::current_exe()?)
            .args([worker::WORK, &seed.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let start_ms = proc::start_ms_since_boot(child.id());
        Ok(Self {
            since,
            start_ms: start_ms.ok_or_else(|| io::Error::other("a child has no start time"))?,
            child,
        })
    }

    fn end(mut self) -> io::Result<Worked> {
        self.child.kill()?;
        let (_, cpu_us) = proc::wait(&mut self.child)?;
        let cpu_us = cpu_us.ok_or_else(|| io::Error::other("nothing tells what a child used"))?;
        let mut report = String::new();
        if let Some(mut output) = self.child.stdout.take() {
            output.read_to_string(&mut report)?;
        }
        Ok(Worked {
            pid: self.child.id(),
            start_ms: self.start_ms,
            cpu_ms: cpu_us / 1000.0,
            bursts: worker::bursts(&report),
        })
    }
}

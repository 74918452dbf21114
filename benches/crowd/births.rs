//! Births and deaths at a steady rate.

use std::io::{self, PipeReader, Read, pipe};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::nursery::Nursery;
use super::random::Random;
use super::{Crowd, child, own_executable};
use crate::measure::proc;

/// Children of one length of life.
pub(crate) struct Births {
    nursery: Nursery,
    life: Duration,
    every: Duration,
    random: Random,
}

/// A child that was.
pub(crate) struct Born {
    pub(crate) pid: u32,
    /// When it started, counted from boot; `None` where that cannot be told.
    pub(crate) start_ms: Option<u64>,
    pub(crate) life: Duration,
}

impl Births {
    pub(crate) fn new(life: Duration, every: Duration, seed: u64) -> io::Result<Self> {
        Ok(Self {
            nursery: Nursery::new()?,
            life,
            every,
            random: Random(seed),
        })
    }

    /// One child in each stretch of time, anywhere in it so that births keep no step with scans. It
    /// returns when it was told to stop and the last child has lived its life.
    pub(crate) fn give(&mut self, stop: &AtomicBool) -> io::Result<Vec<Born>> {
        let begun = Instant::now();
        let mut living: Vec<(Instant, u32, Option<u64>, Child)> = Vec::new();
        let mut born = Vec::new();
        let mut birth_at = begun;
        let mut stretch = 0;
        loop {
            let now = Instant::now();
            let is_over = stop.load(Ordering::Relaxed);
            let reap_at = living.first().map(|(since, ..)| *since + self.life);
            if let Some(at) = reap_at
                && at <= now
            {
                let (since, pid, start_ms, mut child) = living.remove(0);
                child.kill()?;
                child.wait()?;
                born.push(Born {
                    pid,
                    start_ms,
                    life: since.elapsed(),
                });
            } else if is_over && reap_at.is_none() {
                return Ok(born);
            } else if !is_over && birth_at <= now {
                let child = self.nursery.start()?;
                let start_ms = proc::start_ms_since_boot(child.id());
                living.push((now, child.id(), start_ms, child));
                stretch += 1;
                birth_at = begun + self.every * stretch + self.every.mul_f64(self.random.share());
            } else {
                let next = reap_at.unwrap_or(birth_at).min(birth_at).max(now);
                thread::sleep((next - now).min(Duration::from_millis(20)));
            }
        }
    }
}

/// Births and deaths that a process of its own sees to, so that what they cost it is not taken for the
/// bench's.
pub(crate) struct Turnover {
    parent: Crowd,
    output: PipeReader,
    begun: Instant,
}

/// A host's short-lived processes, long enough that most are seen.
const LIFE: Duration = Duration::from_millis(500);

impl Turnover {
    pub(crate) fn start(births_per_second: u32) -> io::Result<Self> {
        let (input, leash) = pipe()?;
        let (output, child_output) = pipe()?;
        let parent = Crowd::start(1, vec![leash], || {
            let mut command = own_executable(child::GIVE_BIRTH)?;
            command
                .arg(births_per_second.to_string())
                .stdin(input.try_clone()?)
                .stdout(child_output.try_clone()?);
            Ok(command)
        })?;
        Ok(Self {
            parent,
            output,
            begun: Instant::now(),
        })
    }

    /// Ends it, and says how many births a second there were in truth.
    pub(crate) fn end(mut self) -> io::Result<f64> {
        let elapsed = self.begun.elapsed();
        drop(self.parent);
        let mut births = String::new();
        self.output.read_to_string(&mut births)?;
        let births: u32 = births
            .trim()
            .parse()
            .map_err(|_| io::Error::other("the births ended early"))?;
        Ok(f64::from(births) / elapsed.as_secs_f64())
    }
}

/// The child of a [`Turnover`]. Its arguments say how many births a second there are to be.
pub(super) fn give_until_input_ends(mut args: impl Iterator<Item = String>) -> io::Result<()> {
    let rate = args.next().and_then(|rate| rate.parse::<u32>().ok());
    let rate = rate.ok_or_else(|| io::Error::other("how many births a second?"))?;
    let stop = Arc::new(AtomicBool::new(false));
    thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let _ = child::wait();
            stop.store(true, Ordering::Relaxed);
        }
    });
    let mut births = Births::new(LIFE, Duration::from_secs(1) / rate.max(1), 1)?;
    child::say(births.give(&stop)?.len())
}

//! Steady births and exits, in a process of their own: their CPU time does not count as the experiment's.

use std::io::{self, PipeReader, Read, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{thread, vec};

use super::births::Births;
use super::child;
use super::children::Children;

/// The role of a child that starts children. Its argument is the number of births a second.
pub(crate) const GIVE_BIRTH: &str = "--give-birth";

/// A scan a second sees half of these children.
const LIFE: Duration = Duration::from_millis(500);

/// A child that starts children at a steady rate.
pub(crate) struct Turnover {
    parent: Children,
    output: PipeReader,
    begun: Instant,
}

impl Turnover {
    pub(crate) fn start(births_per_second: u32) -> io::Result<Self> {
        let (input, input_writer) = pipe()?;
        let (output, child_output) = pipe()?;
        let parent = Children::start(1, vec![input_writer], || {
            let mut command = child::in_role(GIVE_BIRTH)?;
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

    /// Stops the births and returns the actual number of births a second.
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

/// Does the child's work: starts children until the input ends, then prints how many there were.
pub(crate) fn give_birth(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let rate = args.next().and_then(|rate| rate.parse::<u32>().ok());
    let rate = rate.ok_or_else(|| io::Error::other("the number of births a second is missing"))?;
    let stop = Arc::new(AtomicBool::new(false));
    thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let _ = child::wait();
            stop.store(true, Ordering::Relaxed);
        }
    });
    let mut births = Births::new(LIFE, Duration::from_secs(1) / rate.max(1), 1)?;
    let born = births.run(&stop)?;
    write!(child::unbuffered(io::stdout())?, "{}", born.len())
}

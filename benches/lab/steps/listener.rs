//! A child that runs a scanner, so that its CPU time is that of the scanner alone.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use std::{thread, vec};

use process_scanner::{
    Collect, Config, ConsumerOptions, LinuxSource, ListenOptions, ListenStep, Scanner, Transition,
};
use rustix::time::{ClockId, clock_gettime};

use crate::crowd::child;

/// The role of a child that listens at a step, or within the default budget.
pub(crate) const LISTEN: &str = "--listen-at";

/// The interval where scans are no part of the figures.
const HOUR_MS: u64 = 3_600_000;

/// A child that listens.
#[derive(Debug)]
pub(super) struct Listener {
    child: Child,
    lines: BufReader<ChildStdout>,
    changes: Vec<String>,
}

/// What a child has used and missed so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) at: Instant,
    pub(super) cpu_ns: u64,
    pub(super) missed: u64,
}

impl Listener {
    /// Starts one at a step, or with `budget`.
    pub(super) fn start(how: &str) -> io::Result<Self> {
        let mut child = child::in_role(LISTEN)?
            .arg(how)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            lines: BufReader::new(output),
            changes: Vec::new(),
        })
    }

    /// Asks it for its figures.
    pub(super) fn read(&mut self) -> io::Result<Reading> {
        let input = self.child.stdin.as_mut();
        input.ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"?")?;
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line)? == 0 {
                return Err(io::Error::other("it cannot listen here"));
            }
            let mut figures = line.split_whitespace().map(str::parse);
            if let (Some(Ok(cpu_ns)), Some(Ok(missed))) = (figures.next(), figures.next()) {
                return Ok(Reading {
                    at: Instant::now(),
                    cpu_ns,
                    missed,
                });
            }
            self.changes.push(line.trim_end().to_owned());
        }
    }

    /// Returns the changes that it has reported until the last reading.
    pub(super) fn changes(&self) -> &[String] {
        &self.changes
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Listens until the input ends.
pub(crate) fn listen(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let how = args.next().unwrap_or_default();
    let step = ListenStep::ALL
        .into_iter()
        .find(|step| step.as_str() == how);
    let mut config = Config::default();
    let mut builder = Scanner::builder();
    if let Some(step) = step {
        config.interval_ms = HOUR_MS;
        config.cpu_budget_percent = None;
        let mut options = ListenOptions::default();
        options.closest = step;
        let source = LinuxSource::new(Collect::default()).map_err(io::Error::other)?;
        builder = builder.source(source.listening(options));
    }
    let scanner = builder.config(config).start().map_err(io::Error::other)?;
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let missed = Arc::new(Mutex::new(0_u64));
    let counted = Arc::clone(&missed);
    let began = Instant::now();
    // Waits for the first batch, so that the first scan is not counted.
    batches.recv().map_err(io::Error::other)?;
    thread::spawn(move || {
        while let Ok(batch) = batches.recv() {
            let unseen = batch.counts.unseen_at_most.unwrap_or(0);
            *counted.lock().unwrap_or_else(PoisonError::into_inner) += unseen;
            for transition in &batch.transitions {
                if !matches!(transition, Transition::Interval { .. }) {
                    println!("after {:.1} s: {transition}", began.elapsed().as_secs_f64());
                }
            }
        }
    });
    let mut input = child::unbuffered(io::stdin())?;
    while input.read(&mut [0])? > 0 {
        let clock = clock_gettime(ClockId::ProcessCPUTime);
        let cpu_ns = clock.tv_sec.unsigned_abs() * 1_000_000_000 + clock.tv_nsec.unsigned_abs();
        let missed = *missed.lock().unwrap_or_else(PoisonError::into_inner);
        println!("{cpu_ns} {missed}");
    }
    Ok(())
}

//! Children that use CPU time between two scans and are idle during a scan.

use std::hint::spin_loop;
use std::io::{self, PipeReader, Read, Write, pipe};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::child;
use super::children::Children;

/// The role of a child that works when it is asked to.
pub(crate) const WORK: &str = "--work";

/// How long a child works. The kernel counts CPU time in nanoseconds, so a short time is enough.
const WORK_TIME: Duration = Duration::from_micros(100);

/// After this time without an answer a child has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Children that work for a moment whenever they are asked to.
pub(crate) struct Workers {
    children: Children,
    /// How many children have done their work, a few at a time.
    done: Receiver<usize>,
    next_input: usize,
}

impl Workers {
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        let (odd, odd_writer) = pipe()?;
        let (even, even_writer) = pipe()?;
        let (output, child_output) = pipe()?;
        let children = Children::start(len, vec![odd_writer, even_writer], || {
            let mut command = child::in_role(WORK)?;
            command
                .stdin(odd.try_clone()?)
                .stdout(child_output.try_clone()?)
                .stderr(Stdio::from(even.try_clone()?));
            Ok(command)
        })?;
        Ok(Self {
            children,
            done: count_bytes(output),
            next_input: 0,
        })
    }

    /// Lets every child work for a moment, and returns when all are idle again.
    pub(crate) fn work(&mut self) -> io::Result<()> {
        let mut left = self.children.len();
        let input = self.children.input(self.next_input);
        input.write_all(&vec![0; left])?;
        self.next_input = 1 - self.next_input;
        while left > 0 {
            let done = self.done.recv_timeout(TIMEOUT);
            left -= done.map_err(|_| io::Error::other("a child does not do its work"))?;
        }
        Ok(())
    }
}

/// Counts the bytes on another thread, so that waiting for them can time out.
fn count_bytes(mut output: PipeReader) -> Receiver<usize> {
    let (count, counts) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(len) = output.read(&mut bytes)
            && len > 0
            && count.send(len).is_ok()
        {}
    });
    counts
}

/// Does the child's work: for each byte of input, uses CPU time and writes a byte.
///
/// All children read from the same two pipes in turn. A child that has read a byte from one pipe waits at
/// the other pipe until the next round, so it cannot take the byte of another child.
pub(crate) fn work() -> io::Result<()> {
    let mut inputs = [
        child::unbuffered(io::stdin())?,
        child::unbuffered(io::stderr())?,
    ];
    let mut output = child::unbuffered(io::stdout())?;
    for round in (0..inputs.len()).cycle() {
        if inputs[round].read(&mut [0])? == 0 {
            break;
        }
        let end = Instant::now() + WORK_TIME;
        while Instant::now() < end {
            spin_loop();
        }
        output.write_all(&[0])?;
    }
    Ok(())
}

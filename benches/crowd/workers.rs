//! Children that have used CPU time since the last scan, and are idle while the next one is made.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::{Crowd, child, own_executable};

/// None needs as long to get its turn; one that does will never come round.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Workers {
    crowd: Crowd,
    /// How many have done their work, a few at a time.
    done: Receiver<usize>,
    next_leash: usize,
}

impl Workers {
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        let (odd, odd_leash) = pipe()?;
        let (even, even_leash) = pipe()?;
        let (output, child_output) = pipe()?;
        let crowd = Crowd::start(len, vec![odd_leash, even_leash], || {
            let mut command = own_executable(child::WORK)?;
            command
                .stdin(odd.try_clone()?)
                .stdout(child_output.try_clone()?)
                .stderr(Stdio::from(even.try_clone()?));
            Ok(command)
        })?;
        Ok(Self {
            crowd,
            done: count_bytes(output),
            next_leash: 0,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.crowd.len()
    }

    /// Lets each of them work for a moment. They are idle again when it returns.
    pub(crate) fn work(&mut self) -> io::Result<()> {
        let mut left = self.len();
        let leash: &mut PipeWriter = &mut self.crowd.leashes[self.next_leash];
        leash.write_all(&vec![0; left])?;
        self.next_leash = 1 - self.next_leash;
        while left > 0 {
            let done = self.done.recv_timeout(PATIENCE);
            left -= done.map_err(|_| io::Error::other("a child does not do its work"))?;
        }
        Ok(())
    }
}

/// Reads on a thread of its own, so that there can be an end to the waiting.
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

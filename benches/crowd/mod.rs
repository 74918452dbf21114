//! Processes that exist only so that there is something to scan.
//!
//! All are this bench's own executable (see [`child`]) or a small tool of the system, and each waits for
//! the end of a pipe that only the bench holds. It ends with the bench, however that ends, so that none
//! is left behind.

// Each bench has use for a part of it.
#![allow(dead_code)]

pub(crate) mod births;
pub(crate) mod child;
pub(crate) mod nursery;
pub(crate) mod random;
pub(crate) mod workers;

use std::env;
use std::io::{self, PipeWriter, pipe};
use std::process::{Child, Command, Stdio};

/// Children that all have been started the same way, and end when it is dropped.
pub(crate) struct Crowd {
    children: Vec<Child>,
    /// The children end when these are closed.
    leashes: Vec<PipeWriter>,
}

impl Crowd {
    /// Children that never do anything.
    pub(crate) fn idle(len: usize) -> io::Result<Self> {
        let (input, leash) = pipe()?;
        Self::start(len, vec![leash], || {
            let mut command = own_executable(child::WAIT)?;
            command.stdin(input.try_clone()?).stdout(Stdio::null());
            Ok(command)
        })
    }

    /// So many children, each by a command of its own. Those that could be started end if one cannot.
    fn start(
        len: usize,
        leashes: Vec<PipeWriter>,
        mut command: impl FnMut() -> io::Result<Command>,
    ) -> io::Result<Self> {
        let mut crowd = Self {
            children: Vec::with_capacity(len),
            leashes,
        };
        for _ in 0..len {
            crowd.children.push(command()?.spawn()?);
        }
        Ok(crowd)
    }

    pub(crate) fn len(&self) -> usize {
        self.children.len()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.leashes.clear();
        for child in &mut self.children {
            // One that is gone already is as good.
            let _ = child.wait();
        }
    }
}

fn own_executable(role: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role).stderr(Stdio::null());
    Ok(command)
}

//! Children that are started one by one, to live for as long as the bench wants.

use std::io::{self, PipeReader, PipeWriter, pipe};
use std::process::{Child, Command, Stdio};

use super::{child, own_executable};

pub(crate) struct Nursery {
    /// They start faster than a bench's executable does, and are not everywhere.
    has_tools: bool,
    input: PipeReader,
    _leash: PipeWriter,
}

impl Nursery {
    pub(crate) fn new() -> io::Result<Self> {
        let (input, leash) = pipe()?;
        let runs = |tool| {
            let mut command = Command::new(tool);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        Ok(Self {
            has_tools: runs("cat") && runs("true"),
            input,
            _leash: leash,
        })
    }

    /// A child that waits until it is killed.
    pub(crate) fn start(&self) -> io::Result<Child> {
        self.run("cat", child::WAIT)
    }

    /// A child that ends at once.
    pub(crate) fn start_brief(&self) -> io::Result<Child> {
        self.run("true", child::END)
    }

    fn run(&self, tool: &str, role: &str) -> io::Result<Child> {
        let mut command = match self.has_tools {
            true => Command::new(tool),
            false => own_executable(role)?,
        };
        command
            .stdin(self.input.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

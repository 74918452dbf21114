//! A group of children that are started the same way.

use std::io::{self, PipeWriter, pipe};
use std::process::{Child, Command, Stdio};

use super::child;

/// Children that end when this is dropped.
pub(crate) struct Children {
    children: Vec<Child>,
    /// The children's inputs. A child ends when its input is closed.
    inputs: Vec<PipeWriter>,
}

impl Children {
    /// Starts children that do nothing.
    pub(crate) fn idle(len: usize) -> io::Result<Self> {
        let (reader, writer) = pipe()?;
        Self::start(len, vec![writer], || {
            let mut command = child::in_role(child::WAIT)?;
            command.stdin(reader.try_clone()?).stdout(Stdio::null());
            Ok(command)
        })
    }

    /// Starts `len` children, each by a command of its own. If one cannot be started, the others end.
    pub(crate) fn start(
        len: usize,
        inputs: Vec<PipeWriter>,
        mut command: impl FnMut() -> io::Result<Command>,
    ) -> io::Result<Self> {
        let mut children = Self {
            children: Vec::with_capacity(len),
            inputs,
        };
        for _ in 0..len {
            children.children.push(command()?.spawn()?);
        }
        Ok(children)
    }

    pub(crate) fn len(&self) -> usize {
        self.children.len()
    }

    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.children.iter().map(Child::id)
    }

    /// Returns one of the inputs that all children read from.
    pub(crate) fn input(&mut self, index: usize) -> &mut PipeWriter {
        &mut self.inputs[index]
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.inputs.clear();
        for child in &mut self.children {
            // It does not matter if the child has ended before.
            let _ = child.wait();
        }
    }
}

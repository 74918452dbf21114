//! The children that make a host of a given size.

use std::io;

use crate::crowd::workers::Workers;

/// Children of which a part works between two scans.
pub(super) struct Load {
    twentieth: Workers,
    /// With the twentieth it is half of all.
    rest_of_half: Workers,
    /// With both it is all.
    rest: Workers,
}

impl Load {
    pub(super) fn start(size: usize) -> io::Result<Self> {
        let (twentieth, half) = (size / 20, size / 2);
        Ok(Self {
            twentieth: Workers::new(twentieth)?,
            rest_of_half: Workers::new(half - twentieth)?,
            rest: Workers::new(size - half)?,
        })
    }

    /// Lets a twentieth of the children work for a moment.
    pub(super) fn work_twentieth(&mut self) -> io::Result<()> {
        self.twentieth.work()
    }

    /// Lets half of the children work for a moment.
    pub(super) fn work_half(&mut self) -> io::Result<()> {
        self.work_twentieth()?;
        self.rest_of_half.work()
    }

    /// Lets all children work for a moment.
    pub(super) fn work_all(&mut self) -> io::Result<()> {
        self.work_half()?;
        self.rest.work()
    }
}

//! Measures the CPU time of reading processes for the first time.

use super::inspect::Inspected;
use super::known::{CommandState, Known};
use crate::metrics::CpuClock;

/// The CPU time of one scan that it spent on processes that the scan before did not read.
///
/// The clock is a system call, so it is read once for neighbours in the list.
#[derive(Default)]
pub(super) struct FirstReads {
    cpu_ns: u64,
    /// Runs since the first of some new processes in a row.
    new: Option<CpuClock>,
    /// Runs while a process is read that could not be read in the scan before.
    lost: Option<CpuClock>,
}

impl FirstReads {
    /// Begins to read a process. `before` is its entry in the scan before.
    pub(super) fn begin(&mut self, before: Option<&Known>) {
        match before {
            None => drop(self.new.get_or_insert_with(CpuClock::start)),
            Some(before) => {
                self.end_of_row();
                self.lost = before.is_lost.then(CpuClock::start);
            }
        }
    }

    /// Ends to read a process. What follows is not counted, if its row is emitted now.
    pub(super) fn end(&mut self, inspected: &Inspected<'_>) {
        let lost = self.lost.take();
        let Inspected::Read(read) = inspected else {
            // A process that cannot be read costs the same in each scan.
            return;
        };
        self.add(lost);
        if read.known.command != CommandState::Needed {
            self.end_of_row();
        }
    }

    /// Returns the CPU time, in nanoseconds.
    pub(super) fn total_ns(mut self) -> u64 {
        self.end_of_row();
        self.cpu_ns
    }

    /// Ends a row of new processes, if there is one.
    pub(super) fn end_of_row(&mut self) {
        let new = self.new.take();
        self.add(new);
    }

    fn add(&mut self, clock: Option<CpuClock>) {
        let spent = clock.and_then(|mut clock| clock.lap()).unwrap_or_default();
        self.cpu_ns += u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
    }
}

//! What lives add up to by program.

use std::collections::HashMap;

use process_scanner::GroupId;

use super::exit_kind::ExitKind;
use super::one_life::Life;

/// Programs with sums of their own. The rest is [`GroupId::Other`].
const MAX_PROGRAMS: usize = 10_000;

/// The sums of each program.
///
/// A life counts for the last program that it ran, from its birth on.
#[derive(Debug, Default)]
pub(crate) struct ByProgram(HashMap<GroupId, ProgramSums>);

/// What the lives of one program add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProgramSums {
    /// Lives whose birth is in the recording.
    pub(crate) started: u64,
    pub(crate) exits: u64,
    /// Exits by the [place](ExitKind::place) of their kind.
    kinds: [u64; 5],
    /// Lives without a reported exit.
    pub(crate) running: u64,
    /// CPU time used while watched, in nanoseconds; `None` if it is unknown of all.
    pub(crate) cpu_ns: Option<u128>,
    /// The lifetimes of those that ended, as far as they are known, in nanoseconds, and their number.
    lived_ns: u128,
    measured: u64,
    pub(crate) longest_ns: Option<u64>,
    pub(crate) peak_rss_bytes: Option<u64>,
}

impl ByProgram {
    /// Adds a life, once it has ended, or at the end of the recording.
    pub(crate) fn add(&mut self, life: &Life) {
        let has_room = self.0.len() < MAX_PROGRAMS || self.0.contains_key(&life.program);
        let program = match has_room {
            true => &life.program,
            false => &GroupId::Other,
        };
        if !self.0.contains_key(program) {
            self.0.insert(program.clone(), ProgramSums::default());
        }
        if let Some(sums) = self.0.get_mut(program) {
            sums.add(life);
        }
    }

    /// Returns the programs, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&GroupId, &ProgramSums)> {
        self.0.iter()
    }
}

impl ProgramSums {
    fn add(&mut self, life: &Life) {
        self.started += u64::from(life.is_birth);
        match life.ending {
            None => self.running += 1,
            Some(ending) => {
                self.exits += 1;
                self.kinds[ending.kind.place()] += 1;
                if let Some(ns) = ending.lived_ns {
                    self.lived_ns += u128::from(ns);
                    self.measured += 1;
                    self.longest_ns = self.longest_ns.max(Some(ns));
                }
            }
        }
        if let Some(ns) = life.cpu_ns() {
            self.cpu_ns = Some(self.cpu_ns.unwrap_or(0) + u128::from(ns));
        }
        self.peak_rss_bytes = self.peak_rss_bytes.max(life.peak_rss_bytes);
    }

    /// Returns the number of failed lives; `None` if the outcome of no exit is known.
    pub(crate) fn failed(&self) -> Option<u64> {
        ExitKind::failures(&self.kinds)
    }

    /// Returns the mean lifetime of those that ended, in nanoseconds; `None` if none is known.
    pub(crate) fn mean_ns(&self) -> Option<u64> {
        let mean = self.lived_ns.checked_div(u128::from(self.measured))?;
        u64::try_from(mean).ok()
    }
}

//! The table of living processes: an arena with a free list, found by pid.
//!
//! Each scan is applied as one [`Pass`]. Only one process at a time can have a pid, so the index is by pid
//! alone. The slot holds the start time: one lookup finds a known process and detects a reused pid.

mod ages;
mod arena;
#[cfg(feature = "bench")]
pub(crate) mod bench;
mod compare;
mod happened;
mod identity;
mod notes;
mod pass;
mod rates;
mod slot;
mod strings;
mod texts;

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod tests;

pub(crate) use self::arena::Table;
pub(crate) use self::pass::{Missing, Pass};

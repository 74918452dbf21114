//! The table of living processes: an arena with a free list, found by pid.
//!
//! Each scan makes one [`Pass`] over it. Only one process at a time can have a pid, so the index is by pid
//! alone. The start time is compared in the slot: one lookup finds a known process and recognises a reused
//! pid.

mod ages;
mod arena;
#[cfg(feature = "bench")]
pub(crate) mod bench;
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
pub(crate) use self::pass::{Absent, Pass};

//! Adds up what a command and its descendants did, batch by batch.

mod at_a_time;
mod by_program;
mod descendants;
mod one_life;
#[cfg(test)]
mod profile_tests;
mod report;
mod totals;
mod worst;

pub(crate) use self::by_program::{Kind, ProgramSum};
pub(crate) use self::one_life::OneLife;
pub(crate) use self::report::{Ending, Listening, Report};
pub(crate) use self::totals::Profile;

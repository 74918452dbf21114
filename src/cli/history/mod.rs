//! What happened in a recording: the lives of its processes, and what they add up to.

mod by_program;
mod exit_kind;
mod gaps;
mod kin;
mod life_fold;
#[cfg(test)]
mod made_up;
mod one_life;
mod time_axis;
mod totals;
mod used_cpu;

pub(crate) use self::by_program::{ByProgram, ProgramSums};
pub(crate) use self::exit_kind::ExitKind;
pub(crate) use self::gaps::Gaps;
pub(crate) use self::life_fold::{LifeFold, Steps};
#[cfg(all(test, feature = "export"))]
pub(crate) use self::made_up::{Step, batches, steps};
pub(crate) use self::one_life::{Life, LifeId};
pub(crate) use self::time_axis::TimeAxis;
pub(crate) use self::totals::Totals;

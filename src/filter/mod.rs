//! Selects processes, and the events of selected processes.

mod criteria;
mod family;
mod owner;
mod selection;
mod texts;
mod verdict;

pub use self::criteria::Filter;
pub use self::selection::Selection;

//! Selects processes, and the events of selected processes.

mod captures;
mod criteria;
mod family;
mod owner;
mod selection;
mod texts;
mod verdict;

pub(crate) use self::captures::Captured;
pub use self::criteria::Filter;
pub use self::selection::Selection;

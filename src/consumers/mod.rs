//! Consumers that are ready to use.

mod top;
mod tracked;

pub use self::top::{AsOf, Ranked, TopN, Usage};

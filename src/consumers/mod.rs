//! Consumers that are ready to use.

mod top;

pub use self::top::{AsOf, Ranked, TopN, Usage};

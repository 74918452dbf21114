//! Built-in consumers.

mod top;
mod tracked;

pub use self::top::{AsOf, Ranked, TopN, Usage};

//! The live view of `pscan top`: what it shows, which keys it has, and how it is drawn.
//!
//! It knows no terminal, no thread and no clock: batches, keys and sizes come from outside.

mod notice;
mod options;
mod view;

pub(crate) use self::notice::{Answer, Notice, OwnCost, Playback, Position};
pub(crate) use self::options::TopOptions;
pub(crate) use self::view::Top;

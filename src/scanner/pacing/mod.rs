//! When the next scan is due, and whether there is one: the CPU budget, the breaker, the beat.

pub(super) mod beat;
mod breaker;
mod change;
mod governor;
mod throttle;

pub(super) use self::throttle::{Next, Throttle};

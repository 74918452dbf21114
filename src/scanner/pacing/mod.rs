//! Decides when the next scan is due: interval, CPU budget and breaker.

mod breaker;
mod change;
pub(super) mod due;
mod governor;
mod ledger;
#[cfg(test)]
mod simulation;
mod throttle;

pub(super) use self::throttle::{Next, Throttle};

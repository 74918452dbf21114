//! Decides when the next scan is due: interval, CPU budget and breaker.

mod breaker;
mod change;
mod costs;
pub(super) mod due;
mod excess;
mod governor;
mod ledger;
#[cfg(test)]
mod simulation;
mod throttle;

pub(super) use self::throttle::{Next, Throttle};

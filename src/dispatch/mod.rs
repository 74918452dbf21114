//! Sends every batch to every consumer, so that none delays another.
//!
//! The scanning thread feeds a dispatcher thread, which puts the same `Arc<Batch>` into the bounded
//! queue of each consumer. The dispatcher keeps its own [`Snapshot`](crate::Snapshot). From it, it
//! makes the full batch for a new consumer, and for one that lost batches.

mod callback;
mod consumer;
mod consumers;
mod dispatcher;
mod latest;
mod needs;
mod queue;
mod registry;
mod stop;
mod subscription;
mod thread;
mod watchdog;

pub(crate) use self::callback::discard;
pub use self::consumer::{Consumer, ConsumerOptions, Overflow};
pub use self::consumers::Consumers;
pub(crate) use self::registry::Registry;
pub(crate) use self::stop::{STOP_WITHIN, StopLimits};
pub use self::subscription::{Batches, RecvError, Subscription};
pub(crate) use self::thread::{Dispatch, Feed};
pub(crate) use self::watchdog::{Watchdog, late_reason};

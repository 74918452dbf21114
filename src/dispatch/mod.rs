//! Fan-out: every batch to every consumer, none of which can hold up another.
//!
//! The scanner's thread feeds a dispatcher thread, which puts the same `Arc<Batch>` into the bounded queue
//! of each consumer. The dispatcher keeps a [`Snapshot`](crate::Snapshot) of its own. From it, it makes the
//! full batch that a new consumer begins with, and that a consumer gets after it lost batches.

mod callback;
mod consumer;
mod consumers;
mod dispatcher;
mod present;
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
pub(crate) use self::watchdog::{Watchdog, late};

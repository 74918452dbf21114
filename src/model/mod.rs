//! The vocabulary: what the scanner says of processes, and the errors it says it with.
//!
//! Plain data without threads or clocks of its own. Every other room imports this one, and it imports none.

mod batch;
mod consumer_id;
mod error;
mod error_class;
mod escape;
mod event;
mod pace;
mod process;
mod snapshot;
mod timestamp;

pub use self::batch::{Batch, Cost, Counts};
pub(crate) use self::batch::{Facts, Pacing};
pub use self::consumer_id::ConsumerId;
pub(crate) use self::error::panic_text;
pub use self::error::{Error, Result};
pub use self::error_class::ErrorClass;
pub use self::escape::{escape, is_control};
pub use self::event::{Changes, Event};
pub use self::pace::{BreakerState, Pace, Transition};
pub use self::process::{CommandLine, ProcessInfo, ProcessKey, Status};
pub use self::snapshot::{Processes, Snapshot};
pub use self::timestamp::Timestamp;

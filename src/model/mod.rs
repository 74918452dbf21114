//! Plain data that is reported about processes, and errors.
//!
//! No threads, no clocks. All other modules import this one; it imports none of them.

mod batch;
mod changes;
mod collect;
mod consumer_id;
mod detail;
mod detail_values;
mod details;
mod error;
mod error_class;
mod escape;
mod event;
mod exit;
mod exit_usage;
mod field;
mod fields;
mod full_name;
mod listen_step;
mod pace;
mod process;
mod process_json;
mod resources;
mod snapshot;
mod timestamp;
mod transition;
mod value;

pub use self::batch::{Batch, Cost, Counts};
pub(crate) use self::batch::{Facts, Pacing, UsageHeard};
pub use self::changes::Changes;
pub use self::collect::Collect;
pub use self::consumer_id::ConsumerId;
pub use self::detail::Detail;
pub use self::details::Details;
pub(crate) use self::error::panic_text;
pub use self::error::{Error, Result};
pub use self::error_class::ErrorClass;
pub use self::escape::{escape, is_control};
pub use self::event::Event;
pub use self::exit::{Exit, ExitStatus};
pub use self::exit_usage::ExitUsage;
pub use self::field::{Change, Field, Order};
pub use self::fields::FIELDS;
pub(crate) use self::fields::PLAIN_FIELDS;
pub use self::listen_step::ListenStep;
pub use self::pace::{BreakerState, Hearing, Pace};
pub use self::process::{CommandLine, ProcessInfo, ProcessKey, Status};
pub use self::resources::Resources;
pub use self::snapshot::{Processes, Snapshot};
pub use self::timestamp::Timestamp;
pub use self::transition::Transition;
pub use self::value::{Unit, Value};

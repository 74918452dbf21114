//! The loop: a scan of the source, a pass over the table, a batch to the dispatcher.
//!
//! It runs on a thread of its own at a steady interval ([`ScannerHandle`]), or by hand ([`Scanner`]).

mod builder;
mod by_hand;
mod control;
mod core;
mod handle;
mod pacing;
mod run;

pub use self::builder::ScannerBuilder;
pub use self::by_hand::Scanner;
pub use self::control::ScannerControl;
pub use self::handle::ScannerHandle;

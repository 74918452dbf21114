//! The scan loop: scans the source, compares with the table, sends a batch to the dispatcher.
//!
//! It runs on its own thread at an interval ([`ScannerHandle`]), or by hand ([`Scanner`]).

mod builder;
mod by_hand;
mod control;
mod core;
mod handle;
mod hearing;
mod pacing;
mod run;
mod usage_hearing;

pub use self::builder::ScannerBuilder;
pub use self::by_hand::Scanner;
pub use self::control::ScannerControl;
pub use self::handle::ScannerHandle;

//! Where process data comes from: the trait [`Source`], its rows, and the live host.
//!
//! The table treats a live host ([`SysinfoSource`]), a recording
//! ([`ReplaySource`](crate::ReplaySource)) and any other source alike.

mod contract;
mod exited;
mod happening;
mod host_info;
#[cfg(target_os = "linux")]
mod linux;
mod live;
mod row;
mod sysinfo;

pub use self::contract::{Recheck, ScanSummary, Source, SourceInfo};
pub use self::happening::{Bell, Happening, Heard, Ringer};
pub use self::host_info::HostInfo;
#[cfg(target_os = "linux")]
pub use self::linux::{LinuxSource, ListenOptions};
pub use self::live::live_source;
pub use self::row::{DetailReading, DetailValue, ProcessRow, Reading, Row};
pub use self::sysinfo::SysinfoSource;

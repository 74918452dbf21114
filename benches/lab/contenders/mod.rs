//! Ways to scan this host that experiments compare.

pub(crate) mod bare;
#[cfg(target_os = "linux")]
pub(crate) mod calls;
pub(crate) mod contender;
#[cfg(target_os = "linux")]
pub(crate) mod list_and_clocks;
pub(crate) mod ours;
#[cfg(target_os = "linux")]
pub(crate) mod procfs;
pub(crate) mod ps;
#[cfg(target_os = "linux")]
pub(crate) mod three_files;
pub(crate) mod turns;

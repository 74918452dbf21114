//! Ways to scan this host that experiments compare.

pub(crate) mod bare;
#[cfg(target_os = "linux")]
pub(crate) mod calls;
pub(crate) mod contender;
pub(crate) mod ours;
#[cfg(target_os = "linux")]
pub(crate) mod procfs;
pub(crate) mod ps;
pub(crate) mod turns;

//! The subcommands, one file each.

pub(crate) mod by_group;
pub(crate) mod completions;
#[cfg(feature = "export")]
pub(crate) mod export;
pub(crate) mod list;
mod new_file;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod replay;
mod replayed;
pub(crate) mod report;
mod samples;
mod screen;
mod session;
pub(crate) mod show;
mod target;
pub(crate) mod watch;

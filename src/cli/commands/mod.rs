//! The subcommands, one file each.

pub(crate) mod by_group;
pub(crate) mod completions;
pub(crate) mod list;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod run_command;
mod samples;
mod screen;
mod session;
pub(crate) mod show;
mod target;
pub(crate) mod watch;

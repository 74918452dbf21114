//! The subcommands, one file each.

pub(crate) mod completions;
pub(crate) mod list;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod replay;
mod session;
pub(crate) mod watch;

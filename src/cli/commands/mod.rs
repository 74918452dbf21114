//! What the command line can ask for, a file each.

pub(crate) mod list;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod replay;
mod session;
pub(crate) mod watch;

//! The subcommands, one file each.

pub(crate) mod by_group;
pub(crate) mod completions;
#[cfg(feature = "export")]
pub(crate) mod export;
#[cfg(feature = "serve")]
mod heartbeat;
mod inputs;
mod interruptible;
pub(crate) mod list;
#[cfg_attr(
    not(feature = "export"),
    allow(dead_code, reason = "`export` uses all of it")
)]
mod new_file;
#[cfg(feature = "serve")]
mod notices;
#[cfg(feature = "serve")]
mod notify_socket;
mod paced;
pub(crate) mod pages;
mod printed_list;
pub(crate) mod record;
pub(crate) mod replay;
mod replay_at;
mod replayed;
pub(crate) mod report;
pub(crate) mod run_command;
mod samples;
mod screen;
#[cfg(feature = "serve")]
pub(crate) mod serve;
#[cfg(feature = "serve")]
mod service_manager;
mod session;
pub(crate) mod show;
mod stored;
mod target;
pub(crate) mod top;
pub(crate) mod watch;
mod window;

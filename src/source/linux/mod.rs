//! The live host on Linux, read from the kernel itself.
//!
//! What a process that has not run costs is one entry of a list and the reading of one clock: where the
//! inode of its folder and its CPU time are what they were, it is the same process, and nothing of it is
//! read. `docs/platforms.md` says why each step is sound. Everything else is read anew:
//!
//! - `stat` of those that ran, that are new, or whose turn it is. It has the start time, to tell who it
//!   is, and name, parent, state.
//! - `statm` of those that ran or whose memory looks different: the memory in `stat` is rough.
//! - The command line of those that are new, or that an `exec` has changed: a new name, or arguments in
//!   another place. Of those that ran it is read again in their turn, since they may have written over it.

mod births;
mod boot;
mod cmdline;
mod command_reader;
mod commands;
mod cpu;
mod ended;
mod known;
mod look;
mod namespace;
mod pidfd;
mod procfs;
mod rows;
mod source;
mod stat;

pub(super) use self::births::started_in;
pub(super) use self::boot::{Boot, TICK_MS, since_ms};
pub(super) use self::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, cut_empty_end};
pub use self::source::LinuxSource;
pub(super) use self::stat::Stat;

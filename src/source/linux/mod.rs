//! The live host on Linux, read directly from the kernel.
//!
//! A process that has not run costs one entry of the list of `/proc` and one reading of its CPU
//! clock. If the inode of its folder and its CPU time are unchanged, it is the same process, and
//! nothing else is read. While the kernel reports all births and exits, there is no need for the list.
//! `docs/platforms.md` explains why each step is correct. Otherwise these are
//! read:
//!
//! - `stat` of processes that ran, are new, or have their turn. The start time identifies the
//!   process; name, parent and state come with it.
//! - `statm` of processes that ran or whose memory in `stat` differs, which is rough. Both files of
//!   processes that run again and again stay open.
//! - The command line of processes that are new, or that an `exec` has changed: another name, or
//!   arguments at another address. If a process has run, it is read again in its turn, because
//!   the process may have overwritten it.
//! - A living thread, instead of the first one, of processes whose first thread has ended.

mod adopt;
mod awaited;
mod command_reader;
mod commands;
mod details;
mod due;
mod ended;
#[cfg(test)]
mod ended_tests;
mod events;
mod exits;
mod expected;
mod first_reads;
mod hear;
mod idle_turns;
mod inspect;
mod known;
#[cfg(test)]
mod made_up_proc;
mod memory;
mod new_pids;
#[cfg(test)]
mod new_pids_tests;
mod proc;
mod recheck;
mod reuse;
mod rows;
mod source;
mod walk;

pub(super) use self::details::{UserMap, UserNames, is_shared};
pub use self::events::ListenOptions;
pub(super) use self::memory::resident_pages;
pub(super) use self::proc::births::started_in;
pub(super) use self::proc::boot::{Boot, after_boot_ms, since_ms};
pub(super) use self::proc::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, trim_command};
pub(super) use self::proc::cpu::{CpuClock, cpu_clock};
pub(super) use self::proc::machine::host_info;
pub(super) use self::proc::namespace::usual_is_ours;
pub(super) use self::proc::pidfd::identity;
pub(super) use self::proc::procfs::{Folder, Procfs, Unread};
pub(super) use self::proc::stat::Stat;
pub(super) use self::proc::threads::LivingThread;
pub use self::source::LinuxSource;

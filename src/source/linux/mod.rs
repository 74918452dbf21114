//! The live host on Linux, read directly from the kernel.
//!
//! A process that has not run costs one entry of the list of `/proc` and one reading of its CPU
//! clock. If the inode of its folder and its CPU time are unchanged, it is the same process, and
//! nothing else is read. `docs/platforms.md` explains why each step is correct. Otherwise these are
//! read:
//!
//! - `stat` of processes that ran, are new, or have their turn. The start time identifies the
//!   process; name, parent and state come with it.
//! - `statm` of processes that ran or whose memory in `stat` differs, which is rough.
//! - The command line of processes that are new, or that an `exec` has changed: another name, or
//!   arguments at another address. If a process has run, it is read again in its turn, because
//!   the process may have overwritten it.
//! - A living thread, instead of the first one, of processes whose first thread has ended.

mod births;
mod boot;
mod cmdline;
mod command_reader;
mod commands;
mod connector;
mod cpu;
mod ear;
mod ended;
mod event_clock;
mod exec_reading;
mod exec_thread;
mod happenings;
mod hear;
mod inbox;
mod inspect;
mod kernel_event;
mod known;
mod life;
mod listen_options;
mod listener;
mod lives;
#[cfg(test)]
mod lives_tests;
mod machine;
#[cfg(test)]
mod made_up_kernel;
mod memory;
mod namespace;
mod oom_kills;
mod origin;
mod pidfd;
mod procfs;
mod recheck;
mod reuse;
mod rows;
mod settling;
mod source;
mod stat;
mod statm;
mod threads;
mod thrift;
mod witness;

pub(super) use self::births::started_in;
pub(super) use self::boot::{Boot, after_boot_ms, since_ms};
pub(super) use self::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, trim_command};
pub(super) use self::cpu::{CpuClock, cpu_clock};
pub use self::listen_options::ListenOptions;
pub(super) use self::machine::host_info;
pub(super) use self::memory::resident_pages;
pub(super) use self::namespace::usual_is_ours;
pub(super) use self::pidfd::identity;
pub(super) use self::procfs::{Folder, Procfs, Unread};
pub use self::source::LinuxSource;
pub(super) use self::stat::Stat;
pub(super) use self::threads::LivingThread;

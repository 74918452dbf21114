//! The live host, read by the `sysinfo` crate.
//!
//! sysinfo swallows every error, and has its own ideas of what a process's name and start time are;
//! `docs/platforms.md` has what follows from them. What it says is taken here with the caution that each
//! point needs:
//!
//! - CPU time comes from `accumulated_cpu_time()`, never from `cpu_usage()`, which depends on what
//!   else was refreshed when.
//! - A start time of 0 means that the process could not be opened, and then its CPU time and memory
//!   of 0 are unknown as well.
//! - Start times are whole seconds, and a pid can be used twice within one. On Linux they are
//!   read from `/proc/PID/stat`, and read again until that second is over.
//! - Names are read once in a process's life, and command lines are kept whole, however long, and as
//!   first read, so that an `exec` would never show. They are read beside sysinfo: those of young
//!   processes in each of their first scans, those of all others in a slow round.
//! - Threads are left out, `wait()` and `exists()` are not used, and no pid is asked for twice in
//!   one call, which would remove a living process.

mod fresh;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
mod source;
mod status;

pub use self::source::SysinfoSource;

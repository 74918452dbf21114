//! The live host, read with the crate sysinfo.
//!
//! sysinfo hides every error, and has its own view of names and start times; `docs/platforms.md`
//! has the consequences. So this source takes care:
//!
//! - CPU time comes from `accumulated_cpu_time()`, never from `cpu_usage()`, which depends on
//!   earlier refreshes.
//! - A start time of 0 means that the process could not be opened. Its CPU time and memory of 0 are
//!   unknown then.
//! - Start times are whole seconds, and a pid can be reused within one. On Linux they are read from
//!   `/proc/PID/stat`, again and again until that second is over.
//! - sysinfo reads names once in a process's life. It keeps command lines whole and as first read,
//!   so an `exec` would never be reported. Both are read beside sysinfo: those of young processes
//!   in each of their first scans, those of all others in turn, and on Linux at once if their CPU
//!   time has moved.
//! - A process whose first thread has ended looks like a zombie. On Linux its status, memory and
//!   command line are read from another thread.
//! - It has 0 bytes of I/O for a process that it may not read, so 0 is unknown.
//! - Threads are skipped, and on Linux counted by `stat`. `wait()` and `exists()` are not used. No pid is passed twice in one call,
//!   which would remove a living process.

mod fresh;
mod known;
#[cfg(target_os = "linux")]
mod linux;
mod listed;
mod optional;
#[cfg(not(target_os = "linux"))]
mod other;
mod refresh;
mod rows;
mod source;
mod status;
#[cfg(target_os = "linux")]
mod users;

pub use self::source::SysinfoSource;

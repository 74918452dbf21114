//! Read `/proc` of Linux. On other systems all values are `None`.

use std::process::Child;
use std::{fs, io, thread};

/// The unit of times in `stat`.
const TICK_MS: u64 = 10;

/// Returns the CPU time of this thread in microseconds.
pub(crate) fn own_cpu_us() -> Option<f64> {
    // The kernel updates the number when a thread yields, otherwise only with the tick.
    thread::yield_now();
    schedstat_us("/proc/thread-self/schedstat")
}

/// Returns the CPU time of all other threads of this process in microseconds.
pub(crate) fn others_cpu_us() -> Option<f64> {
    let own = fs::read_link("/proc/thread-self").ok()?;
    let threads = fs::read_dir("/proc/self/task").ok()?;
    let others = threads
        .flatten()
        .filter(|thread| Some(thread.file_name().as_os_str()) != own.file_name())
        .filter_map(|thread| schedstat_us(&thread.path().join("schedstat").to_string_lossy()));
    Some(others.sum())
}

/// Waits for the end of a child that has one thread.
///
/// Returns whether it succeeded, and its CPU time in microseconds.
pub(crate) fn wait(child: &mut Child) -> io::Result<(bool, Option<f64>)> {
    wait_for_end(child)?;
    // `/proc` has the child until it is reaped.
    let cpu_us = schedstat_us(&format!("/proc/{}/schedstat", child.id()));
    Ok((child.wait()?.success(), cpu_us))
}

#[cfg(target_os = "linux")]
fn wait_for_end(child: &Child) -> io::Result<()> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(child)), options)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn wait_for_end(_: &Child) -> io::Result<()> {
    Ok(())
}

/// Returns the CPU time of a process with one thread in microseconds.
pub(crate) fn process_cpu_us(pid: u32) -> Option<f64> {
    schedstat_us(&format!("/proc/{pid}/schedstat"))
}

/// Reads the first number of `schedstat`: CPU time in nanoseconds.
fn schedstat_us(path: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let ns: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(ns / 1000.0)
}

/// Returns the CPU time of a process in milliseconds, including threads that have ended.
pub(crate) fn cpu_ms(pid: u32) -> Option<u64> {
    let [user, system] = [14, 15].map(|field| stat_ticks(pid, field));
    Some((user? + system?) * TICK_MS)
}

/// Returns the CPU time of a process in milliseconds: of all its threads, to the nanosecond, and of all children
/// that it has reaped, to 10 ms.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_with_children_ms(pid: u32) -> Option<f64> {
    let own = cpu_clock(pid).now().ok()?;
    let own_ms = own.tv_sec() as f64 * 1e3 + own.tv_nsec() as f64 / 1e6;
    let [user, system] = [16, 17].map(|field| stat_ticks(pid, field));
    Some(own_ms + ((user? + system?) * TICK_MS) as f64)
}

/// Returns the CPU clock of a process, as clock_getcpuclockid(3) makes it from the pid.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_clock(pid: u32) -> nix::time::ClockId {
    nix::time::ClockId::from_raw(((!pid << 3) | 2).cast_signed())
}

/// Returns the start time of a process, counted from boot.
pub(crate) fn start_ms_since_boot(pid: u32) -> Option<u64> {
    Some(stat_ticks(pid, 22)? * TICK_MS)
}

/// Reads a field of `stat`, by its number in proc_pid_stat(5).
fn stat_ticks(pid: u32, field: usize) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The second field ends with the last bracket. It can contain brackets.
    let rest = stat.rsplit(')').next()?;
    rest.split_whitespace().nth(field - 3)?.parse().ok()
}

/// Reads a number of a process's `status`, such as `VmRSS`, which is in KiB.
pub(crate) fn status_number(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let mut lines = status.lines();
    let text = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    text.split_whitespace().next()?.parse().ok()
}

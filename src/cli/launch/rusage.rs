//! CPU time as the system accounts it for this process and its children.

/// Returns the CPU time of all descendants that were waited for, in milliseconds.
///
/// It is `RUSAGE_CHILDREN` of getrusage(2): of children, and of theirs that they had waited for.
/// `None` where this program has no safe call for it.
#[cfg(target_os = "linux")]
pub(crate) fn waited_cpu_ms() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Some(us as f64 / 1e3)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn waited_cpu_ms() -> Option<f64> {
    None
}

/// Returns the CPU time of this process, in milliseconds; `None` if unknown.
#[cfg(unix)]
pub(crate) fn own_cpu_ms() -> Option<f64> {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6)
}

#[cfg(not(unix))]
pub(crate) fn own_cpu_ms() -> Option<f64> {
    None
}

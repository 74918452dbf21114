//! The CPU time of another process, by its own clock.

use nix::errno::Errno;
use nix::time::ClockId;

/// `CPUCLOCK_SCHED` of include/linux/posix-timers.h: what the scheduler counted, in nanoseconds.
const SCHEDULER: u32 = 2;

/// What a process's CPU clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CpuClock {
    /// Nanoseconds that all its threads have used, those that have ended included.
    Ns(u64),
    /// There is no process with this pid.
    Gone,
    /// It could not be read.
    Unknown,
}

/// Reads the CPU clock of a process, which takes neither rights nor a descriptor. It also goes for one
/// that has ended and was not waited for.
///
/// The clock's number is made of the pid, as clock_getcpuclockid(3) makes it: `MAKE_PROCESS_CPUCLOCK` of
/// include/linux/posix-timers.h. That function itself would take another system call to check it.
pub(super) fn cpu_clock(pid: u32) -> CpuClock {
    let number = (!pid << 3) | SCHEDULER;
    match ClockId::from_raw(number.cast_signed()).now() {
        Ok(time) => {
            let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
            let rest_ns = u64::try_from(time.tv_nsec()).unwrap_or(0);
            CpuClock::Ns(
                seconds
                    .saturating_mul(1_000_000_000)
                    .saturating_add(rest_ns),
            )
        }
        Err(Errno::EINVAL | Errno::ESRCH) => CpuClock::Gone,
        Err(_) => CpuClock::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_goes_on_and_that_of_nobody_is_gone() {
        let ours = || match cpu_clock(std::process::id()) {
            CpuClock::Ns(ns) => ns,
            other => panic!("{other:?}"),
        };
        let before = ours();
        while ours() == before {}
        // No pid is as large: 2 to the power of 22 is the most there is (PID_MAX_LIMIT).
        assert_eq!(cpu_clock(1 << 23), CpuClock::Gone);
    }
}

//! The CPU time of another process, from its CPU clock.

use nix::errno::Errno;
use nix::time::ClockId;

use crate::model::Timestamp;

/// `CPUCLOCK_SCHED` of include/linux/posix-timers.h: the scheduler's count, in nanoseconds.
const SCHEDULER: u32 = 2;

/// Reading of a process's CPU clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum CpuClock {
    /// Nanoseconds of all its threads, including ended ones.
    Ns(u64),
    /// There is no process with this pid.
    Gone,
    /// The clock could not be read.
    Unknown,
}

/// Reads the CPU clock of a process. It needs neither rights nor a descriptor, and works for
/// zombies.
///
/// The clock's number is computed from the pid as in clock_getcpuclockid(3):
/// `MAKE_PROCESS_CPUCLOCK` of include/linux/posix-timers.h. The function itself makes another
/// system call to check the pid.
pub(in crate::source) fn cpu_clock(pid: u32) -> CpuClock {
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

/// Reads CPU clocks, each with the time of its reading.
#[derive(Debug, Default)]
pub(in crate::source) struct ClockReader {
    /// When it last read one.
    last_ns: u64,
}

/// A reading that may have taken longer than this is repeated: the scanner was stopped or preempted
/// between the clock and the time.
const DOUBTFUL_NS: u64 = 1_000_000;

impl ClockReader {
    /// Reads the CPU clock of a process and the monotonic time.
    pub(in crate::source) fn read(&mut self, pid: u32) -> (CpuClock, u64) {
        self.read_with(|| cpu_clock(pid), Timestamp::monotonic_now_ns)
    }

    /// Reads a clock and the time, and both again if much time has passed since the last reading.
    fn read_with(
        &mut self,
        mut clock: impl FnMut() -> CpuClock,
        mut now_ns: impl FnMut() -> u64,
    ) -> (CpuClock, u64) {
        const ATTEMPTS: u32 = 3;
        let mut attempt = 1;
        loop {
            let clock = clock();
            let read_at_ns = now_ns();
            // What came between also has other causes, such as a slow file. Reading again is cheap.
            let took_ns =
                read_at_ns.saturating_sub(std::mem::replace(&mut self.last_ns, read_at_ns));
            if took_ns < DOUBTFUL_NS || attempt == ATTEMPTS {
                return (clock, read_at_ns);
            }
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_read_again_if_the_scanner_was_stopped_before_the_time() {
        let mut reader = ClockReader::default();
        // Readings of the time: the scanner is stopped for 5 ms before the second.
        let mut times_ns = [1_000, 5_001_000, 5_002_000].into_iter();
        let mut read = |cpu_ns: &mut u64| {
            let clock = || {
                *cpu_ns += 1;
                CpuClock::Ns(*cpu_ns)
            };
            reader.read_with(clock, || times_ns.next().expect("no more readings"))
        };
        let mut cpu_ns = 0;
        assert_eq!(read(&mut cpu_ns), (CpuClock::Ns(1), 1_000));
        assert_eq!(read(&mut cpu_ns), (CpuClock::Ns(3), 5_002_000));
    }

    #[test]
    fn our_own_clock_runs_and_an_unused_pid_has_none() {
        let ours = || match cpu_clock(std::process::id()) {
            CpuClock::Ns(ns) => ns,
            other => panic!("{other:?}"),
        };
        let before = ours();
        while ours() == before {}
        // No pid is as large: the maximum is 2 to the power of 22 (PID_MAX_LIMIT).
        assert_eq!(cpu_clock(1 << 23), CpuClock::Gone);
    }
}

//! The CPU time of the calling thread, as the system reports it.

use std::time::Duration;

/// Measures the CPU time of the thread that made it, lap by lap.
#[derive(Debug)]
pub(crate) struct CpuClock(Option<Duration>);

impl CpuClock {
    /// Resolution of the clock.
    pub(crate) const STEP: Duration = match cfg!(windows) {
        true => Duration::from_micros(15_625),
        false => Duration::from_nanos(1),
    };

    /// Returns whether this system reports the CPU time of a thread.
    pub(crate) fn is_available() -> bool {
        thread_cpu_time().is_some()
    }

    /// Starts to measure.
    pub(crate) fn start() -> Self {
        Self(thread_cpu_time())
    }

    /// Returns the CPU time since the start or the last lap. `None` where the system does not
    /// report it.
    ///
    /// Must be called on the thread that started it.
    pub(crate) fn lap(&mut self) -> Option<Duration> {
        let now = thread_cpu_time()?;
        let before = self.0.replace(now)?;
        Some(now.saturating_sub(before))
    }
}

/// Returns the CPU time of the calling thread since its start, user and system.
///
/// `None` where the system does not report it. In nanoseconds on Unix (clock_gettime(2) with
/// CLOCK_THREAD_CPUTIME_ID); in clock ticks, usually 15.6 ms, on Windows (GetThreadTimes).
fn thread_cpu_time() -> Option<Duration> {
    platform::thread_cpu_time()
}

#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
mod platform {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    pub(super) fn thread_cpu_time() -> Option<Duration> {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).ok()?;
        Some(Duration::new(seconds, u32::try_from(time.tv_nsec).ok()?))
    }
}

// No maintained crate wraps this call safely.
#[cfg(windows)]
#[allow(unsafe_code)]
mod platform {
    use std::time::Duration;

    use windows::Win32::Foundation::FILETIME;
    use windows::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

    pub(super) fn thread_cpu_time() -> Option<Duration> {
        let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
        // SAFETY: all four pointers are valid for writes during the call. The handle from
        // GetCurrentThread is a constant that means the calling thread, and need not be closed.
        unsafe {
            GetThreadTimes(
                GetCurrentThread(),
                &mut created,
                &mut exited,
                &mut kernel,
                &mut user,
            )
        }
        .ok()?;
        Some(duration(kernel) + duration(user))
    }

    /// Converts a FILETIME, which counts steps of 100 ns in two halves.
    fn duration(time: FILETIME) -> Duration {
        let steps = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        Duration::from_micros(steps / 10) + Duration::from_nanos(steps % 10 * 100)
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "freebsd",
    windows
)))]
mod platform {
    pub(super) fn thread_cpu_time() -> Option<std::time::Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_counts_for_the_thread_that_works() {
        let Some(before) = thread_cpu_time() else {
            eprintln!("skipped: this system does not report the CPU time of a thread");
            return;
        };
        let busy = std::thread::spawn(|| {
            let start = thread_cpu_time().expect("this system reports it");
            // Two ticks of the coarsest clock.
            while thread_cpu_time().expect("as before") < start + Duration::from_millis(32) {
                std::hint::black_box(start);
            }
        });
        busy.join().expect("it only counts");
        let spent = thread_cpu_time().expect("as before") - before;
        assert!(spent < Duration::from_millis(32), "{spent:?} for a wait");
    }
}

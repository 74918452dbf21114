//! The CPU time of the calling thread, by the system's own account.

use std::time::Duration;

/// What the thread that made it uses, lap by lap.
#[derive(Debug)]
pub(crate) struct CpuClock(Option<Duration>);

impl CpuClock {
    /// How far it moves at once.
    pub(crate) const STEP: Duration = match cfg!(windows) {
        true => Duration::from_micros(15_625),
        false => Duration::from_nanos(1),
    };

    /// Whether this system tells the CPU time of a thread.
    pub(crate) fn is_there() -> bool {
        thread_cpu_time().is_some()
    }

    /// Begins to count.
    pub(crate) fn start() -> Self {
        Self(thread_cpu_time())
    }

    /// CPU time since it began or was last asked, on the same thread. `None` where the system does
    /// not tell.
    pub(crate) fn lap(&mut self) -> Option<Duration> {
        let now = thread_cpu_time()?;
        let before = self.0.replace(now)?;
        Some(now.saturating_sub(before))
    }
}

/// CPU time that the calling thread has used since its start, user and system. `None` where the
/// system does not tell.
///
/// To the nanosecond on Unix (clock_gettime(2) with CLOCK_THREAD_CPUTIME_ID); in steps of a clock
/// tick, as a rule 15.6 ms, on Windows (GetThreadTimes).
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

// No safe crate that is kept up has this one call.
#[cfg(windows)]
#[allow(unsafe_code)]
mod platform {
    use std::time::Duration;

    use windows::Win32::Foundation::FILETIME;
    use windows::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

    pub(super) fn thread_cpu_time() -> Option<Duration> {
        let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
        // SAFETY: all four are valid for writes for as long as the call takes, and the handle that
        // GetCurrentThread gives is a constant that means the calling thread, and is never closed.
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

    /// FILETIME counts steps of 100 ns in two halves.
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
    fn work_takes_cpu_time_and_is_counted_for_its_own_thread_only() {
        let Some(before) = thread_cpu_time() else {
            eprintln!("skipped: this system does not tell the CPU time of a thread");
            return;
        };
        let busy = std::thread::spawn(|| {
            let begun = thread_cpu_time().expect("this system tells it");
            // Two of the coarsest ticks there are.
            while thread_cpu_time().expect("as before") < begun + Duration::from_millis(32) {
                std::hint::black_box(begun);
            }
        });
        busy.join().expect("it only counts");
        let spent = thread_cpu_time().expect("as before") - before;
        assert!(spent < Duration::from_millis(32), "{spent:?} for a wait");
    }
}

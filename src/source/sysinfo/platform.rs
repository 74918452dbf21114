//! What sysinfo does not say, asked of the system itself.

pub(super) use self::system::{
    START_TIME_RESOLUTION_MS, is_there, start_rest_ms, started_total, why_nothing,
};

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::path::Path;

    pub(in crate::source) const START_TIME_RESOLUTION_MS: u64 = 10;

    use crate::error::{Error, ErrorClass, Result};

    /// Why a refresh came back with nothing.
    pub(in crate::source) fn why_nothing() -> Error {
        // sysinfo needs three descriptors at once: the list, the process's folder, a file in it.
        let look = || {
            let _list = fs::read_dir("/proc")?;
            let _folder = fs::File::open("/proc/self")?;
            fs::read("/proc/self/stat")
        };
        match look() {
            Err(error) => Error::from_io("cannot list the processes in /proc", error)
                .with_advice("check that /proc is mounted and that file descriptors are left"),
            Ok(_) => Error::new(ErrorClass::SourceGone, "/proc listed no process at all"),
        }
    }

    /// Milliseconds of a start time beyond its second: field 22 of `/proc/PID/stat`, in ticks of
    /// 10 ms since boot (proc_pid_stat(5)). sysinfo makes whole seconds of the same number.
    pub(in crate::source) fn start_rest_ms(pid: u32) -> Option<u64> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name before it may contain anything, a `)` too.
        let after_name = stat.rsplit(|&byte| byte == b')').next()?;
        let start = after_name
            .trim_ascii()
            .split(|&byte| byte == b' ')
            .nth(19)?;
        let ticks: u64 = std::str::from_utf8(start).ok()?.parse().ok()?;
        Some(ticks % 100 * 10)
    }

    /// `processes` in `/proc/stat`: forks since boot, threads included (proc_stat(5)). Read after
    /// the processes were, so that it counts all of them.
    pub(in crate::source) fn started_total() -> Option<u64> {
        let stat = fs::read("/proc/stat").ok()?;
        stat.split(|&byte| byte == b'\n')
            .find_map(|line| line.strip_prefix(b"processes "))
            .and_then(|number| std::str::from_utf8(number).ok())
            .and_then(|number| number.trim_ascii().parse().ok())
    }

    /// Whether there is something with this pid. It takes no descriptor to find out.
    pub(in crate::source) fn is_there(pid: u32) -> Result<bool> {
        let ask = |path: &str| {
            Path::new(path)
                .try_exists()
                .map_err(|error| Error::from_io(format!("cannot look for {path}"), error))
        };
        if ask(&format!("/proc/{pid}"))? {
            return Ok(true);
        }
        // Where /proc is not itself, its silence says nothing.
        match ask("/proc/self/stat")? {
            true => Ok(false),
            false => Err(Error::new(
                ErrorClass::SourceGone,
                "/proc is not mounted, so missing processes cannot be looked for",
            )),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use crate::error::{Error, ErrorClass, Result};

    pub(in crate::source) const START_TIME_RESOLUTION_MS: u64 = 1000;

    pub(in crate::source) fn start_rest_ms(_pid: u32) -> Option<u64> {
        Some(0)
    }

    pub(in crate::source) fn why_nothing() -> Error {
        Error::new(
            ErrorClass::SourceGone,
            "the system listed no process at all",
        )
    }

    pub(in crate::source) fn started_total() -> Option<u64> {
        None
    }

    pub(in crate::source) fn is_there(_pid: u32) -> Result<bool> {
        Ok(false)
    }
}

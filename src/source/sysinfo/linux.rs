//! What sysinfo does not say on Linux, asked of the kernel.

use std::fs;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::error::{Error, ErrorClass, Result};

pub(super) const START_TIME_RESOLUTION_MS: u64 = 10;

/// Why a refresh came back with nothing.
pub(super) fn why_nothing() -> Error {
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
pub(super) fn start_rest_ms(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    Some(start_ticks(&stat)? % 100 * 10)
}

fn start_ticks(stat: &[u8]) -> Option<u64> {
    // The name before it may contain anything, a `)` too.
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let after_name = stat[name_end + 1..].trim_ascii();
    number(after_name.split(|&byte| byte == b' ').nth(19)?)
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `processes` in `/proc/stat`: forks since boot, threads included (proc_stat(5)). Read after
/// the processes were, so that it counts all of them.
pub(super) fn started_total() -> Option<u64> {
    started_in(&fs::read("/proc/stat").ok()?)
}

fn started_in(stat: &[u8]) -> Option<u64> {
    stat.split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"processes "))
        .and_then(|rest| number(rest.trim_ascii()))
}

/// Whether there is a process with this pid. It takes no descriptor to find out.
pub(super) fn is_there(pid: u32) -> Result<bool> {
    if exists(&format!("/proc/{pid}"))? {
        return Ok(true);
    }
    // Where /proc is not itself, its silence says nothing.
    if !exists("/proc/self/stat")? {
        return Err(Error::new(
            ErrorClass::SourceGone,
            "/proc is not mounted, so missing processes cannot be looked for",
        ));
    }
    // Every pid namespace has a process 1. If it does not show, other users' processes are hidden
    // (`hidepid`, proc_pid(5)), and only a signal that is not sent can find them: kill(2), EPERM.
    // One that could be sent would be for a process of our own, which would show.
    if exists("/proc/1")? {
        return Ok(false);
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::PERM)))
}

fn exists(path: &str) -> Result<bool> {
    Path::new(path)
        .try_exists()
        .map_err(|error| Error::from_io(format!("cannot look for {path}"), error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stat_of(name: &[u8], start: &str) -> Vec<u8> {
        let mut stat = b"42 (".to_vec();
        stat.extend_from_slice(name);
        stat.extend_from_slice(b") S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ");
        stat.extend_from_slice(start.as_bytes());
        stat.extend_from_slice(b" 20 21 22\n");
        stat
    }

    #[test]
    fn our_own_start_is_found() {
        let stat = fs::read("/proc/self/stat").expect("there is a /proc here");
        assert!(start_ticks(&stat).is_some_and(|ticks| ticks > 0));
        assert!(started_total().is_some_and(|started| started > 0));
    }

    #[test]
    fn what_is_no_stat_has_no_start() {
        for stat in [
            &b""[..],
            b")",
            b"42 (x) S",
            &stat_of(b"x", ""),
            &stat_of(b"x", "-1"),
            &stat_of(b"x", "18446744073709551616"),
        ] {
            assert_eq!(start_ticks(stat), None);
        }
        assert_eq!(started_in(b"cpu 1\nprocesses\n"), None);
        assert_eq!(started_in(b"processes x\n"), None);
        assert_eq!(
            started_in(b"cpu 1\nprocesses 123\nprocs_running 1\n"),
            Some(123)
        );
    }

    proptest! {
        #[test]
        fn whatever_the_name_the_start_is_found(name: Vec<u8>, start: u64) {
            prop_assert_eq!(start_ticks(&stat_of(&name, &start.to_string())), Some(start));
        }

        #[test]
        fn no_bytes_make_it_panic(stat: Vec<u8>) {
            start_ticks(&stat);
            started_in(&stat);
        }
    }
}

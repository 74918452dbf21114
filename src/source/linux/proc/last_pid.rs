//! The pid that the kernel has given last.

use super::procfs::Procfs;
use super::stat::number;

/// `RESERVED_PIDS` of kernel/pid.c: after the highest pid comes this one.
const RESERVED_PIDS: u64 = 300;

/// Returns the pid that the kernel has given last in the pid namespace of this process, also to a thread: the last
/// number of `/proc/loadavg` (proc_loadavg(5)). It is unknown if another file covers that one.
///
/// The kernel gives free pids in ascending order, and begins again at the maximum (`alloc_pid` in kernel/pid.c).
pub(in crate::source) fn last_pid(procfs: &Procfs) -> Option<u32> {
    let mut buffer = [0; 128];
    parse(procfs.read_own(c"loadavg", &mut buffer).ok()?)
}

/// Returns after how many pids the kernel gives the same ones again, if none is in use (`pid_max` in
/// proc_sys_kernel(5)); 0 if unknown.
pub(in crate::source) fn pids_of_a_round(procfs: &Procfs) -> u64 {
    let mut buffer = [0; 32];
    let read = procfs.read(c"sys/kernel/pid_max", &mut buffer).ok();
    let parsed = read.and_then(|content| number(content.trim_ascii()));
    parsed.map_or(0, |pid_max| pid_max.saturating_sub(RESERVED_PIDS))
}

fn parse(loadavg: &[u8]) -> Option<u32> {
    let number = number(loadavg.trim_ascii().rsplit(|&byte| byte == b' ').next()?)?;
    u32::try_from(number).ok().filter(|&pid| pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_last_number() {
        assert_eq!(parse(b"0.10 0.20 0.30 2/345 6789\n"), Some(6789));
        for unknown in ["", "\n", "0.10 0.20 0.30 0/0 0\n", "0.1 x", "1 99999999999"] {
            assert_eq!(parse(unknown.as_bytes()), None, "{unknown:?}");
        }
    }
}

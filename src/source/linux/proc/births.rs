//! Counts the processes that the system has started.

use super::procfs::{Procfs, Unread};
use super::stat::number;

/// Returns the forks since boot, threads included, from `/proc/stat`.
pub(in crate::source) fn started_total(procfs: &Procfs, buffer: &mut Vec<u8>) -> Option<u64> {
    started_by(buffer, |buffer| procfs.read(c"stat", buffer))
}

/// Does the same, unless another file covers that one: a container's host can have mounted it.
pub(in crate::source) fn own_started_total(procfs: &Procfs, buffer: &mut Vec<u8>) -> Option<u64> {
    started_by(buffer, |buffer| procfs.read_own(c"stat", buffer))
}

fn started_by(
    buffer: &mut Vec<u8>,
    read: impl Fn(&mut [u8]) -> Result<&[u8], Unread>,
) -> Option<u64> {
    loop {
        let room = buffer.len();
        let stat = read(buffer).ok()?;
        let (started, len) = (started_in(stat), stat.len());
        // A host with many CPUs and interrupts has a long `/proc/stat`.
        if started.is_some() || len < room || room > 1 << 20 {
            return started;
        }
        buffer.resize((room * 2).max(2048), 0);
    }
}

/// Parses the line `processes` of `/proc/stat` (proc_stat(5)).
pub(in crate::source) fn started_in(stat: &[u8]) -> Option<u64> {
    // A line without its newline may be cut within the number.
    stat.split_inclusive(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"processes "))
        .and_then(|rest| number(rest.strip_suffix(b"\n")?.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_number_is_found_with_a_small_buffer() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let mut buffer = vec![0; 1];
        let started = started_total(&procfs, &mut buffer).expect("Linux counts them");
        assert!(started > 0 && started_total(&procfs, &mut buffer) >= Some(started));
    }

    #[test]
    fn without_the_line_there_is_no_number() {
        assert_eq!(started_in(b"cpu 1\nprocesses\n"), None);
        assert_eq!(started_in(b"processes x\n"), None);
        assert_eq!(started_in(b"cpu 1\nprocesses 12"), None);
        assert_eq!(
            started_in(b"cpu 1\nprocesses 123\nprocs_running 1\n"),
            Some(123)
        );
    }
}

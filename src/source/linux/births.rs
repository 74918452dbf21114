//! How many processes the system has started.

use super::procfs::Procfs;
use super::stat::number;

/// Forks since boot, threads included, by what `/proc/stat` says.
pub(super) fn started_total(procfs: &Procfs, room: &mut Vec<u8>) -> Option<u64> {
    loop {
        let len = procfs.read(c"stat", room).ok()?.len();
        let started = started_in(&room[..len]);
        // A host with many CPUs and interrupts has a long one.
        if started.is_some() || len < room.len() || room.len() > 1 << 20 {
            return started;
        }
        room.resize((room.len() * 2).max(2048), 0);
    }
}

/// The number in the line `processes` of `/proc/stat` (proc_stat(5)).
pub(in crate::source) fn started_in(stat: &[u8]) -> Option<u64> {
    // A line without its end may be cut within the number.
    stat.split_inclusive(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"processes "))
        .and_then(|rest| number(rest.strip_suffix(b"\n")?.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_number_is_found_however_little_room_there_is() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let mut room = vec![0; 1];
        let started = started_total(&procfs, &mut room).expect("Linux counts them");
        assert!(started > 0 && started_total(&procfs, &mut room) >= Some(started));
    }

    #[test]
    fn what_has_no_such_line_has_no_number() {
        assert_eq!(started_in(b"cpu 1\nprocesses\n"), None);
        assert_eq!(started_in(b"processes x\n"), None);
        assert_eq!(started_in(b"cpu 1\nprocesses 12"), None);
        assert_eq!(
            started_in(b"cpu 1\nprocesses 123\nprocs_running 1\n"),
            Some(123)
        );
    }
}

//! Notices that the kernel reclaims memory: it takes pages from processes that do not run.

use super::procfs::Procfs;
use super::stat::number;

/// It costs as much as the clocks of 50 processes, so it is not read in each scan.
const EVERY_NS: u64 = 5_000_000_000;

const MAX_LEN: usize = 1 << 16;

/// The pages that the kernel has reclaimed so far, from the whole host or from a control group.
#[derive(Debug, Default)]
pub(in crate::source) struct Reclaim {
    read_at_ns: Option<u64>,
    pages: Option<u64>,
    content: Vec<u8>,
}

impl Reclaim {
    /// Creates one that has read this number, long ago.
    #[cfg(test)]
    pub(in crate::source) fn with_pages(pages: u64) -> Self {
        Self {
            pages: Some(pages),
            ..Self::default()
        }
    }

    /// Returns whether pages were reclaimed between the last two readings. Reads them again after five
    /// seconds.
    pub(in crate::source) fn has_moved(&mut self, procfs: &Procfs, now_ns: u64) -> bool {
        let is_fresh = |read_at_ns| now_ns.saturating_sub(read_at_ns) < EVERY_NS;
        if self.read_at_ns.is_some_and(is_fresh) {
            return false;
        }
        self.read_at_ns = Some(now_ns);
        let read = procfs.read_long(c"vmstat", MAX_LEN, &mut self.content);
        let pages = read.ok().and_then(|()| reclaimed(&self.content));
        let before = std::mem::replace(&mut self.pages, pages);
        before.is_some() && pages.is_some() && before != pages
    }
}

/// Adds up the lines `pgsteal…` of `/proc/vmstat` (proc_vmstat(5)); `None` without any.
///
/// Those of the reclaiming threads leave out what a control group reclaims for its limit. Those of the
/// kinds of pages (Linux 5.8) have everything (`shrink_inactive_list` in mm/vmscan.c). Only whether the sum
/// moves counts.
fn reclaimed(vmstat: &[u8]) -> Option<u64> {
    let lines = vmstat.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| line.starts_with(b"pgsteal"));
    let numbers = lines.filter_map(|line| {
        let at = line.iter().position(|&byte| byte == b' ')?;
        number(&line[at + 1..])
    });
    numbers.reduce(u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_moves_once_for_each_change_and_is_not_read_in_each_scan() {
        let folder = tempfile::tempdir().expect("a folder");
        let procfs = Procfs::open(folder.path()).expect("it exists");
        let mut reclaim = Reclaim::default();
        let mut moves = |second: u64, vmstat: Option<&str>| {
            if let Some(vmstat) = vmstat {
                fs::write(folder.path().join("vmstat"), vmstat).expect("it is ours");
            }
            reclaim.has_moved(&procfs, second * 1_000_000_000)
        };
        assert!(!moves(0, None));
        assert!(!moves(
            5,
            Some("nr_dirty 1\npgsteal_anon 5\npgsteal_file 6\n")
        ));
        assert!(!moves(
            10,
            Some("nr_dirty 2\npgsteal_anon 5\npgsteal_file 6\n")
        ));
        assert!(!moves(14, Some("pgsteal_anon 5\npgsteal_file 7\n")));
        assert!(moves(15, None));
        assert!(!moves(16, None));
        assert!(!moves(20, None));
        assert!(!moves(25, Some("pgsteal_anon x\n")));
    }

    #[test]
    fn this_kernel_counts_reclaimed_pages() {
        let procfs = Procfs::open("/proc".as_ref()).expect("there is a /proc here");
        let mut reclaim = Reclaim::default();
        assert!(!reclaim.has_moved(&procfs, 0));
        assert!(reclaim.pages.is_some());
    }
}

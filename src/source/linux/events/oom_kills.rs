//! Excludes that the kernel killed a process for lack of memory.

use crate::source::linux::proc::procfs::Procfs;
use crate::source::linux::proc::stat::number;

/// A killed process can take long to end. It frees its memory before that.
const SLOW_END_NS: u64 = 60_000_000_000;

/// How often the kernel has killed a process for lack of memory, on the whole host.
#[derive(Debug, Default)]
pub(super) struct OomKills {
    count: Option<u64>,
    /// When it was last found to have changed.
    changed_ns: Option<u64>,
}

impl OomKills {
    /// Reads the count, so that a later change is noticed.
    pub(super) fn read(&mut self, procfs: &Procfs, now_ns: u64) {
        let mut buffer = vec![0; 1 << 14];
        let count = procfs.read(c"vmstat", &mut buffer).ok().and_then(kills_in);
        self.update(count, now_ns);
    }

    fn update(&mut self, count: Option<u64>, now_ns: u64) {
        if count.is_none() || (self.count.is_some() && count != self.count) {
            self.changed_ns = Some(now_ns);
        }
        self.count = count;
    }

    /// Returns whether none was killed for lack of memory lately.
    ///
    /// Otherwise it can have been any process with the signal SIGKILL: the cgroup of a process that is
    /// gone is unknown.
    pub(super) fn had_none(&self, now_ns: u64) -> bool {
        let is_over = |changed_ns: u64| now_ns > changed_ns.saturating_add(SLOW_END_NS);
        self.count.is_some() && self.changed_ns.is_none_or(is_over)
    }
}

/// Parses the line `oom_kill` of `/proc/vmstat` (Linux 4.13).
fn kills_in(vmstat: &[u8]) -> Option<u64> {
    vmstat
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"oom_kill "))
        .and_then(number)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_kill_is_possible_for_a_while_after_the_count_has_changed() {
        let mut kills = OomKills::default();
        assert!(!kills.had_none(0));
        kills.update(Some(5), 0);
        assert!(kills.had_none(1));
        kills.update(Some(6), 2);
        assert!(!kills.had_none(3));
        kills.update(Some(6), SLOW_END_NS);
        assert!(kills.had_none(SLOW_END_NS + 3));
        kills.update(None, SLOW_END_NS + 4);
        assert!(!kills.had_none(2 * SLOW_END_NS + 9));
    }

    #[test]
    fn this_kernel_counts_them() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let mut kills = OomKills::default();
        kills.read(&procfs, 0);
        assert!(kills.count.is_some());
        assert_eq!(kills_in(b"oom_killer 1\nx 2\n"), None);
        assert_eq!(kills_in(b"pgfault 1\noom_kill 7\nx 2"), Some(7));
    }
}

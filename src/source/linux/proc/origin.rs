//! Which kernel wrote a `/proc`: this one, or that of another host or of an earlier boot.

use super::boot::Boot;
use super::procfs::{Procfs, USUAL};
use super::stat::number;
use crate::model::Timestamp;
use crate::source::exited::TICK_MS;

/// The clock of the start times in a `/proc`.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) enum Origin {
    /// This kernel wrote it.
    Here(Boot),
    /// Another kernel wrote it: a recorded tree, or that of another host. `None`: it does not
    /// contain when that kernel was booted.
    Elsewhere(Option<Boot>),
}

/// Resolution of the start times of another kernel: its moment of boot is in whole seconds. One
/// less than a second, because equal ticks still prove one process.
const ELSEWHERE_RESOLUTION_MS: u64 = 999;

impl Origin {
    /// Finds which kernel wrote a `/proc`.
    ///
    /// Every mount of proc(5) is of this kernel. Of another filesystem, such as one over a network,
    /// the kernel is this one if it shows the boot of `/proc`.
    pub(in crate::source) fn of(procfs: &Procfs) -> Self {
        if procfs.is_mounted() {
            return Self::Here(Boot::now());
        }
        let signature = Signature::of(procfs);
        if signature.is_of_this_kernel() {
            return Self::Here(Boot::now());
        }
        let boot_s = signature.boot_s;
        Self::Elsewhere(boot_s.map(|seconds| Boot::at(seconds.saturating_mul(1000))))
    }

    /// Returns whether it is of this kernel, as it runs now.
    pub(in crate::source) fn is_here(self) -> bool {
        matches!(self, Self::Here(_))
    }

    /// Converts ticks after boot to milliseconds since the Unix epoch.
    pub(in crate::source) fn start_time_ms(self, ticks: u64) -> Option<u64> {
        match self {
            Self::Here(boot) => boot.start_time_ms(ticks),
            Self::Elsewhere(boot) => boot?.start_time_ms(ticks),
        }
    }

    /// Returns the resolution of start times, in milliseconds.
    pub(in crate::source) fn resolution_ms(self) -> u64 {
        match self {
            Self::Here(_) => TICK_MS,
            Self::Elsewhere(_) => ELSEWHERE_RESOLUTION_MS,
        }
    }

    /// Reads all clocks that a scan needs. The boot clock of another kernel cannot be read.
    pub(in crate::source) fn timestamp(self) -> Timestamp {
        match self {
            Self::Here(boot) => boot.timestamp(),
            Self::Elsewhere(_) => Timestamp::now(),
        }
    }
}

/// What distinguishes the boots of kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    /// `sys/kernel/random/boot_id` (random(4)), which few recorded trees contain.
    boot_id: Option<Vec<u8>>,
    /// `btime` of `stat` (proc_stat(5)), in seconds since the Unix epoch.
    boot_s: Option<u64>,
}

impl Signature {
    fn of(procfs: &Procfs) -> Self {
        const MAX_STAT_BYTES: usize = 1 << 20;
        let mut text = Vec::new();
        let is_read = procfs.read_long(c"sys/kernel/random/boot_id", 64, &mut text);
        let boot_id = is_read.ok().map(|()| text.trim_ascii().to_vec());
        let is_read = procfs.read_long(c"stat", MAX_STAT_BYTES, &mut text);
        Self {
            boot_id: boot_id.filter(|id| !id.is_empty()),
            boot_s: is_read.ok().and_then(|()| booted_in(&text)),
        }
    }

    fn is_of_this_kernel(&self) -> bool {
        let Ok(ours) = Procfs::open(USUAL.as_ref()) else {
            return false;
        };
        // A recorded tree may be mounted there.
        ours.is_mounted() && self.is_of_boot(&Self::of(&ours))
    }

    fn is_of_boot(&self, other: &Self) -> bool {
        match (&self.boot_id, &other.boot_id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.boot_s.is_some() && self.boot_s == other.boot_s,
        }
    }
}

/// Parses the line `btime` of `/proc/stat`.
fn booted_in(stat: &[u8]) -> Option<u64> {
    stat.split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"btime "))
        .and_then(|rest| number(rest.trim_ascii()))
        // A kernel without a wall clock at its start.
        .filter(|&seconds| seconds > 0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_usual_proc_is_of_this_kernel() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        assert!(matches!(Origin::of(&procfs), Origin::Here(_)));
        assert!(Signature::of(&procfs).is_of_this_kernel());
    }

    #[test]
    fn a_boot_is_recognised_by_its_id_or_else_by_its_second() {
        let signature = |id: Option<&str>, boot_s| Signature {
            boot_id: id.map(|id| id.as_bytes().to_vec()),
            boot_s,
        };
        let ours = signature(Some("a"), Some(5));
        assert!(signature(Some("a"), Some(6)).is_of_boot(&ours));
        assert!(!signature(Some("b"), Some(5)).is_of_boot(&ours));
        assert!(signature(None, Some(5)).is_of_boot(&ours));
        assert!(!signature(None, Some(6)).is_of_boot(&ours));
        let unknown = signature(None, None);
        assert!(!unknown.is_of_boot(&ours) && !unknown.is_of_boot(&unknown));
    }

    #[test]
    fn the_moment_of_boot_is_found() {
        assert_eq!(
            booted_in(b"cpu 1\nbtime 1700000000\nprocesses 7\n"),
            Some(1_700_000_000)
        );
        assert_eq!(booted_in(b"cpu 1\nbtime 0\n"), None);
        assert_eq!(booted_in(b"cpu 1\nbtime x\n"), None);
        assert_eq!(booted_in(b"cpu 1\n"), None);
    }
}

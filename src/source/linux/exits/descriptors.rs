//! How many descriptors pidfds may take.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The part of the free descriptors that pidfds may take: half of them stay free, since the limit is
/// that of the whole program.
const SHARE: u64 = 2;

/// Returns how many pidfds may be open. `proc` is the folder of proc(5) with our own pid namespace.
pub(super) fn most_pidfds(proc: &Path) -> usize {
    let soft = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let open = std::fs::read_dir(proc.join("self/fd")).map_or(0, Iterator::count);
    most(soft, open as u64)
}

fn most(soft: u64, open: u64) -> usize {
    usize::try_from(soft.saturating_sub(open) / SHARE).unwrap_or(usize::MAX)
}

/// Makes the soft limit the hard limit.
pub(in crate::source) fn raise_limit() {
    let limits = getrlimit(Resource::Nofile);
    if limits.current == limits.maximum {
        return;
    }
    let raised = Rlimit {
        current: limits.maximum,
        ..limits
    };
    if let Err(errno) = setrlimit(Resource::Nofile, raised) {
        log::debug!(
            "cannot raise the limit of file descriptors: {}",
            std::io::Error::from(errno)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_free_descriptors_stay_free() {
        assert_eq!(most(1024, 24), 500);
        assert_eq!(most(10, 12), 0);
        assert_eq!(most(u64::MAX, 0), (u64::MAX / 2) as usize);
    }
}

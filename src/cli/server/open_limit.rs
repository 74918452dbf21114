//! How many connections the limit of descriptors allows.

/// Returns how many connections may be open: at most `wanted`, and a quarter of all descriptors.
///
/// The scanner needs the others. Without any it cannot read a process.
pub(crate) fn affordable(wanted: usize) -> usize {
    limit().map_or(wanted, |limit| wanted.min(limit / 4).max(2))
}

/// Returns how many descriptors this process may have; `None` if there is no limit.
#[cfg(unix)]
fn limit() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};

    let limit = getrlimit(Resource::Nofile).current?;
    usize::try_from(limit).ok()
}

#[cfg(not(unix))]
fn limit() -> Option<usize> {
    None
}

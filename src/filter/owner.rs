//! Users, containers and units, as a filter names them.

use super::verdict::Verdict;
use crate::model::{Detail, ProcessInfo};

/// A user, by name or by id.
#[derive(Debug, Clone)]
pub(super) enum UserKey {
    Id(u64),
    Name(String),
}

impl UserKey {
    /// A number is an id.
    pub(super) fn new(user: String) -> Self {
        match user.parse() {
            Ok(id) => Self::Id(id),
            Err(_) => Self::Name(user),
        }
    }

    pub(super) fn verdict(&self, process: &ProcessInfo) -> Verdict {
        let details = &process.details;
        match self {
            Self::Id(id) => Some(details.get(Detail::UserId).as_count()? == *id),
            Self::Name(name) => Some(details.get(Detail::UserName).as_text()? == name),
        }
    }
}

/// Returns whether a process is in the container whose id begins like this.
///
/// A process in a known control group without a container is in none.
pub(super) fn is_in_container(process: &ProcessInfo, begin: &str) -> Verdict {
    of_group(process, Detail::ContainerId, |id| id.starts_with(begin))
}

/// Returns whether a process belongs to this unit of systemd; `nginx` is `nginx.service`.
pub(super) fn is_in_unit(process: &ProcessInfo, unit: &str) -> Verdict {
    of_group(process, Detail::SystemdUnit, |name| {
        name == unit || name.strip_suffix(".service") == Some(unit)
    })
}

/// Returns whether a text that comes from the path of the control group matches.
fn of_group(process: &ProcessInfo, detail: Detail, matches: impl Fn(&str) -> bool) -> Verdict {
    let details = &process.details;
    match details.get(detail).as_text() {
        Some(text) => Some(matches(text)),
        None => details.get(Detail::Cgroup).as_text().map(|_| false),
    }
}

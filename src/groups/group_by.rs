//! The values of a process that it can be grouped by.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::group::GroupId;
use crate::model::{Changes, Collect, Detail, ProcessInfo};

/// A value that processes are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupBy {
    /// The [full name](ProcessInfo::full_name).
    Name,
    /// The name of the effective user, or its id if it has no name.
    User,
    /// The id of the container.
    Container,
    /// The unit of systemd.
    Unit,
    /// The path of the program. It can end in ` (deleted)`: see
    /// [`Detail::Executable`].
    Executable,
}

impl GroupBy {
    /// All values.
    pub const ALL: &'static [Self] = &[
        Self::Name,
        Self::User,
        Self::Container,
        Self::Unit,
        Self::Executable,
    ];

    /// The changes that can move a process to another group.
    pub(super) const CHANGES: &'static [Changes] = &[
        Changes::NAME,
        Changes::COMMAND,
        Changes::STATUS,
        Changes::KERNEL_THREAD,
        Changes::USER,
        Changes::CGROUP,
        Changes::EXECUTABLE,
    ];

    /// Returns the name: `name`, `user`, `container`, `unit` or `executable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::User => "user",
            Self::Container => "container",
            Self::Unit => "unit",
            Self::Executable => "executable",
        }
    }

    /// Finds a value by its [name](Self::as_str).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|by| by.as_str() == name)
    }

    /// Returns what a source must collect for it.
    pub fn collect(self) -> Collect {
        match self {
            Self::Name => Collect::COMMAND,
            Self::User => Collect::USER,
            Self::Container | Self::Unit => Collect::CGROUP,
            Self::Executable => Collect::EXECUTABLE,
        }
    }

    /// Returns the group of a process; all kernel threads are one group.
    ///
    /// It is the group that [`Groups::by`](super::Groups::by) counts the process in, unless that
    /// is at its limit of groups.
    pub fn group_of(self, process: &ProcessInfo) -> GroupId {
        match process.kernel_thread {
            Some(true) => GroupId::Kernel,
            _ => self.group(process),
        }
    }

    /// Returns the value of a process; `None` if it is unknown, or if there is none.
    pub(super) fn value(self, process: &ProcessInfo) -> Option<Cow<'_, str>> {
        let text = |detail| process.details.text(detail).map(|text| (&**text).into());
        match self {
            Self::Name => process.full_name().map(Into::into),
            Self::User => text(Detail::UserName).or_else(|| {
                let id = process.details.number(Detail::UserId)?;
                Some(id.to_string().into())
            }),
            Self::Container => text(Detail::ContainerId),
            Self::Unit => text(Detail::SystemdUnit),
            Self::Executable => text(Detail::Executable),
        }
    }

    /// Returns the group of a process.
    pub(super) fn group(self, process: &ProcessInfo) -> GroupId {
        if let Some(value) = self.value(process) {
            return GroupId::Named(value.into());
        }
        let is_of_cgroup = matches!(self, Self::Container | Self::Unit);
        match is_of_cgroup && process.details.text(Detail::Cgroup).is_some() {
            true => GroupId::Without,
            false => GroupId::Unknown,
        }
    }
}

/// Prints the [name](GroupBy::as_str).
impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProcessKey;

    #[test]
    fn every_value_is_found_by_its_name() {
        for by in GroupBy::ALL {
            assert_eq!(GroupBy::named(by.as_str()), Some(*by));
        }
        assert_eq!(GroupBy::named("colour"), None);
    }

    #[test]
    fn a_process_without_a_value_is_unknown_unless_its_cgroup_is_known() {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        for by in GroupBy::ALL {
            assert_eq!(by.group(&process), GroupId::Unknown, "{by}");
        }
        let named = |name: &str| GroupId::Named(name.into());
        process.details.set(Detail::Cgroup, "/init.scope".into());
        assert_eq!(GroupBy::Container.group(&process), GroupId::Without);
        process.details.set(Detail::SystemdUnit, "a.service".into());
        assert_eq!(GroupBy::Unit.group(&process), named("a.service"));
        process.details.set(Detail::UserId, 1000_u64.into());
        assert_eq!(GroupBy::User.group(&process), named("1000"));
        process.details.set(Detail::UserName, "ada".into());
        assert_eq!(GroupBy::User.group(&process), named("ada"));
        process.name = Some("".into());
        assert_eq!(GroupBy::Name.group(&process), named(""));
        assert_eq!(GroupBy::Name.group_of(&process), named(""));
        process.kernel_thread = Some(true);
        assert_eq!(GroupBy::Name.group_of(&process), GroupId::Kernel);
    }
}

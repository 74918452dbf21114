//! Optional fields that could not be read: counted, and logged once.

use crate::model::{Detail, Unreadable};
use crate::source::linux::proc::procfs::Unread;

/// The fields that could not be read.
#[derive(Debug, Default)]
pub(super) struct Denials {
    logged: Vec<(&'static str, Unread)>,
    /// Those of this scan.
    counts: Unreadable,
}

impl Denials {
    /// Counts a field that a living process has and that could not be read.
    pub(super) fn add(&mut self, detail: Detail, unread: Unread) {
        // It has exited.
        if unread == Unread::Gone {
            return;
        }
        for &detail in read_with(&detail) {
            self.counts.add_detail(detail);
        }
        let name = detail.field().collect.unwrap_or_default();
        if !self.logged.contains(&(name, unread)) {
            self.logged.push((name, unread));
            log(name, unread);
        }
    }

    /// Takes the numbers of fields since the last call.
    pub(super) fn take(&mut self) -> Unreadable {
        std::mem::take(&mut self.counts)
    }
}

/// Returns the fields that are unknown together with this one.
fn read_with(detail: &Detail) -> &[Detail] {
    match detail {
        Detail::UserId => &[Detail::UserId, Detail::UserName],
        Detail::Cgroup => &[
            Detail::Cgroup,
            Detail::ContainerId,
            Detail::SystemdUnit,
            Detail::PodUid,
        ],
        detail => std::slice::from_ref(detail),
    }
}

/// Logs a class of errors. Only those of the system as a whole are warnings.
fn log(name: &str, unread: Unread) {
    match unread {
        Unread::Gone => {}
        Unread::Denied => {
            log::info!("{name} of some processes cannot be read without the rights of ptrace(2)");
        }
        Unread::TooLong => {
            log::info!("{name} of some processes is longer than the kernel prints");
        }
        Unread::NotAFile => log::warn!("{name} of some processes cannot be parsed"),
        Unread::Failed => {
            log::warn!("{name} of some processes cannot be read: descriptors or memory ran out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_by_name_and_logged_once_for_each_class() {
        let mut denials = Denials::default();
        for _ in 0..2 {
            denials.add(Detail::ReadBytes, Unread::Denied);
            denials.add(Detail::WrittenBytes, Unread::Denied);
            denials.add(Detail::Cgroup, Unread::Failed);
            denials.add(Detail::Executable, Unread::TooLong);
            denials.add(Detail::Executable, Unread::Denied);
            denials.add(Detail::OpenFiles, Unread::Gone);
        }
        let numbers: Vec<_> = denials.take().iter().collect();
        let cgroup = ["cgroup", "container_id", "systemd_unit", "pod_uid"];
        let expected = [("executable", 4), ("read_bytes", 2), ("written_bytes", 2)];
        let cgroup = cgroup.map(|name| (name, 2));
        assert_eq!(numbers, [&cgroup[..], &expected].concat());
        assert!(denials.take().is_empty());
        let logged = [
            ("io", Unread::Denied),
            ("cgroup", Unread::Failed),
            ("executable", Unread::TooLong),
            ("executable", Unread::Denied),
        ];
        assert_eq!(denials.logged, logged);
    }
}

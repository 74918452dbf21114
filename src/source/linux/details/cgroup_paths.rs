//! The control groups of processes, read once for each group where the kernel has ids of them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ahash::RandomState;

use super::cgroup_path::choose;
use super::container_id::{container_id, pod_uid};
use super::systemd_unit::systemd_unit;

/// Groups that are remembered; with more all are forgotten.
const MAX_GROUPS: usize = 4096;

/// A control group, and what its path says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cgroup {
    path: Box<[u8]>,
    container: Option<Range<usize>>,
    unit: Option<Range<usize>>,
    pod: Option<String>,
}

impl Cgroup {
    /// Parses the content of `cgroup`, and returns whether there is only version 2.
    pub(super) fn parse(content: &[u8]) -> Option<(Self, bool)> {
        let chosen = choose(content)?;
        let path = chosen.path;
        let cgroup = Self {
            path: path.into(),
            container: container_id(path),
            unit: systemd_unit(path),
            pod: pod_uid(path),
        };
        Some((cgroup, chosen.is_only))
    }

    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    pub(super) fn container(&self) -> Option<&[u8]> {
        self.container.clone().map(|range| &self.path[range])
    }

    pub(super) fn unit(&self) -> Option<&[u8]> {
        self.unit.clone().map(|range| &self.path[range])
    }

    pub(super) fn pod(&self) -> Option<&[u8]> {
        self.pod.as_ref().map(String::as_bytes)
    }
}

/// The groups that are known by their ids.
///
/// An id is that of version 2, is never used again, and such a group is never renamed. So it
/// identifies the path, but only if processes are in no hierarchy of version 1.
#[derive(Debug, Default)]
pub(super) struct CgroupPaths {
    by_id: HashMap<u64, Arc<Cgroup>, RandomState>,
    /// There are hierarchies of version 1.
    has_others: bool,
}

impl CgroupPaths {
    /// Returns the group with this id, if it is known.
    pub(super) fn known(&self, id: Option<u64>) -> Option<Arc<Cgroup>> {
        self.by_id.get(&id?).cloned()
    }

    /// Returns whether reading the group of a process costs a file each time.
    pub(super) fn is_expensive(&self) -> bool {
        self.has_others
    }

    /// Parses the content of `cgroup` of a process in the group with this id.
    ///
    /// `id_after` reads the id again, after the content was read: the process may have been moved
    /// in between, and then nothing is remembered.
    pub(super) fn add(
        &mut self,
        id: Option<u64>,
        content: &[u8],
        id_after: impl FnOnce() -> Option<u64>,
    ) -> Option<Arc<Cgroup>> {
        let (cgroup, is_only) = Cgroup::parse(content)?;
        let cgroup = Arc::new(cgroup);
        self.has_others = !is_only || id.is_none();
        if !is_only || self.by_id.len() >= MAX_GROUPS {
            self.by_id.clear();
        }
        // A removed group keeps its id, but its path gets a mark.
        if let Some(id) = id
            && is_only
            && !cgroup.path.ends_with(b" (deleted)")
            && id_after() == Some(id)
        {
            self.by_id.insert(id, Arc::clone(&cgroup));
        }
        Some(cgroup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_once_where_there_is_only_version_2() {
        let mut paths = CgroupPaths::default();
        assert!(paths.known(Some(5)).is_none());
        let read = paths
            .add(Some(5), b"0::/a.slice/b.service\n", || Some(5))
            .expect("a path");
        assert_eq!(read.unit(), Some(&b"b.service"[..]));
        assert_eq!(paths.known(Some(5)), Some(read));
        assert!(paths.known(None).is_none() && !paths.is_expensive());
        paths
            .add(Some(6), b"0::/gone (deleted)\n", || Some(6))
            .expect("a path");
        assert!(paths.known(Some(6)).is_none());
        // A hierarchy of version 1 was mounted.
        paths
            .add(Some(1), b"1:memory:/m\n0::/\n", || Some(1))
            .expect("a path");
        assert!(paths.known(Some(1)).is_none() && paths.known(Some(5)).is_none());
        assert!(paths.is_expensive());
    }

    #[test]
    fn the_path_of_a_process_that_was_moved_meanwhile_is_not_that_of_the_id() {
        let mut paths = CgroupPaths::default();
        for after in [Some(6), None] {
            let read = paths.add(Some(5), b"0::/new\n", || after).expect("a path");
            assert_eq!(read.path(), b"/new");
            assert!(paths.known(Some(5)).is_none() && !paths.is_expensive());
        }
    }

    #[test]
    fn the_number_of_groups_is_limited() {
        let mut paths = CgroupPaths::default();
        for id in 0..3 * MAX_GROUPS as u64 {
            paths.add(Some(id), b"0::/x\n", || Some(id));
            assert!(paths.by_id.len() <= MAX_GROUPS);
            assert!(paths.known(Some(id)).is_some());
        }
    }
}

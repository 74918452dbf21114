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
    /// Processes are in hierarchies of version 1 too.
    has_v1: bool,
    container: Option<Range<usize>>,
    unit: Option<Range<usize>>,
    pod: Option<String>,
}

impl Cgroup {
    /// Parses the content of `cgroup`.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let chosen = choose(content)?;
        let path = chosen.path;
        Some(Self {
            path: path.into(),
            has_v1: !chosen.is_only,
            container: container_id(path),
            unit: systemd_unit(path),
            pod: pod_uid(path),
        })
    }

    /// Returns whether it may be the path of a process that is ending, and not of its group.
    ///
    /// Version 1 then has `/` for any group, and version 2 has the path (proc_cgroup_show in
    /// kernel/cgroup/cgroup.c).
    pub(super) fn may_be_lost(&self) -> bool {
        self.has_v1 && *self.path == *b"/"
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
    /// There are hierarchies of version 1, as of the last file.
    has_v1: bool,
    /// The last process had no id: the kernel has none, or no descriptor was left.
    lacks_id: bool,
}

impl CgroupPaths {
    /// Returns the group with this id, if it is known.
    pub(super) fn known(&mut self, id: Option<u64>) -> Option<Arc<Cgroup>> {
        self.lacks_id = id.is_none();
        self.by_id.get(&id?).cloned()
    }

    /// Returns whether reading the group of a process costs a file each time.
    pub(super) fn is_expensive(&self) -> bool {
        self.has_v1 || self.lacks_id
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
        let cgroup = Arc::new(Cgroup::parse(content)?);
        self.has_v1 = cgroup.has_v1;
        if cgroup.has_v1 || self.by_id.len() >= MAX_GROUPS {
            self.by_id.clear();
        }
        // A removed group keeps its id, but its path gets a mark.
        if let Some(id) = id
            && !cgroup.has_v1
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
        assert!(!paths.is_expensive());
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
    fn one_process_without_an_id_does_not_make_all_expensive() {
        let mut paths = CgroupPaths::default();
        paths.add(Some(5), b"0::/a\n", || Some(5)).expect("a path");
        assert!(paths.known(None).is_none() && paths.is_expensive());
        paths.add(None, b"0::/a\n", || None).expect("a path");
        assert!(paths.is_expensive());
        // There is a descriptor again, and the file of no other process is read.
        assert!(paths.known(Some(5)).is_some() && !paths.is_expensive());
    }

    #[test]
    fn only_version_1_loses_the_path_of_a_process_that_is_ending() {
        for (content, may_be_lost) in [
            (&b"9:cpu:/\n1:name=systemd:/\n0::/\n"[..], true),
            (b"4:memory:/\n", true),
            (b"9:cpu:/\n4:memory:/a\n0::/\n", false),
            (b"9:cpu:/\n0::/a\n", false),
            (b"0::/\n", false),
        ] {
            let cgroup = Cgroup::parse(content).expect("a path");
            assert_eq!(
                cgroup.may_be_lost(),
                may_be_lost,
                "{}",
                content.escape_ascii()
            );
        }
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

//! The memory cgroups of processes, and how often the kernel killed in each for lack of memory.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::source::linux::proc::procfs::Procfs;
use crate::source::linux::proc::stat::number;

/// Paths that are remembered. Processes in further ones are of an unknown cgroup.
const MAX_PATHS: usize = 4096;

/// Longest `/proc/self/mountinfo` that is read, in bytes.
const MAX_MOUNTINFO: usize = 1 << 20;

/// Where the cgroups with the memory controller are mounted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CgroupMount {
    /// The mount point.
    point: PathBuf,
    /// The cgroup that is mounted there: `/`, unless only a part is.
    root: Vec<u8>,
    /// Version 1: the controller has a hierarchy of its own.
    is_v1: bool,
}

/// A cgroup that counts kills. The number is smaller than that of cgroups.
pub(super) type CgroupId = u32;

/// A cgroup that counts kills.
#[derive(Debug)]
struct Cgroup {
    file: PathBuf,
    /// As last read; `None`: it is gone.
    count: Option<u64>,
}

/// The cgroups of all processes, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Cgroups {
    mount: Option<CgroupMount>,
    /// By the path in `/proc/PID/cgroup`; `None`: its kills are not counted.
    by_path: HashMap<Box<[u8]>, Option<CgroupId>, ahash::RandomState>,
    cgroups: Vec<Cgroup>,
}

impl Cgroups {
    /// Finds out where they are mounted.
    pub(super) fn of(procfs: &Procfs) -> Self {
        let mut mountinfo = Vec::new();
        let read = procfs.read_long(c"self/mountinfo", MAX_MOUNTINFO, &mut mountinfo);
        Self::at(read.ok().and_then(|()| CgroupMount::find(&mountinfo)))
    }

    pub(super) fn at(mount: Option<CgroupMount>) -> Self {
        Self {
            mount,
            ..Self::default()
        }
    }

    /// Returns whether kills can be counted by cgroup.
    pub(super) fn can_count(&self) -> bool {
        self.mount.is_some()
    }

    /// Returns the cgroup that counts the kills of a process, from its `/proc/PID/cgroup`.
    ///
    /// One that was not known is read, so that later kills are noticed.
    pub(super) fn id_of(&mut self, content: &[u8]) -> Option<CgroupId> {
        let mount = self.mount.as_ref()?;
        let path = mount.path_in(content)?;
        if let Some(id) = self.by_path.get(path) {
            return *id;
        }
        if self.by_path.len() >= MAX_PATHS {
            return None;
        }
        let found = mount.counting_file(path);
        // A cgroup without a controller of its own is counted with the next one above it.
        let known = found.as_ref().and_then(|(file, _)| {
            let same = |cgroup: &Cgroup| cgroup.file == *file;
            self.cgroups.iter().position(same)
        });
        let index = match (known, found) {
            (Some(index), _) => Some(index),
            (None, Some((file, count))) => {
                let count = Some(count);
                self.cgroups.push(Cgroup { file, count });
                Some(self.cgroups.len() - 1)
            }
            (None, None) => None,
        };
        let id = index.and_then(|index| CgroupId::try_from(index).ok());
        self.by_path.insert(path.into(), id);
        id
    }

    /// Reads all counts again. Calls `changed` with each that has changed and by how much.
    pub(super) fn read(&mut self, changed: &mut dyn FnMut(CgroupId, u64)) {
        for (id, cgroup) in (0..).zip(&mut self.cgroups) {
            let now = count_in_file(&cgroup.file);
            let before = std::mem::replace(&mut cgroup.count, now);
            // A smaller one is that of another cgroup with the same path.
            let new = now.map(|now| now.checked_sub(before.unwrap_or(0)).unwrap_or(now));
            if let Some(new @ 1..) = new {
                changed(id, new);
            }
        }
    }

    /// Returns whether so many are remembered that they should be forgotten and found again.
    pub(super) fn is_full(&self) -> bool {
        self.by_path.len() >= MAX_PATHS
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.by_path.clear();
        self.cgroups.clear();
    }
}

impl CgroupMount {
    /// Creates one of a tree of version 2 that a test has made up.
    #[cfg(test)]
    pub(super) fn made_up(point: &Path) -> Self {
        Self {
            point: point.into(),
            ..Self::default()
        }
    }

    /// Finds the mount with the memory controller in `mountinfo` (proc_pid_mountinfo(5)).
    fn find(mountinfo: &[u8]) -> Option<Self> {
        let mounts = mountinfo.split(|&byte| byte == b'\n').filter_map(|line| {
            let mut fields = line.split(|&byte| byte == b' ').skip(3);
            let (root, point) = (fields.next()?, fields.next()?);
            let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
            let is_v1 = match fields.next()? {
                b"cgroup" => true,
                b"cgroup2" => false,
                _ => return None,
            };
            let mut options = fields.nth(1)?.split(|&byte| byte == b',');
            // Blanks are written as numbers, and no such folder is used for cgroups.
            let is_usable = !point.contains(&b'\\') && !root.contains(&b'\\');
            let has_memory = !is_v1 || options.any(|option| option == b"memory");
            (is_usable && has_memory).then(|| Self {
                point: PathBuf::from(OsStr::from_bytes(point)),
                root: root.strip_suffix(b"/").unwrap_or(root).to_vec(),
                is_v1,
            })
        });
        // Where both are mounted, the first version has the controller.
        mounts.max_by_key(|mount| mount.is_v1)
    }

    /// Returns the path of the memory cgroup in `/proc/PID/cgroup`.
    fn path_in<'a>(&self, content: &'a [u8]) -> Option<&'a [u8]> {
        let paths = content.split(|&byte| byte == b'\n').filter_map(|line| {
            let mut fields = line.splitn(3, |&byte| byte == b':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            let is_it = match self.is_v1 {
                true => controllers
                    .split(|&byte| byte == b',')
                    .any(|of| of == b"memory"),
                false => controllers.is_empty(),
            };
            is_it.then_some(path)
        });
        // Outside of our cgroup namespace, or removed while its last process ends.
        let is_known = |path: &&[u8]| !path.starts_with(b"/..") && !path.ends_with(b" (deleted)");
        paths.into_iter().next().filter(is_known)
    }

    /// Returns the file with the kills of a cgroup's own processes, and their number.
    fn counting_file(&self, path: &[u8]) -> Option<(PathBuf, u64)> {
        let inside = path.strip_prefix(&*self.root)?;
        let inside = Path::new(OsStr::from_bytes(
            inside.strip_prefix(b"/").unwrap_or(inside),
        ));
        let folder = self.point.join(inside);
        if !folder.is_dir() {
            return None;
        }
        let name = match self.is_v1 {
            true => "memory.oom_control",
            false => "memory.events.local",
        };
        let folders = folder
            .ancestors()
            .take_while(|at| at.starts_with(&self.point));
        folders.map(|folder| folder.join(name)).find_map(|file| {
            let count = count_in_file(&file)?;
            Some((file, count))
        })
    }
}

/// Reads the line `oom_kill`: Linux 4.13 in version 1, 5.2 in version 2.
fn count_in_file(file: &Path) -> Option<u64> {
    kills_in(&fs::read(file).ok()?)
}

/// Parses the line `oom_kill`.
pub(super) fn kills_in(content: &[u8]) -> Option<u64> {
    content
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"oom_kill "))
        .and_then(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of version 2, as systemd makes it.
    fn tree(folder: &Path) -> Cgroups {
        for cgroup in [
            "system.slice/a.service",
            "system.slice/b.service/inner",
            "user.slice",
        ] {
            fs::create_dir_all(folder.join(cgroup)).expect("a folder");
        }
        for (cgroup, kills) in [("system.slice", 5), ("system.slice/a.service", 0)] {
            write(folder, cgroup, kills);
        }
        write(folder, "system.slice/b.service", 2);
        Cgroups::at(Some(CgroupMount::made_up(folder)))
    }

    fn write(folder: &Path, cgroup: &str, kills: u64) {
        let content = format!("low 0\nhigh 0\nmax 9\noom 1\noom_kill {kills}\noom_group_kill 0\n");
        fs::write(folder.join(cgroup).join("memory.events.local"), content).expect("a file");
    }

    #[test]
    fn each_process_is_counted_in_the_nearest_cgroup_with_the_controller() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cgroups = tree(folder.path());
        let a = cgroups.id_of(b"0::/system.slice/a.service\n");
        let b = cgroups.id_of(b"1:name=systemd:/x\n0::/system.slice/b.service\n");
        assert!(a.is_some() && b.is_some() && a != b);
        assert_eq!(cgroups.id_of(b"0::/system.slice/b.service/inner\n"), b);
        for unknown in [
            "/user.slice",
            "/none",
            "/../x",
            "/system.slice/a.service (deleted)",
        ] {
            assert_eq!(cgroups.id_of(format!("0::{unknown}\n").as_bytes()), None);
        }
        let read = |cgroups: &mut Cgroups| {
            let mut changed = Vec::new();
            cgroups.read(&mut |id, new| changed.push((Some(id), new)));
            changed
        };
        assert_eq!(read(&mut cgroups), []);
        write(folder.path(), "system.slice/b.service", 4);
        assert_eq!(read(&mut cgroups), [(b, 2)]);
        // It was removed, and another one has its path.
        write(folder.path(), "system.slice/b.service", 1);
        assert_eq!(read(&mut cgroups), [(b, 1)]);
        fs::remove_dir_all(folder.path().join("system.slice/b.service")).expect("its folder");
        assert_eq!(read(&mut cgroups), []);
    }

    #[test]
    fn the_mount_with_the_controller_is_found() {
        const HYBRID: &[u8] = b"\
            30 24 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n\
            31 24 0:27 / /sys/fs/cgroup/pids rw shared:5 - cgroup cgroup rw,pids\n\
            32 24 0:28 / /sys/fs/cgroup/memory rw shared:6 master:1 - cgroup cgroup rw,memory\n";
        let mount = CgroupMount::find(HYBRID).expect("one");
        assert!(mount.is_v1 && mount.point == Path::new("/sys/fs/cgroup/memory"));
        let content = b"5:pids:/a\n4:cpu,memory:/b:c\n0::/d\n";
        assert_eq!(mount.path_in(content), Some(&b"/b:c"[..]));
        let unified = b"30 24 0:26 /part /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let mount = CgroupMount::find(unified).expect("one");
        assert!(!mount.is_v1 && mount.root == b"/part");
        assert_eq!(mount.path_in(content), Some(&b"/d"[..]));
        assert_eq!(
            CgroupMount::find(b"1 2 0:3 / / rw - ext4 /dev/vda rw\n"),
            None
        );
    }
}

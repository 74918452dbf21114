//! Whether the user database that this process reads is that of the processes it lists.
//!
//! Names come from files such as `/etc/passwd`, and so from the root directory of this process. In a
//! container that has the pids of its host (`hostPID: true`, `--pid=host`) these are other files
//! than those of the host.

use crate::source::linux::proc::procfs::{Procfs, Unread};

use super::cgroup_paths::Cgroup;

/// The file that is compared: with a directory on the network there is one too.
const PASSWD: &str = "/etc/passwd";

/// Files that docker and podman put into their containers.
const MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// The first namespaces of a host: include/uapi/linux/nsfs.h.
const FIRST_PID_NAMESPACE: &[u8] = b"pid:[4026531836]";
const FIRST_USER_NAMESPACE: &[u8] = b"user:[4026531837]";

/// The first mount namespace: fixed since Linux 6.18. Before, it is the first or second that gets a
/// number at boot, and the numbers after it are never free (proc_alloc_inum in fs/proc/generic.c).
const FIRST_MOUNT_NAMESPACE: [&[u8]; 3] = [
    b"mnt:[4026531832]",
    b"mnt:[4026531840]",
    b"mnt:[4026531841]",
];

/// Filesystems that are seldom the root of a host, and usually that of a container.
const LAYERED: [&[u8]; 4] = [
    b"overlay",
    b"aufs",
    b"fuse-overlayfs",
    b"fuse.fuse-overlayfs",
];

const MAX_FILE_LEN: usize = 1 << 20;

/// Returns whether the users of this process are those of the processes in `/proc`, as far as that
/// can be found out. Its pids are those of this process.
///
/// Process 1 stands for them.
pub(in crate::source) fn is_shared(procfs: &Procfs) -> bool {
    let evidence = Evidence::of(procfs);
    let is_shared = evidence.is_shared();
    if !is_shared {
        log::info!(
            "names of users are unknown: this process has another user database than process 1"
        );
    }
    is_shared
}

/// What shows whether process 1 has the same files.
#[derive(Debug, Clone, Copy)]
struct Evidence {
    /// Its `/etc/passwd` is ours. `None`: that takes the rights of ptrace(2).
    has_same_file: Option<bool>,
    /// Its control group is of the same container as ours, or neither is of one. `None` if unknown.
    is_in_same_container: Option<bool>,
    /// Our pids are those of the host.
    has_pids_of_host: bool,
    /// Our user ids are those of the host.
    has_ids_of_host: bool,
    /// Our mount namespace is that of the host.
    has_mounts_of_host: bool,
    root: Root,
}

/// The kind of our root directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Usual,
    /// As containers have it: with one of their marks, or of layers.
    OfContainer,
    /// Not the root of a filesystem, after chroot(2).
    Changed,
}

impl Evidence {
    fn of(procfs: &Procfs) -> Self {
        let is_link = |name, expected: &[u8]| procfs.link(name).is_some_and(|is| is == expected);
        let mounts = procfs.link(c"self/ns/mnt").unwrap_or_default();
        Self {
            has_same_file: has_same_file(procfs),
            is_in_same_container: is_in_same_container(
                &content(procfs, c"1/cgroup"),
                &content(procfs, c"self/cgroup"),
            ),
            has_pids_of_host: is_link(c"self/ns/pid", FIRST_PID_NAMESPACE),
            has_ids_of_host: is_link(c"self/ns/user", FIRST_USER_NAMESPACE),
            has_mounts_of_host: FIRST_MOUNT_NAMESPACE.contains(&&*mounts),
            root: root(
                &content(procfs, c"self/mountinfo"),
                MARKS.iter().any(|mark| std::path::Path::new(mark).exists()),
            ),
        }
    }

    /// Decides. A service of an ordinary host has a mount namespace of its own too
    /// (`PrivateTmp=` of systemd), so that alone proves nothing.
    fn is_shared(&self) -> bool {
        if let Some(has_same_file) = self.has_same_file {
            return has_same_file;
        }
        if self.is_in_same_container == Some(false) || self.root == Root::Changed {
            return false;
        }
        // In a pid namespace of its own, process 1 is that of the container.
        !self.has_pids_of_host
            || self.has_ids_of_host && (self.has_mounts_of_host || self.root == Root::Usual)
    }
}

/// Compares `/etc/passwd` of process 1 with ours; where neither has one, the root directories.
fn has_same_file(procfs: &Procfs) -> Option<bool> {
    let ids = |theirs, ours| {
        let theirs = match procfs.file_id(theirs) {
            Err(Unread::Gone) => None,
            Err(_) => return Err(()),
            Ok(id) => Some(id),
        };
        Ok((theirs, procfs.file_id(ours).ok()))
    };
    match ids("1/root/etc/passwd", PASSWD).ok()? {
        (None, None) => ids("1/root", "/").ok().map(|(theirs, ours)| theirs == ours),
        (theirs, ours) => Some(theirs == ours),
    }
}

/// Compares the control groups of process 1 and ours.
///
/// In a cgroup namespace of our own, what is outside begins with `/..` (cgroup_namespaces(7)).
fn is_in_same_container(theirs: &[u8], ours: &[u8]) -> Option<bool> {
    let theirs = Cgroup::parse(theirs)?;
    let ours = Cgroup::parse(ours)?;
    Some(!theirs.path().starts_with(b"/..") && theirs.container() == ours.container())
}

/// Finds the kind of our root directory in `mountinfo` (proc_pid_mountinfo(5)).
fn root(mountinfo: &[u8], has_mark: bool) -> Root {
    let lines = mountinfo.split(|&byte| byte == b'\n');
    let mut kinds = lines.filter_map(|line| {
        let mut fields = line.split(|&byte| byte == b' ');
        if fields.nth(4)? != b"/" {
            return None;
        }
        fields.find(|field| *field == b"-")?;
        fields.next()
    });
    // The last one lies over the others.
    match kinds.next_back() {
        _ if mountinfo.is_empty() && !has_mark => Root::Usual,
        None if !mountinfo.is_empty() => Root::Changed,
        Some(kind) if !has_mark && !LAYERED.contains(&kind) => Root::Usual,
        _ => Root::OfContainer,
    }
}

fn content(procfs: &Procfs, name: &std::ffi::CStr) -> Vec<u8> {
    let mut content = Vec::new();
    match procfs.read_long(name, MAX_FILE_LEN, &mut content) {
        Ok(()) => content,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// An unprivileged user of an ordinary host.
    const USUAL: Evidence = Evidence {
        has_same_file: None,
        is_in_same_container: Some(true),
        has_pids_of_host: true,
        has_ids_of_host: true,
        has_mounts_of_host: true,
        root: Root::Usual,
    };

    #[test]
    fn a_user_without_rights_has_names_on_an_ordinary_host() {
        assert!(USUAL.is_shared());
        // A service of systemd with mounts of its own.
        let has_mounts_of_host = false;
        let service = Evidence {
            has_mounts_of_host,
            ..USUAL
        };
        assert!(service.is_shared());
        // A host whose root is of layers, or that was made from the image of a container.
        let root = Root::OfContainer;
        assert!(Evidence { root, ..USUAL }.is_shared());
        // A hidden process 1 (`hidepid`).
        let is_in_same_container = None;
        let hidden = Evidence {
            is_in_same_container,
            ..USUAL
        };
        assert!(hidden.is_shared());
        // A container with processes of its own, and a user in it.
        let container = Evidence {
            has_pids_of_host: false,
            has_ids_of_host: false,
            has_mounts_of_host: false,
            root,
            ..USUAL
        };
        assert!(container.is_shared());
    }

    #[test]
    fn a_container_with_the_pids_of_its_host_has_no_names() {
        let container = Evidence {
            has_mounts_of_host: false,
            ..USUAL
        };
        for foreign in [
            // Their control groups differ.
            Evidence {
                is_in_same_container: Some(false),
                ..container
            },
            // Nothing but its root does.
            Evidence {
                root: Root::OfContainer,
                ..container
            },
            Evidence {
                root: Root::Changed,
                ..USUAL
            },
            // Without root's rights outside.
            Evidence {
                has_ids_of_host: false,
                ..container
            },
            // A sidecar that shares the pids of its pod.
            Evidence {
                is_in_same_container: Some(false),
                has_pids_of_host: false,
                ..container
            },
        ] {
            assert!(!foreign.is_shared(), "{foreign:?}");
            // The host's file may be mounted in it.
            let has_same_file = Some(true);
            let mounted = Evidence {
                has_same_file,
                ..foreign
            };
            assert!(mounted.is_shared());
        }
        let has_same_file = Some(false);
        let foreign = Evidence {
            has_same_file,
            ..USUAL
        };
        assert!(!foreign.is_shared());
    }

    #[test]
    fn control_groups_show_whether_process_1_is_in_the_same_container() {
        let same = |theirs: &str, ours: &str| {
            let fill = |text: &str| text.replace("ID", ID).into_bytes();
            is_in_same_container(&fill(theirs), &fill(ours))
        };
        for (theirs, ours, expected) in [
            ("0::/init.scope\n", "0::/user.slice/x.scope\n", Some(true)),
            ("0::/init.scope\n", "0::/docker/ID\n", Some(false)),
            ("0::/docker/ID\n", "0::/docker/ID/x\n", Some(true)),
            // A cgroup namespace of its own, with and without its own process 1.
            ("0::/../../init.scope\n", "0::/\n", Some(false)),
            ("0::/\n", "0::/x\n", Some(true)),
            // docker with cgroupfs, where both versions are used.
            (
                "1:name=systemd:/init.scope\n0::/init.scope\n",
                "1:name=systemd:/docker/ID\n0::/system.slice/containerd.service\n",
                Some(false),
            ),
            ("", "0::/docker/ID\n", None),
        ] {
            assert_eq!(same(theirs, ours), expected, "{theirs} {ours}");
        }
    }

    #[test]
    fn the_root_of_a_container_is_recognised() {
        let line = |place: &str, kind: &str| {
            format!("27 1 0:24 / {place} rw,relatime shared:1 - {kind} none rw\n")
        };
        let host = line("/", "rootfs") + &line("/proc", "proc") + &line("/", "ext4");
        assert_eq!(root(host.as_bytes(), false), Root::Usual);
        assert_eq!(root(host.as_bytes(), true), Root::OfContainer);
        let layers = line("/", "ext4") + &line("/", "overlay");
        assert_eq!(root(layers.as_bytes(), false), Root::OfContainer);
        let mounted = line("/", "ext4") + &line("/mnt", "overlay");
        assert_eq!(root(mounted.as_bytes(), false), Root::Usual);
        assert_eq!(root(line("/proc", "proc").as_bytes(), false), Root::Changed);
        assert_eq!(root(b"", false), Root::Usual);
        assert_eq!(root(b"", true), Root::OfContainer);
    }

    #[test]
    fn a_file_is_compared_with_itself() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let ours = procfs.file_id("self/root").expect("it is ours");
        assert_eq!(procfs.file_id("/"), Ok(ours));
        assert_ne!(procfs.file_id("/proc"), Ok(ours));
    }
}

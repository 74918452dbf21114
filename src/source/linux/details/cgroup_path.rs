//! The path of a control group in `/proc/PID/cgroup` (cgroups(7)).

use super::container_id::{container_id, pod_uid};

/// The shortest id of a container or pod. Most paths are shorter, and need no search.
const MIN_ID_LEN: usize = 32;

/// The path that describes a process best, and whether all processes of the host have only that of
/// version 2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen<'a> {
    pub(super) path: &'a [u8],
    pub(super) is_only: bool,
}

/// Chooses among the hierarchies: one with a container or pod, then version 2, then systemd's, then
/// memory, then the first.
///
/// With both versions, a container runtime without systemd creates groups of version 1 alone, and
/// the containers stay in its own group of version 2. A path of `/` only counts if all are. `None`
/// without any line.
pub(super) fn choose(content: &[u8]) -> Option<Chosen<'_>> {
    let lines = || content.split(|&byte| byte == b'\n').filter_map(parse);
    let rank = |controllers: &[u8]| match controllers {
        b"" => 0,
        b"name=systemd" => 1,
        _ if controllers
            .split(|&byte| byte == b',')
            .any(|of| of == b"memory") =>
        {
            2
        }
        _ => 3,
    };
    let best = lines().min_by_key(|(controllers, path)| {
        let can_have_id = path.len() > MIN_ID_LEN;
        let has_container =
            can_have_id && (container_id(path).is_some() || pod_uid(path).is_some());
        (!has_container, *path == b"/", rank(controllers))
    });
    let (_, path) = best?;
    Some(Chosen {
        path,
        is_only: lines().all(|(controllers, _)| controllers.is_empty()),
    })
}

/// Parses `HIERARCHY:CONTROLLERS:PATH`. The path can contain anything but a newline.
fn parse(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = line.splitn(3, |&byte| byte == b':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    path.starts_with(b"/").then_some((controllers, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_that_says_most_is_chosen() {
        for (content, path, is_only) in [
            (
                "0::/system.slice/a.service\n",
                "/system.slice/a.service",
                true,
            ),
            ("0::/a:b\n", "/a:b", true),
            ("0::/\n", "/", true),
            ("3:memory:/m\n1:name=systemd:/s\n0::/v2\n", "/v2", false),
            ("3:memory:/m\n1:name=systemd:/s\n0::/\n", "/s", false),
            (
                "9:cpu:/c\n3:cpuset,memory:/m\n1:name=systemd:/\n0::/\n",
                "/m",
                false,
            ),
            ("9:cpu:/x\n8:pids:/y\n", "/x", false),
            ("9:cpu:/\n8:pids:/\n", "/", false),
            ("no line\n0::/../other\n", "/../other", true),
        ] {
            let chosen = choose(content.as_bytes()).expect(content);
            let path = path.as_bytes();
            assert_eq!(chosen, Chosen { path, is_only }, "{content}");
        }
        for content in ["", "\n", "0::", "::x"] {
            assert_eq!(choose(content.as_bytes()), None, "{content}");
        }
    }

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
    const UID_: &str = "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9";

    /// The forms are those of hosts with both versions, as users have published them.
    #[test]
    fn a_container_of_a_host_with_both_versions_is_found() {
        for (content, path) in [
            // docker 19.03 with the driver cgroupfs: Ubuntu 20.04.
            (
                "12:pids:/docker/ID\n11:net_cls,net_prio:/docker/ID\n10:memory:/docker/ID\n\
                 8:cpu,cpuacct:/docker/ID\n3:rdma:/\n2:cpuset:/docker/ID\n\
                 1:name=systemd:/docker/ID\n0::/system.slice/containerd.service\n",
                "/docker/ID",
            ),
            // docker with the driver systemd: a group in each hierarchy.
            (
                "12:memory:/system.slice/docker-ID.scope\n3:rdma:/\n\
                 1:name=systemd:/system.slice/docker-ID.scope\n0::/system.slice/docker-ID.scope\n",
                "/system.slice/docker-ID.scope",
            ),
            // Kubernetes with containerd, driver cgroupfs.
            (
                "12:hugetlb:/kubepods/burstable/podUID/ID\n5:memory:/kubepods/burstable/podUID/ID\n\
                 2:rdma:/\n1:name=systemd:/kubepods/burstable/podUID/ID\n\
                 0::/system.slice/containerd.service\n",
                "/kubepods/burstable/podUID/ID",
            ),
            // Kubernetes with docker, driver cgroupfs.
            (
                "11:memory:/kubepods/besteffort/podUID/ID\n\
                 1:name=systemd:/kubepods/besteffort/podUID/ID\n0::/system.slice/dockerd.service\n",
                "/kubepods/besteffort/podUID/ID",
            ),
            // Kubernetes with containerd, driver systemd.
            (
                "4:freezer:/kubepods.slice/kubepods-podU_ID.slice/cri-containerd-ID.scope\n2:misc:/\n\
                 1:name=systemd:/kubepods.slice/kubepods-podU_ID.slice/cri-containerd-ID.scope\n0::/\n",
                "/kubepods.slice/kubepods-podU_ID.slice/cri-containerd-ID.scope",
            ),
            // CRI-O, with cgroupfs and with systemd.
            (
                "9:memory:/kubepods/podUID/crio-ID\n1:name=systemd:/kubepods/podUID/crio-ID\n\
                 0::/system.slice/crio.service\n",
                "/kubepods/podUID/crio-ID",
            ),
            (
                "9:memory:/kubepods.slice/kubepods-podU_ID.slice/crio-ID.scope\n\
                 1:name=systemd:/kubepods.slice/kubepods-podU_ID.slice/crio-ID.scope\n0::/\n",
                "/kubepods.slice/kubepods-podU_ID.slice/crio-ID.scope",
            ),
            // podman of root, with systemd and with cgroupfs from a login.
            (
                "10:memory:/machine.slice/libpod-ID.scope\n5:rdma:/\n\
                 1:name=systemd:/machine.slice/libpod-ID.scope\n0::/machine.slice/libpod-ID.scope\n",
                "/machine.slice/libpod-ID.scope",
            ),
            (
                "10:memory:/libpod_parent/libpod-ID\n1:name=systemd:/libpod_parent/libpod-ID\n\
                 0::/user.slice/user-0.slice/session-3.scope\n",
                "/libpod_parent/libpod-ID",
            ),
        ] {
            let fill = |text: &str| {
                let text = text.replace("U_ID", UID_).replace("UID", UID);
                text.replace("ID", ID)
            };
            let (content, path) = (fill(content), fill(path));
            let chosen = choose(content.as_bytes()).expect(&content);
            assert_eq!(chosen.path.escape_ascii().to_string(), path, "{content}");
            assert!(!chosen.is_only);
            assert_eq!(
                container_id(chosen.path).map(|at| &chosen.path[at]),
                Some(ID.as_bytes())
            );
            let has_pod = content.contains("kubepods");
            assert_eq!(pod_uid(chosen.path).is_some(), has_pod, "{content}");
        }
        // The monitor of a container is not in it.
        let monitor = format!(
            "9:memory:/machine.slice/libpod-conmon-{ID}.scope\n0::/system.slice/crio.service\n"
        );
        let chosen = choose(monitor.as_bytes()).expect("a line");
        assert_eq!(chosen.path, b"/system.slice/crio.service");
    }
}

//! Container and pod of a process, from the path of its control group.

use std::ops::Range;

/// Length of the ids of docker, containerd, CRI-O and podman.
const ID_LEN: usize = 64;

/// Returns where the id of the innermost container is in a path.
///
/// Runtimes name the group `ID`, `RUNTIME-ID.scope` or `SLICE:RUNTIME:ID`. Amazon's
/// `ecs/TASK/ID-NUMBER` has shorter ids. The monitor of a container, `conmon`, is not in it.
pub(super) fn container_id(path: &[u8]) -> Option<Range<usize>> {
    segments(path).rev().find_map(|(begin, segment)| {
        if is_fargate(path, begin) && is_fargate_id(segment) {
            return Some(begin..begin + segment.len());
        }
        let name = segment.strip_suffix(b".scope").unwrap_or(segment);
        let id_begin = name.len().checked_sub(ID_LEN)?;
        let (before, id) = name.split_at(id_begin);
        let is_separate = matches!(before.last(), None | Some(b'-' | b':'));
        let is_monitor = before.windows(6).any(|word| word == b"conmon");
        let is_id = is_separate && !is_monitor && id.iter().all(is_hex);
        is_id.then(|| begin + id_begin..begin + name.len())
    })
}

/// Returns the uid of the Kubernetes pod in a path.
///
/// Groups are named `podUID`, or `kubepods-QOS-podUID.slice` with `_` in place of `-`.
pub(super) fn pod_uid(path: &[u8]) -> Option<String> {
    segments(path).rev().find_map(|(_, segment)| {
        let segment = segment
            .split(|&byte| byte == b':')
            .next()
            .unwrap_or(segment);
        let name = segment.strip_suffix(b".slice").unwrap_or(segment);
        let uid = match name.strip_prefix(b"kubepods-") {
            Some(name) => {
                let name = name.strip_prefix(b"besteffort-").unwrap_or(name);
                let name = name.strip_prefix(b"burstable-").unwrap_or(name);
                name.strip_prefix(b"pod")
            }
            None => name.strip_prefix(b"pod"),
        }?;
        let uid: String = uid.iter().map(|&byte| char::from(byte)).collect();
        let uid = uid.replace('_', "-");
        is_uid(&uid).then_some(uid)
    })
}

fn segments(path: &[u8]) -> impl DoubleEndedIterator<Item = (usize, &[u8])> {
    path.split(|&byte| byte == b'/').map(|segment| {
        let begin = segment.as_ptr() as usize - path.as_ptr() as usize;
        (begin, segment)
    })
}

fn is_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Returns whether what begins there is below a task of Amazon's ECS.
fn is_fargate(path: &[u8], begin: usize) -> bool {
    path[..begin].windows(5).any(|part| part == b"/ecs/")
}

/// Returns whether it is the id of a task and the number of a container: `HEX-DIGITS`.
fn is_fargate_id(segment: &[u8]) -> bool {
    let (task, rest) = segment.split_at(segment.len().min(32));
    task.len() == 32
        && task.iter().all(is_hex)
        && matches!(rest, [b'-', number @ ..] if !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// Returns whether it is a UUID, or 32 digits, as static pods have.
fn is_uid(uid: &str) -> bool {
    let lens: Vec<usize> = uid.split('-').map(str::len).collect();
    matches!(lens[..], [8, 4, 4, 4, 12] | [32])
        && uid.bytes().all(|byte| byte == b'-' || is_hex(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
    const UID_: &str = "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9";

    fn found(path: &str) -> (Option<&str>, Option<String>) {
        let id = container_id(path.as_bytes()).map(|range| &path[range]);
        (id, pod_uid(path.as_bytes()))
    }

    #[test]
    fn containers_of_each_runtime_are_found() {
        for path in [
            // docker: cgroupfs and systemd, nested, and v1 in a parent group.
            "/docker/ID",
            "/system.slice/docker-ID.scope",
            "/system.slice/docker-ID.scope/init.scope",
            "/docker/outer/docker/ID/system.slice/a.service",
            "/ci/runner/docker/ID",
            // containerd, without and with nerdctl.
            "/default/ID",
            "/system.slice/nerdctl-ID.scope",
            // podman, as root and as a user.
            "/machine.slice/libpod-ID.scope",
            "/machine.slice/libpod-ID.scope/container",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
            "/libpod_parent/libpod-ID",
            // Outside of our own cgroup namespace.
            "/../../docker/ID",
        ] {
            let path = path.replace("ID", ID);
            assert_eq!(found(&path), (Some(ID), None), "{path}");
        }
    }

    #[test]
    fn pods_of_kubernetes_are_found_with_their_containers() {
        for path in [
            "/kubepods/besteffort/podUID/ID",
            "/kubepods/podUID/ID",
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podU_ID.slice/cri-containerd-ID.scope",
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_ID.slice/crio-ID.scope",
            "/kubepods.slice/kubepods-podU_ID.slice/docker-ID.scope",
            "/system.slice/containerd.service/kubepods-besteffort-podU_ID.slice:cri-containerd:ID",
            "/kubelet.slice/kubelet-kubepods.slice/podUID/ID",
        ] {
            let path = path
                .replace("U_ID", UID_)
                .replace("UID", UID)
                .replace("ID", ID);
            assert_eq!(found(&path), (Some(ID), Some(UID.into())), "{path}");
        }
        let digits = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let path = format!("/kubepods/burstable/pod{digits}/{ID}");
        assert_eq!(found(&path), (Some(ID), Some(digits.into())));
    }

    #[test]
    fn tasks_of_amazon_have_ids_of_their_own() {
        let task = &ID[..32];
        let path = format!("/ecs/{task}/{task}-1234567890");
        let id = format!("{task}-1234567890");
        assert_eq!(found(&path).0, Some(&*id));
        let path = format!("/ecs/{task}/{ID}");
        assert_eq!(found(&path).0, Some(ID));
    }

    #[test]
    fn what_is_no_container_has_none() {
        for path in [
            "",
            "/",
            "/init.scope",
            "/user.slice/user-1000.slice/session-3.scope",
            "/system.slice/ssh.service",
            "/machine.slice/libpod-conmon-ID.scope",
            "/kubepods.slice/crio-conmon-ID.scope",
            "/docker/ID0",
            "/docker/xID",
            "/docker/ID.service",
            "/docker/0123",
            "/pod",
            "/kubepods/pod0123",
            "/podium/podUIDx",
        ] {
            let path = path.replace("UID", UID).replace("ID", ID);
            assert_eq!(found(&path), (None, None), "{path}");
        }
        let upper = format!("/docker/{}", ID.to_uppercase());
        assert_eq!(found(&upper), (None, None));
        assert_eq!(container_id(b"/\xff/docker-\xff.scope"), None);
        assert_eq!(pod_uid(b"/pod\xff"), None);
    }
}

//! The unit of systemd that a process belongs to.

use std::ops::Range;

/// The kinds of units that have processes of their own.
const KINDS: [&[u8]; 5] = [b".service", b".scope", b".socket", b".mount", b".swap"];

/// Returns where the unit of the system manager is in the path of a control group.
///
/// As in sd_pid_get_unit(3), it is the first part that is no slice. Of a unit of a user's own
/// manager it is that manager, such as `user@1000.service`.
pub(super) fn systemd_unit(path: &[u8]) -> Option<Range<usize>> {
    let mut begin = 1;
    for segment in path.strip_prefix(b"/")?.split(|&byte| byte == b'/') {
        let end = begin + segment.len();
        if !segment.ends_with(b".slice") {
            // Names that could be taken for a file of the control group begin with it.
            let begin = begin + usize::from(segment.starts_with(b"_"));
            let name = &path[begin..end];
            return is_unit(name).then_some(begin..end);
        }
        begin = end + 1;
    }
    None
}

/// Returns whether systemd has units with this name, as systemd.unit(5) describes them: of a
/// template, such as `a@.service`, there are only instances.
fn is_unit(name: &[u8]) -> bool {
    let Some(prefix) = KINDS.iter().find_map(|kind| name.strip_suffix(*kind)) else {
        return false;
    };
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(byte);
    let is_whole = match prefix.iter().position(|&byte| byte == b'@') {
        Some(at) => at > 0 && at + 1 < prefix.len(),
        None => !prefix.is_empty(),
    };
    is_whole && prefix.iter().all(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_first_part_that_is_no_slice() {
        for (path, expected) in [
            ("/system.slice/ssh.service", Some("ssh.service")),
            (
                "/system.slice/a.slice/b@1.service/c.scope",
                Some("b@1.service"),
            ),
            ("/init.scope", Some("init.scope")),
            (
                "/user.slice/user-1000.slice/session-3.scope",
                Some("session-3.scope"),
            ),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
                Some("user@1000.service"),
            ),
            ("/system.slice/_cgroup.service", Some("cgroup.service")),
            ("/system.slice/docker-0123.scope", Some("docker-0123.scope")),
            ("/a\\x2db@c@d:_.service", Some("a\\x2db@c@d:_.service")),
            ("/system.slice/a@.service", None),
            ("/system.slice/@b.service", None),
            ("/system.slice/a b.service", None),
            ("/system.slice/\u{fc}.service", None),
            ("/user.slice", None),
            ("/docker/0123", None),
            ("/system.slice/.service", None),
            ("/", None),
            ("", None),
            ("/../../x.service", None),
        ] {
            let found = systemd_unit(path.as_bytes()).map(|range| &path[range]);
            assert_eq!(found, expected, "{path}");
        }
    }
}

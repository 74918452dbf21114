//! The path of a control group in `/proc/PID/cgroup` (cgroups(7)).

/// The path that describes a process best, and whether all processes of the host have only that of
/// version 2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen<'a> {
    pub(super) path: &'a [u8],
    pub(super) is_only: bool,
}

/// Chooses among the hierarchies: version 2, then systemd's, then memory, then the first.
///
/// A path of `/` says nothing, so it only counts if all are. `None` without any line.
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
    let best = lines().min_by_key(|(controllers, path)| (*path == b"/", rank(controllers)));
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
            ("9:cpu:/docker/x\n8:pids:/docker/y\n", "/docker/x", false),
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
}

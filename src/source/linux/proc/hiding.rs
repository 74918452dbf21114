//! Whether a mount of proc(5) hides the processes of others.

use std::os::fd::AsRawFd;

use super::procfs::Procfs;

const MAX_LEN: usize = 1 << 20;

impl Procfs {
    /// Returns whether it was mounted with `hidepid` (proc(5)). If that cannot be found out, it was not.
    ///
    /// `/proc/self/fdinfo` has the number of its mount, and `/proc/self/mountinfo` the options of that.
    pub(in crate::source) fn hides(&self) -> bool {
        let mut fdinfo = Vec::new();
        let mut mounts = Vec::new();
        let path = format!("self/fdinfo/{}\0", self.dir.as_raw_fd());
        let Ok(path) = std::ffi::CString::from_vec_with_nul(path.into_bytes()) else {
            return false;
        };
        let are_read = self.read_long(&path, MAX_LEN, &mut fdinfo).is_ok()
            && self
                .read_long(c"self/mountinfo", MAX_LEN, &mut mounts)
                .is_ok();
        are_read
            && hides(
                &String::from_utf8_lossy(&fdinfo),
                &String::from_utf8_lossy(&mounts),
            )
    }
}

fn hides(fdinfo: &str, mountinfo: &str) -> bool {
    let number = fdinfo.lines().find_map(|line| line.strip_prefix("mnt_id:"));
    let mount = number.and_then(|number| {
        let is_it = |line: &&str| line.split(' ').next() == Some(number.trim());
        mountinfo.lines().find(is_it)
    });
    let options = mount.and_then(|mount| mount.rsplit(' ').next());
    let options = options.into_iter().flat_map(|options| options.split(','));
    options
        .filter_map(|option| option.strip_prefix("hidepid="))
        .any(|value| !matches!(value, "0" | "off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_its_own_mount_count() {
        let mounts = "22 1 0:5 / /proc rw,nosuid shared:2 - proc proc rw,hidepid=invisible\n\
            23 1 0:6 / /other rw - proc proc rw\n24 1 0:7 / /off rw - proc proc rw,hidepid=off\n";
        let of = |number| {
            hides(
                &format!("pos:\t0\nflags:\t02\nmnt_id:\t{number}\nino:\t1\n"),
                mounts,
            )
        };
        assert_eq!([22, 23, 24, 25].map(of), [true, false, false, false]);
        assert!(!hides("", mounts) && !hides("mnt_id:\t22\n", ""));
    }
}

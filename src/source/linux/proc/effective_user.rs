//! The effective user of a process, without a pidfd.

use super::process_files::Place;
use super::procfs::{Procfs, Unread};
use super::stat::number;

/// Longest `status` that is read, in bytes.
const MAX_STATUS_LEN: usize = 1 << 16;

impl Procfs {
    /// Returns the effective user of a process. `content` is a buffer.
    ///
    /// The folder belongs to it, or to root if the process may not be read (PR_SET_DUMPABLE of
    /// prctl(2)). A kernel thread is always root's.
    pub(in crate::source::linux) fn effective_user(
        &self,
        pid: u32,
        is_kernel_thread: bool,
        content: &mut Vec<u8>,
    ) -> Result<u32, Unread> {
        let owner = self.folder_owner(pid)?;
        if owner != 0 || is_kernel_thread {
            return Ok(owner);
        }
        let thread = None;
        let place = Place { pid, thread };
        let status = self.read_whole_of(place, "status", MAX_STATUS_LEN, content)?;
        effective_user_in(status).ok_or(Unread::NotAFile)
    }
}

/// Parses the second number of the line `Uid` in `status` (proc_pid_status(5)).
fn effective_user_in(status: &[u8]) -> Option<u32> {
    let mut lines = status.split(|&byte| byte == b'\n');
    let ids = lines.find_map(|line| line.strip_prefix(b"Uid:"))?;
    let ids = ids.split(|byte| byte.is_ascii_whitespace());
    let euid = ids.filter(|id| !id.is_empty()).nth(1)?;
    u32::try_from(number(euid)?).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn it_is_ours_of_our_own_process() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let own = procfs.effective_user(std::process::id(), false, &mut Vec::new());
        assert_eq!(own, Ok(rustix::process::geteuid().as_raw()));
        let gone = procfs.effective_user(1 << 23, false, &mut Vec::new());
        assert_eq!(gone, Err(Unread::Gone));
    }

    #[test]
    fn it_is_the_second_of_the_line() {
        let status = b"Name:\tUid:\\n9 9\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n";
        assert_eq!(effective_user_in(status), Some(2));
        for malformed in [
            &b""[..],
            b"Uid:\t1\n",
            b"Uid:\t1\tx\n",
            b"Uid: 1 4294967296\n",
        ] {
            assert_eq!(
                effective_user_in(malformed),
                None,
                "{}",
                malformed.escape_ascii()
            );
        }
    }
}

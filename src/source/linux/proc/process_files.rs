//! Files of a process, or of the living thread that stands for it.

use std::ffi::CStr;
use std::io::Write;
use std::mem::MaybeUninit;

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, openat, readlinkat_raw, statat};

use super::procfs::{PATH_LEN, Procfs, Unread, path_of, read_at, read_long_at};
use super::stat::number;

/// A process, and where its files are if its first thread has ended while others live: that has no
/// open files any more, and no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Place {
    pub(in crate::source) pid: u32,
    pub(in crate::source) thread: Option<u32>,
}

/// Space for `PID/task/TID/NAME`, with its NUL.
const LONG_PATH_LEN: usize = 48;

impl Place {
    fn path<'a>(self, name: &str, path: &'a mut [u8; LONG_PATH_LEN]) -> &'a CStr {
        let Some(tid) = self.thread else {
            let (short, _) = path
                .split_first_chunk_mut::<PATH_LEN>()
                .expect("BUG: the space for a short path is in that for a long one");
            return path_of("", self.pid, name, short);
        };
        let pid = self.pid;
        let room = path.len();
        let mut rest = &mut path[..];
        write!(rest, "{pid}/task/{tid}/{name}\0").expect("BUG: the path is too long");
        let len = room - rest.len();
        CStr::from_bytes_with_nul(&path[..len]).expect("BUG: one NUL was put, at the end")
    }
}

impl Procfs {
    /// Opens it once more, for another thread.
    pub(in crate::source) fn share(&self) -> Result<Self, Unread> {
        let dir = self.dir.try_clone().map_err(|_| Unread::Failed)?;
        Ok(Self { dir })
    }

    /// Reads a file to its end, with one call if the buffer is long enough. If that fails, `content`
    /// is empty.
    pub(in crate::source) fn read_whole_of<'a>(
        &self,
        place: Place,
        name: &str,
        max_bytes: usize,
        content: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Unread> {
        const ROOM: usize = 4096;
        let mut path = [0; LONG_PATH_LEN];
        let path = place.path(name, &mut path);
        content.resize(ROOM, 0);
        let read = read_at(&self.dir, path, content).map(|read| read.len());
        content.truncate(*read.as_ref().unwrap_or(&0));
        if read? == ROOM
            && let Err(unread) = read_long_at(&self.dir, path, max_bytes, content)
        {
            content.clear();
            return Err(unread);
        }
        Ok(content)
    }

    /// Reads where a link leads, up to the longest path of Linux.
    pub(in crate::source) fn link_of<'a>(
        &self,
        place: Place,
        name: &str,
        target: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Unread> {
        let mut path = [0; LONG_PATH_LEN];
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        let (link, _) = readlinkat_raw(&self.dir, place.path(name, &mut path), &mut buffer)?;
        target.clear();
        target.extend_from_slice(link);
        Ok(target)
    }

    /// Returns the user that a process's folder belongs to.
    pub(in crate::source) fn folder_owner(&self, pid: u32) -> Result<u32, Unread> {
        let mut path = [0; PATH_LEN];
        let path = path_of("", pid, "", &mut path);
        Ok(statat(&self.dir, path, AtFlags::SYMLINK_NOFOLLOW)?.st_uid)
    }

    /// Returns device and inode of a file, below this folder or by its whole path. Links are
    /// followed.
    pub(in crate::source) fn file_id(&self, path: &str) -> Result<(u64, u64), Unread> {
        let status = statat(&self.dir, path, AtFlags::empty())?;
        Ok((status.st_dev, status.st_ino))
    }

    /// Returns whether the size of a folder `fd` is the number of its entries (Linux 6.2).
    pub(in crate::source) fn counts_open_files(&self) -> bool {
        // The folder of /proc itself is open.
        let own = || statat(&self.dir, c"self/fd", AtFlags::empty());
        self.is_mounted() && own().is_ok_and(|folder| folder.st_size > 0)
    }

    /// Returns the number of open files. `is_size`: it is the size of their folder.
    pub(in crate::source) fn open_files_of(
        &self,
        place: Place,
        is_size: bool,
    ) -> Result<u64, Unread> {
        let mut path = [0; LONG_PATH_LEN];
        let path = place.path("fd", &mut path);
        if is_size {
            let status = statat(&self.dir, path, AtFlags::SYMLINK_NOFOLLOW)?;
            return u64::try_from(status.st_size).map_err(|_| Unread::Failed);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(&self.dir, path, flags, Mode::empty())?;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut entries = RawDir::new(&dir, &mut buffer);
        let mut count = 0;
        while let Some(entry) = entries.next() {
            count += u64::from(number(entry?.file_name().to_bytes()).is_some());
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use rustix::fs::mkdirat;

    use super::*;

    #[test]
    fn paths_of_all_pids_and_threads_fit() {
        let mut path = [0; LONG_PATH_LEN];
        let (pid, mut thread) = (u32::MAX, None);
        let place = Place { pid, thread };
        assert_eq!(
            place.path("smaps_rollup", &mut path),
            c"4294967295/smaps_rollup"
        );
        thread = Some(u32::MAX);
        let place = Place { pid, thread };
        assert_eq!(
            place.path("smaps_rollup", &mut path),
            c"4294967295/task/4294967295/smaps_rollup"
        );
    }

    #[test]
    fn files_of_a_thread_are_those_of_its_process() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let pid = procfs.own_pid().expect("it contains us");
        let (mut one, mut other) = (Vec::new(), Vec::new());
        let first = Place { pid, thread: None };
        let thread = Some(pid);
        let place = Place { pid, thread };
        assert_eq!(
            procfs.link_of(first, "exe", &mut one),
            procfs.link_of(place, "exe", &mut other)
        );
        let fds = procfs.open_files_of(place, procfs.counts_open_files());
        assert!(fds.expect("they are ours") > 0);
        let missing = Place {
            pid,
            thread: Some(1 << 23),
        };
        let read = procfs.read_whole_of(missing, "status", 1 << 16, &mut one);
        assert_eq!(read, Err(Unread::Gone));
        assert!(one.is_empty());
    }

    /// A process that waits for its input until it is dropped.
    struct Idle(Child);

    impl Drop for Idle {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_path_that_is_longer_than_the_kernel_prints_has_a_class_of_its_own() {
        let top = tempfile::tempdir().expect("a folder");
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut folder = rustix::fs::open(top.path(), flags, Mode::empty()).expect("it is ours");
        let name = "x".repeat(250);
        for _ in 0..20 {
            mkdirat(&folder, &*name, Mode::RWXU).expect("it is ours");
            folder = openat(&folder, &*name, flags, Mode::empty()).expect("it is ours");
        }
        // A shorter way to the same file.
        let program = format!("/proc/{}/fd/{}/sh", std::process::id(), folder.as_raw_fd());
        std::fs::copy("/bin/sh", &program).expect("there is a shell");
        let child = Command::new(&program)
            .args(["-c", "read x"])
            .stdin(Stdio::piped())
            .spawn();
        let child = Idle(child.expect("it is a copy of the shell"));
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let place = Place {
            pid: child.0.id(),
            thread: None,
        };
        let link = procfs
            .link_of(place, "exe", &mut Vec::new())
            .map(<[u8]>::len);
        assert_eq!(link, Err(Unread::TooLong));
    }
}

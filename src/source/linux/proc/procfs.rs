//! Lists `/proc`, and opens and reads its files.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, Mode, OFlags, PROC_SUPER_MAGIC, RawDir, fstat, fstatfs, openat, readlinkat_raw, statat,
};
use rustix::io::Errno;

use super::stat::number;
use crate::model::{Error, Result};

/// Where proc(5) usually is.
pub(in crate::source) const USUAL: &str = "/proc";

const ADVICE: &str = "check that /proc is mounted and that file descriptors are available";

const PATH_ADVICE: &str = "set proc_path or --proc to the folder where proc(5) is mounted";

/// Space for the longest path, with its NUL: the folder of the threads, a number, a slash and a file
/// name.
pub(super) const PATH_LEN: usize = 24;

/// A process in the list of `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Listed {
    pub(in crate::source) pid: u32,
    /// Inode of its folder. No two processes have the same, but it can change while a process
    /// lives.
    pub(in crate::source) inode: u64,
}

/// Why a file of a process could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Unread {
    /// The process has exited.
    Gone,
    /// Access was denied.
    Denied,
    /// A folder, a loop of links or the like is in its place, as in a tree recorded elsewhere.
    NotAFile,
    /// The path that it has is longer than the kernel prints.
    TooLong,
    /// Any other error, such as no descriptor left.
    Failed,
}

impl From<Errno> for Unread {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::SRCH => Self::Gone,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::ISDIR | Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::AGAIN => {
                Self::NotAFile
            }
            Errno::NAMETOOLONG => Self::TooLong,
            _ => Self::Failed,
        }
    }
}

/// An open `/proc`, for one scan.
#[derive(Debug)]
pub(in crate::source) struct Procfs {
    pub(super) dir: OwnedFd,
}

impl Procfs {
    pub(in crate::source) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|errno| cannot("open", path, errno))?;
        Ok(Self { dir })
    }

    /// Returns whether it is a mount of proc(5), and not another filesystem that contains such
    /// files.
    pub(in crate::source) fn is_mounted(&self) -> bool {
        fstatfs(&self.dir).is_ok_and(|status| status.f_type == PROC_SUPER_MAGIC)
    }

    /// Lists all processes into `listed`, in order of pid.
    pub(in crate::source) fn list(
        &self,
        path: &Path,
        buffer: &mut [MaybeUninit<u8>],
        listed: &mut Vec<Listed>,
    ) -> Result<()> {
        listed.clear();
        let mut entries = RawDir::new(&self.dir, buffer);
        let mut is_in_order = true;
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| cannot("list the processes in", path, errno))?;
            let Some(pid) = number(entry.file_name().to_bytes()) else {
                continue;
            };
            let Ok(pid) = u32::try_from(pid) else {
                continue;
            };
            is_in_order &= listed.last().is_none_or(|last| last.pid < pid);
            listed.push(Listed {
                pid,
                inode: entry.ino(),
            });
        }
        // The kernel lists them in order (next_tgid in fs/proc/base.c). A filesystem that imitates
        // /proc may not.
        if !is_in_order {
            listed.sort_unstable_by_key(|listed| listed.pid);
            listed.dedup_by_key(|listed| listed.pid);
        }
        Ok(())
    }

    /// Returns our pid in this /proc; `None` if it does not contain us.
    pub(in crate::source) fn own_pid(&self) -> Option<u32> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 16];
        let (link, _) = readlinkat_raw(&self.dir, c"self", &mut buffer).ok()?;
        u32::try_from(number(link)?).ok()
    }

    /// Returns where a link leads, as far as it is short.
    pub(in crate::source) fn link(&self, name: &CStr) -> Option<Vec<u8>> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 64];
        let (link, _) = readlinkat_raw(&self.dir, name, &mut buffer).ok()?;
        Some(link.to_vec())
    }

    /// Reads a file such as `stat` of /proc itself, as far as the buffer reaches.
    pub(in crate::source) fn read<'a>(
        &self,
        name: &CStr,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        read_at(&self.dir, name, buffer)
    }

    /// Does the same, unless a file of another filesystem is mounted over it.
    pub(in crate::source) fn read_own<'a>(
        &self,
        name: &CStr,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        let file = open_at(&self.dir, name)?;
        if fstat(&file)?.st_dev != fstat(&self.dir)?.st_dev {
            return Err(Unread::NotAFile);
        }
        read_whole(&file, buffer)
    }

    /// Reads a file of /proc itself to its end, or up to `max_bytes`.
    pub(in crate::source) fn read_long(
        &self,
        name: &CStr,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        read_long_at(&self.dir, name, max_bytes, content)
    }

    /// Reads a file of a process, as far as the buffer reaches.
    pub(in crate::source) fn read_of<'a>(
        &self,
        pid: u32,
        name: &str,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        read_whole(&self.open_of(pid, name)?, buffer)
    }

    /// Opens a file of a process.
    pub(super) fn open_of(&self, pid: u32, name: &str) -> Result<OwnedFd, Unread> {
        let mut path = [0; PATH_LEN];
        Ok(open_at(&self.dir, path_of("", pid, name, &mut path))?)
    }

    /// Reads a file of a process to its end, or up to `max_bytes`.
    pub(in crate::source) fn read_long_of(
        &self,
        pid: u32,
        name: &str,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        let mut path = [0; PATH_LEN];
        let path = path_of("", pid, name, &mut path);
        read_long_at(&self.dir, path, max_bytes, content)
    }

    /// Reads the command line of whatever process has this pid, up to `max_bytes`.
    pub(in crate::source) fn read_command_of(
        &self,
        pid: u32,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        let file = self.open_of(pid, "cmdline")?;
        // The kernel fills the buffer if it can (get_mm_cmdline in fs/proc/base.c).
        read_until(&file, max_bytes, content, |read, room| read < room)
    }

    /// Returns the inode of a process's folder, as in the list.
    pub(in crate::source) fn inode_of(&self, pid: u32) -> Option<u64> {
        let mut path = [0; PATH_LEN];
        let path = path_of("", pid, "", &mut path);
        let status = statat(&self.dir, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(status.st_ino)
    }

    /// Opens the folder of a process. Its files never become those of another process.
    pub(in crate::source) fn folder(&self, pid: u32) -> Result<Folder, Unread> {
        let mut path = [0; PATH_LEN];
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(
            &self.dir,
            path_of("", pid, "", &mut path),
            flags,
            Mode::empty(),
        )?;
        Ok(Folder { dir })
    }
}

/// The open folder of one process. Once the process has exited, nothing can be read in it, even if
/// its pid is reused.
#[derive(Debug)]
pub(in crate::source) struct Folder {
    dir: OwnedFd,
}

impl Folder {
    /// Reads a file, as far as the buffer reaches.
    pub(in crate::source) fn read<'a>(
        &self,
        name: &CStr,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        read_at(&self.dir, name, buffer)
    }

    /// Reads a file of a thread, as far as the buffer reaches.
    pub(in crate::source) fn read_of_thread<'a>(
        &self,
        tid: u32,
        name: &str,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        let mut path = [0; PATH_LEN];
        read_at(&self.dir, path_of("task/", tid, name, &mut path), buffer)
    }

    /// Lists its threads. Calls `visit` with each until that returns false.
    pub(in crate::source) fn threads(
        &self,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Result<(), Unread> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(&self.dir, c"task", flags, Mode::empty())?;
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut entries = RawDir::new(&dir, &mut buffer);
        while let Some(entry) = entries.next() {
            let tid = number(entry?.file_name().to_bytes());
            if let Some(tid) = tid.and_then(|tid| u32::try_from(tid).ok())
                && !visit(tid)
            {
                break;
            }
        }
        Ok(())
    }

    /// Reads a file to its end, or up to `max_bytes`.
    pub(in crate::source) fn read_long(
        &self,
        name: &CStr,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        read_long_at(&self.dir, name, max_bytes, content)
    }

    /// Reads a file of a thread to its end, or up to `max_bytes`.
    pub(in crate::source) fn read_long_of_thread(
        &self,
        tid: u32,
        name: &str,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        let mut path = [0; PATH_LEN];
        let path = path_of("task/", tid, name, &mut path);
        read_long_at(&self.dir, path, max_bytes, content)
    }
}

pub(super) fn read_long_at(
    dir: impl AsFd,
    name: &CStr,
    max_bytes: usize,
    content: &mut Vec<u8>,
) -> Result<(), Unread> {
    let file = open_at(dir, name)?;
    read_until(&file, max_bytes, content, |read, _| read == 0)
}

/// Reads up to `max_bytes`, until a read returns what `is_end` accepts, with the room that it had.
fn read_until(
    file: &OwnedFd,
    max_bytes: usize,
    content: &mut Vec<u8>,
    is_end: impl Fn(usize, usize) -> bool,
) -> Result<(), Unread> {
    content.clear();
    loop {
        let len = content.len();
        content.resize(max_bytes.min((len * 2).max(4096)), 0);
        let room = content.len() - len;
        let read = rustix::io::read(file, &mut content[len..]);
        content.truncate(len + *read.as_ref().unwrap_or(&0));
        if is_end(read?, room) || content.len() == max_bytes {
            return Ok(());
        }
    }
}

pub(super) fn read_at<'a>(
    dir: impl AsFd,
    name: &CStr,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Unread> {
    read_whole(&open_at(dir, name)?, buffer)
}

/// One call reads all, because the kernel produces such a file as a whole (single_open in
/// fs/seq_file.c).
pub(super) fn read_whole<'a>(file: &OwnedFd, buffer: &'a mut [u8]) -> Result<&'a [u8], Unread> {
    let len = rustix::io::read(file, &mut *buffer)?;
    Ok(&buffer[..len])
}

fn open_at(dir: impl AsFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    // proc(5) ignores NONBLOCK. Other files in its place, such as a pipe, must not block the scan.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::empty())
}

/// Builds `ID/NAME` in a folder, or `ID` without a name. The folder ends in a slash, or is empty.
pub(super) fn path_of<'a>(
    folder: &str,
    id: u32,
    name: &str,
    path: &'a mut [u8; PATH_LEN],
) -> &'a CStr {
    let mut digits = [0; 10];
    let mut begin = digits.len();
    let mut rest = id;
    loop {
        begin -= 1;
        digits[begin] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let mut len = 0;
    let mut push = |bytes: &[u8]| {
        path[len..len + bytes.len()].copy_from_slice(bytes);
        len += bytes.len();
    };
    push(folder.as_bytes());
    push(&digits[begin..]);
    if !name.is_empty() {
        push(b"/");
        push(name.as_bytes());
    }
    push(b"\0");
    CStr::from_bytes_with_nul(&path[..len]).expect("BUG: one NUL was put, at the end")
}

fn cannot(action: &str, path: &Path, errno: Errno) -> Error {
    let is_elsewhere = path != Path::new(USUAL);
    let advice = match errno {
        Errno::NOTDIR => PATH_ADVICE,
        Errno::NOENT if is_elsewhere => PATH_ADVICE,
        _ => ADVICE,
    };
    Error::from_io(format!("cannot {action} {}", path.display()), errno.into()).with_advice(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> (Procfs, Vec<Listed>) {
        let path = Path::new("/proc");
        let procfs = Procfs::open(path).expect("there is a /proc here");
        let mut listed = Vec::new();
        // So small that the list takes many calls.
        let mut buffer = [MaybeUninit::uninit(); 512];
        procfs
            .list(path, &mut buffer, &mut listed)
            .expect("it can be listed");
        (procfs, listed)
    }

    #[test]
    fn the_list_is_in_order_and_contains_us() {
        let (procfs, listed) = list();
        assert!(listed.is_sorted_by_key(|listed| listed.pid));
        let own = procfs.own_pid().expect("it contains us");
        assert!(listed.iter().any(|listed| listed.pid == own));
    }

    #[test]
    fn paths_of_all_pids_fit() {
        let mut path = [0; PATH_LEN];
        assert_eq!(path_of("", 0, "stat", &mut path), c"0/stat");
        assert_eq!(
            path_of("task/", u32::MAX, "cmdline", &mut path),
            c"task/4294967295/cmdline"
        );
        assert_eq!(path_of("", 42, "", &mut path), c"42");
    }

    #[test]
    fn a_missing_process_has_no_files_and_a_long_file_is_read_up_to_the_limit() {
        let (procfs, _) = list();
        assert_eq!(
            procfs.read_of(1 << 23, "stat", &mut [0; 10]),
            Err(Unread::Gone)
        );
        assert_eq!(procfs.folder(1 << 23).err(), Some(Unread::Gone));
        let own = procfs.own_pid().expect("it contains us");
        let folder = procfs.folder(own).expect("we live");
        let mut whole = Vec::new();
        folder
            .read_long(c"status", 1 << 20, &mut whole)
            .expect("ours");
        let mut cut = Vec::new();
        folder.read_long(c"status", 10, &mut cut).expect("ours");
        assert_eq!(cut, &whole[..10]);
    }
}

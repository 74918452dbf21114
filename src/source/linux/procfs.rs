//! `/proc` as a folder: who is listed, and the files of each.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::io::Errno;

use super::stat::number;
use crate::model::{Error, Result};

/// Where it is, unless another place is named.
const USUAL: &str = "/proc";

const ADVICE: &str = "check that /proc is mounted and that file descriptors are left";

const NAME_IT: &str = "name the folder that proc(5) is mounted at";

/// Room for a pid, a slash and the longest name of a file that is read, with its NUL.
const PATH_LEN: usize = 24;

/// A process as the list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) pid: u32,
    /// Of its folder: another process never has the same, but one process's can change.
    pub(super) inode: u64,
}

/// Why a file of a process could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// The process has gone.
    Gone,
    /// It is not for us.
    Denied,
    /// Anything else: no descriptor left, for one.
    Failed,
}

impl From<Errno> for Unread {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::SRCH => Self::Gone,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            _ => Self::Failed,
        }
    }
}

/// An open `/proc`, for one scan.
#[derive(Debug)]
pub(super) struct Procfs {
    dir: OwnedFd,
}

impl Procfs {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|errno| cannot("open", path, errno))?;
        Ok(Self { dir })
    }

    /// All processes, in order of pid, into `listed`.
    pub(super) fn list(
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
        // The kernel lists them in order (next_tgid in fs/proc/base.c); others that look like it need
        // not.
        if !is_in_order {
            listed.sort_unstable_by_key(|listed| listed.pid);
            listed.dedup_by_key(|listed| listed.pid);
        }
        Ok(())
    }

    /// The pid that this /proc knows us by; `None` if it does not show us.
    pub(super) fn own_pid(&self) -> Option<u32> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 16];
        let (link, _) = readlinkat_raw(&self.dir, c"self", &mut buffer).ok()?;
        u32::try_from(number(link)?).ok()
    }

    /// Reads a file of its own, such as `stat`, as far as the buffer goes.
    pub(super) fn read<'a>(&self, name: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8], Unread> {
        read_at(&self.dir, name, buffer)
    }

    /// Reads a file of a process, as far as the buffer goes.
    pub(super) fn read_of<'a>(
        &self,
        pid: u32,
        name: &str,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        let mut path = [0; PATH_LEN];
        read_at(&self.dir, path_of(pid, name, &mut path), buffer)
    }

    /// The folder of a process. Its files stay those of this very process.
    pub(super) fn folder(&self, pid: u32) -> Result<Folder, Unread> {
        let mut path = [0; PATH_LEN];
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(&self.dir, path_of(pid, "", &mut path), flags, Mode::empty())?;
        Ok(Folder { dir })
    }
}

/// The open folder of one process. Once that has ended nothing can be read in it, whoever has its pid
/// by then.
#[derive(Debug)]
pub(super) struct Folder {
    dir: OwnedFd,
}

impl Folder {
    /// Reads one of its files, as far as the buffer goes.
    pub(super) fn read<'a>(&self, name: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8], Unread> {
        read_at(&self.dir, name, buffer)
    }

    /// Reads one of its files to the end, or up to so many bytes.
    pub(super) fn read_long(
        &self,
        name: &CStr,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        content.clear();
        let file = open_at(&self.dir, name)?;
        loop {
            let len = content.len();
            content.resize(max_bytes.min((len * 2).max(4096)), 0);
            let read = rustix::io::read(&file, &mut content[len..]);
            content.truncate(len + *read.as_ref().unwrap_or(&0));
            if read? == 0 || content.len() == max_bytes {
                return Ok(());
            }
        }
    }
}

/// One call reads all: the kernel makes such a file as a whole (single_open in fs/seq_file.c).
fn read_at<'a>(dir: impl AsFd, name: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8], Unread> {
    let file = open_at(dir, name)?;
    let len = rustix::io::read(&file, &mut *buffer)?;
    Ok(&buffer[..len])
}

fn open_at(dir: impl AsFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    // No file of proc(5) minds, and what is not one of them must not hold us up.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::empty())
}

/// `PID/NAME` or, without a name, `PID`.
fn path_of<'a>(pid: u32, name: &str, path: &'a mut [u8; PATH_LEN]) -> &'a CStr {
    let mut digits = [0; 10];
    let mut begin = digits.len();
    let mut rest = pid;
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
    push(&digits[begin..]);
    if !name.is_empty() {
        push(b"/");
        push(name.as_bytes());
    }
    push(b"\0");
    CStr::from_bytes_with_nul(&path[..len]).expect("BUG: one NUL was put, at the end")
}

fn cannot(what: &str, path: &Path, errno: Errno) -> Error {
    let is_elsewhere = path != Path::new(USUAL);
    let advice = match errno {
        Errno::NOTDIR => NAME_IT,
        Errno::NOENT if is_elsewhere => NAME_IT,
        _ => ADVICE,
    };
    Error::from_io(format!("cannot {what} {}", path.display()), errno.into()).with_advice(advice)
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
    fn the_list_is_in_order_and_shows_us() {
        let (procfs, listed) = list();
        assert!(listed.is_sorted_by_key(|listed| listed.pid));
        let own = procfs.own_pid().expect("it shows us");
        assert!(listed.iter().any(|listed| listed.pid == own));
    }

    #[test]
    fn a_path_is_made_of_any_pid() {
        let mut path = [0; PATH_LEN];
        assert_eq!(path_of(0, "stat", &mut path), c"0/stat");
        assert_eq!(
            path_of(u32::MAX, "cmdline", &mut path),
            c"4294967295/cmdline"
        );
        assert_eq!(path_of(42, "", &mut path), c"42");
    }

    #[test]
    fn what_is_not_there_is_gone_and_a_long_file_is_read_up_to_its_limit() {
        let (procfs, _) = list();
        assert_eq!(
            procfs.read_of(1 << 23, "stat", &mut [0; 10]),
            Err(Unread::Gone)
        );
        assert_eq!(procfs.folder(1 << 23).err(), Some(Unread::Gone));
        let own = procfs.own_pid().expect("it shows us");
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

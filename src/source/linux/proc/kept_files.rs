//! Keeps files of processes open that run in scan after scan.

use std::os::fd::{IntoRawFd, OwnedFd};

use ahash::AHashMap;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::procfs::{Procfs, Unread, read_whole};
use super::stat::number;

/// Kernel memory that files may take. The kernel keeps a page for each that was read (seq_read_iter in fs/seq_file.c).
const MOST_BYTES: u64 = 8 << 20;

/// The part of the program's descriptors that may be kept.
const SHARE: u64 = 8;

/// Scans after which a file that was not read is closed.
const SCANS: u32 = 8;

/// A file that is read of each process that has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::source) enum KeptFile {
    Stat,
    Statm,
}

#[derive(Debug)]
struct Kept {
    file: OwnedFd,
    /// Scans since it was read.
    unread_scans: u32,
}

/// Files that stay open from scan to scan.
///
/// To open and close one takes as long as to read it. A file stays that of its process: once that has
/// ended, it cannot be read, even if its pid is used again (proc_single_show in fs/proc/base.c).
#[derive(Debug, Default)]
pub(in crate::source) struct KeptFiles {
    files: AHashMap<(u32, KeptFile), Kept>,
    is_allowed: bool,
    most: usize,
}

/// Reads the files of one process.
pub(in crate::source) struct FilesOf<'f> {
    kept: &'f mut KeptFiles,
    pub(in crate::source) procfs: &'f Procfs,
    pid: u32,
    keeps: bool,
}

impl KeptFile {
    fn name(self) -> &'static str {
        match self {
            Self::Stat => "stat",
            Self::Statm => "statm",
        }
    }

    /// Returns whether this was read of the process, as far as the content shows.
    fn is_of(self, pid: u32, content: &[u8]) -> bool {
        let first = content.split(|&byte| byte == b' ').next();
        self == Self::Statm || first.and_then(number) == Some(u64::from(pid))
    }
}

impl KeptFiles {
    /// Creates it for a mount of proc(5). The default keeps nothing: other files may be replaced.
    pub(in crate::source) fn of_mounted() -> Self {
        Self {
            is_allowed: true,
            ..Self::default()
        }
    }

    /// Reads files of the process that has this pid now. `keeps`: the next scan will probably read them again.
    pub(in crate::source) fn of<'f>(
        &'f mut self,
        procfs: &'f Procfs,
        pid: u32,
        keeps: bool,
    ) -> FilesOf<'f> {
        FilesOf {
            kept: self,
            procfs,
            pid,
            keeps,
        }
    }

    /// Closes files that were not read for some scans, and all if fewer are allowed by now.
    pub(in crate::source) fn end_scan(&mut self) {
        if !self.is_allowed {
            return;
        }
        self.most = most(getrlimit(Resource::Nofile).current);
        if self.files.len() > self.most {
            self.files.clear();
        }
        self.files.retain(|_, kept| {
            kept.unread_scans += 1;
            kept.unread_scans <= SCANS
        });
    }

    /// Closes all for good, because the program lacks descriptors or `/proc` hides processes.
    pub(in crate::source) fn give_up(&mut self) {
        *self = Self::default();
    }

    /// Forgets all for good, because the program has closed them.
    ///
    /// Their numbers can be other files of the program by now, which must stay open.
    fn disown(&mut self) {
        for (_, kept) in std::mem::take(self).files {
            let _ = kept.file.into_raw_fd();
        }
    }
}

impl FilesOf<'_> {
    /// Reads a file, as far as the buffer reaches.
    pub(in crate::source) fn read<'a>(
        &mut self,
        file: KeptFile,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        let key = (self.pid, file);
        if let Some(found) = self.kept.files.get_mut(&key) {
            match rustix::io::pread(&found.file, &mut *buffer, 0) {
                Ok(len) if file.is_of(self.pid, &buffer[..len]) => {
                    found.unread_scans = 0;
                    return Ok(&buffer[..len]);
                }
                // It has ended, and another process can have its pid.
                Err(Errno::SRCH) => drop(self.kept.files.remove(&key)),
                _ => self.kept.disown(),
            }
        }
        let opened = self.procfs.open_of(self.pid, file.name())?;
        let content = read_whole(&opened, buffer)?;
        if self.keeps && self.kept.files.len() < self.kept.most {
            let kept = Kept {
                file: opened,
                unread_scans: 0,
            };
            self.kept.files.insert(key, kept);
        }
        Ok(content)
    }
}

/// Returns how many files may be kept, of so many descriptors; `None`: no limit.
fn most(descriptors: Option<u64>) -> usize {
    let most = MOST_BYTES / rustix::param::page_size() as u64;
    let most = descriptors.map_or(most, |descriptors| most.min(descriptors / SHARE));
    usize::try_from(most).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn child() -> Child {
        let mut cat = Command::new("cat");
        let cat = cat.stdin(Stdio::piped()).stdout(Stdio::null());
        cat.spawn().expect("there is a cat")
    }

    fn procfs() -> Procfs {
        Procfs::open(Path::new("/proc")).expect("there is a /proc here")
    }

    /// Reads `stat`, and returns the pid in it.
    fn pid_in_stat(files: &mut KeptFiles, pid: u32, keeps: bool) -> Result<u32, Unread> {
        let (procfs, mut line) = (procfs(), [0; 1024]);
        let stat = files
            .of(&procfs, pid, keeps)
            .read(KeptFile::Stat, &mut line)?;
        let text = String::from_utf8_lossy(stat);
        let pid = text.split(' ').next().and_then(|pid| pid.parse().ok());
        Ok(pid.expect("it begins with the pid"))
    }

    fn kept_files() -> KeptFiles {
        KeptFiles {
            is_allowed: true,
            most: 2,
            ..KeptFiles::default()
        }
    }

    #[test]
    fn a_kept_file_is_that_of_its_process_until_it_ends() {
        let mut child = child();
        let mut files = kept_files();
        for _ in 0..3 {
            assert_eq!(pid_in_stat(&mut files, child.id(), true), Ok(child.id()));
        }
        assert_eq!(files.files.len(), 1);
        child.kill().expect("it is ours");
        // A zombie still has it.
        assert_eq!(pid_in_stat(&mut files, child.id(), true), Ok(child.id()));
        child.wait().expect("it is ours");
        // Its file has become that of the next process with its pid.
        let key = (child.id(), KeptFile::Stat);
        let kept = files.files.remove(&key).expect("it is kept");
        let own = std::process::id();
        files.files.insert((own, KeptFile::Stat), kept);
        assert_eq!(pid_in_stat(&mut files, own, false), Ok(own));
        assert_eq!(files.files.len(), 0);
        assert!(files.is_allowed);
    }

    #[test]
    fn numbers_that_have_become_other_files_are_not_read_and_not_closed() {
        let (reader, _writer) = std::io::pipe().expect("there are descriptors");
        let other = procfs().open_of(1, "stat").expect("it can be read");
        for file in [other, reader.into()] {
            let mut files = kept_files();
            let link = format!("/proc/self/fd/{}", file.as_raw_fd());
            let target = std::fs::read_link(&link).expect("it is open");
            let own = std::process::id();
            let unread_scans = 0;
            let kept = Kept { file, unread_scans };
            files.files.insert((own, KeptFile::Stat), kept);
            for _ in 0..2 {
                assert_eq!(pid_in_stat(&mut files, own, true), Ok(own));
                assert_eq!(files.files.len(), 0);
            }
            assert_eq!(std::fs::read_link(&link).ok(), Some(target));
        }
    }

    #[test]
    fn a_file_that_is_not_read_is_closed_after_some_scans() {
        let own = std::process::id();
        let mut files = KeptFiles::of_mounted();
        files.end_scan();
        for _ in 0..2 {
            pid_in_stat(&mut files, own, true).expect("we live");
            for _ in 0..SCANS {
                files.end_scan();
            }
        }
        assert_eq!(files.files.len(), 1);
        files.end_scan();
        assert_eq!(files.files.len(), 0);
    }

    #[test]
    fn no_more_files_are_kept_than_allowed() {
        let own = std::process::id();
        let mut files = kept_files();
        files.most = 1;
        let mut line = [0; 1024];
        for file in [KeptFile::Statm, KeptFile::Stat] {
            let read = files.of(&procfs(), own, true).read(file, &mut line).is_ok();
            assert!(read);
        }
        assert!(files.files.contains_key(&(own, KeptFile::Statm)));
        assert_eq!(files.files.len(), 1);
        files.give_up();
        files.end_scan();
        pid_in_stat(&mut files, own, true).expect("we live");
        assert_eq!(files.files.len(), 0);
        let page_bytes = rustix::param::page_size() as u64;
        assert_eq!(most(Some(256)), 32);
        assert_eq!(
            [most(Some(1 << 20)), most(None)].map(|most| most as u64 * page_bytes),
            [MOST_BYTES; 2]
        );
    }
}

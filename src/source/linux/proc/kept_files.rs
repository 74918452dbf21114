//! Keeps files of processes open that run in scan after scan.

use std::os::fd::OwnedFd;

use ahash::AHashMap;
use rustix::process::{Resource, getrlimit};

use super::procfs::{Procfs, Unread, read_whole};

/// Files that may be kept. The kernel keeps a page for each that was read (seq_read_iter in fs/seq_file.c):
/// 2.2 MB for all.
const MOST: u64 = 512;

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
}

impl KeptFiles {
    /// Creates it for a mount of proc(5). The default keeps nothing: other files may be replaced.
    pub(in crate::source) fn of_mounted() -> Self {
        let mut files = Self {
            is_allowed: true,
            ..Self::default()
        };
        files.count_descriptors();
        files
    }

    /// Finds how many may be kept: the limit of the program's descriptors has changed.
    pub(in crate::source) fn count_descriptors(&mut self) {
        if self.is_allowed {
            self.most = most(getrlimit(Resource::Nofile).current);
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

    /// Closes files that were not read for some scans.
    pub(in crate::source) fn end_scan(&mut self) {
        self.files.retain(|_, kept| {
            kept.unread_scans += 1;
            kept.unread_scans <= SCANS
        });
    }

    /// Closes all for good: the program lacks descriptors.
    pub(in crate::source) fn give_up(&mut self) {
        *self = Self::default();
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
        let kept = &mut self.kept.files;
        if let Some(found) = kept.get_mut(&key) {
            match rustix::io::pread(&found.file, &mut *buffer, 0) {
                Ok(len) => {
                    found.unread_scans = 0;
                    return Ok(&buffer[..len]);
                }
                // It has ended, and another process can have its pid.
                Err(_) => kept.remove(&key),
            };
        }
        let opened = self.open(file)?;
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

    fn open(&mut self, file: KeptFile) -> Result<OwnedFd, Unread> {
        match self.procfs.open_of(self.pid, file.name()) {
            Err(Unread::Failed) if !self.kept.files.is_empty() => {
                self.kept.give_up();
                self.procfs.open_of(self.pid, file.name())
            }
            opened => opened,
        }
    }
}

/// Returns how many files may be kept, of so many descriptors; `None`: no limit.
fn most(descriptors: Option<u64>) -> usize {
    let most = descriptors.map_or(MOST, |descriptors| MOST.min(descriptors / SHARE));
    usize::try_from(most).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_kept_file_is_that_of_its_process_until_it_ends() {
        let mut child = child();
        let mut files = KeptFiles::of_mounted();
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
    }

    #[test]
    fn a_file_that_is_not_read_is_closed_after_some_scans() {
        let own = std::process::id();
        let mut files = KeptFiles::of_mounted();
        pid_in_stat(&mut files, own, true).expect("we live");
        for _ in 0..SCANS {
            files.end_scan();
        }
        pid_in_stat(&mut files, own, true).expect("we live");
        for _ in 0..SCANS {
            files.end_scan();
        }
        assert_eq!(files.files.len(), 1);
        files.end_scan();
        assert_eq!(files.files.len(), 0);
    }

    #[test]
    fn no_more_files_are_kept_than_allowed() {
        let mut files = KeptFiles {
            most: 1,
            ..KeptFiles::default()
        };
        let own = std::process::id();
        let mut line = [0; 1024];
        for file in [KeptFile::Statm, KeptFile::Stat] {
            let read = files.of(&procfs(), own, true).read(file, &mut line).is_ok();
            assert!(read);
        }
        assert!(files.files.contains_key(&(own, KeptFile::Statm)));
        assert_eq!(files.files.len(), 1);
        files.give_up();
        pid_in_stat(&mut files, own, true).expect("we live");
        assert_eq!(files.files.len(), 0);
        assert_eq!(
            [most(Some(1024)), most(Some(1 << 20)), most(None)],
            [128, 512, 512]
        );
    }
}

//! Reads the resident memory of a process.

use super::inspect::{Rules, Why};
use super::known::Known;
use super::proc::kept_files::{FilesOf, KeptFile};
use super::proc::procfs::{Folder, Procfs, Unread};
use super::proc::stat::Stat;
use super::proc::statm::{Pages, pages};
use super::proc::threads::LivingThread;
use crate::model::Collect;

impl Rules {
    /// Returns the resident memory, from `statm` (proc_pid_statm(5)), because that of `stat` is
    /// rough. `thread` is read if the first thread has ended.
    pub(super) fn memory(
        &self,
        files: &mut FilesOf<'_>,
        known: &Known,
        stat: &Stat<'_>,
        thread: &Result<Option<LivingThread<'_>>, Unread>,
        before: Option<&Known>,
        why: Why,
    ) -> Result<Option<u64>, Unread> {
        if !self.collect.contains(Collect::MEMORY) {
            return Ok(None);
        }
        if known.has_no_memory() {
            return Ok(Some(0));
        }
        if let Some(before) = before
            && why != Why::Turn
            && before.resources.rss_bytes.is_some()
            && known.has_memory_of(before)
        {
            return Ok(before.resources.rss_bytes);
        }
        let pages = match thread {
            Ok(Some(thread)) => thread.resident_pages()?,
            Ok(None) => {
                let mut buffer = [0; 128];
                match pages(files.read(KeptFile::Statm, &mut buffer)?)? {
                    Pages::Resident(pages) => pages,
                    Pages::NoMemory if stat.has_memory || stat.threads > 1 => {
                        pages_of_threads(&files.procfs.folder(known.pid)?)?
                    }
                    Pages::NoMemory => 0,
                }
            }
            Err(_) => return Err(Unread::Failed),
        };
        Ok(Some(pages.saturating_mul(self.page_bytes)))
    }

    /// Returns whether a process has as much memory as before. It may be another process by now, so its
    /// memory must not be emitted.
    pub(super) fn has_memory_of(&self, procfs: &Procfs, before: &Known) -> bool {
        if !self.collect.contains(Collect::MEMORY) || before.has_no_memory() {
            return true;
        }
        let mut buffer = [0; 128];
        let statm = procfs.read_of(before.pid, "statm", &mut buffer);
        match statm.and_then(pages) {
            Ok(Pages::Resident(pages)) => {
                before.resources.rss_bytes == Some(pages.saturating_mul(self.page_bytes))
            }
            // Its first thread has ended, or it has exited.
            Ok(Pages::NoMemory) | Err(_) => false,
        }
    }
}

/// Reads the resident pages of a process: of another thread if the first one has none any more.
pub(in crate::source) fn resident_pages(folder: &Folder) -> Result<u64, Unread> {
    let mut buffer = [0; 128];
    match pages(folder.read(c"statm", &mut buffer)?)? {
        Pages::Resident(pages) => Ok(pages),
        Pages::NoMemory => pages_of_threads(folder),
    }
}

/// Reads the resident pages of a process whose first thread has none; 0 if none has any.
fn pages_of_threads(folder: &Folder) -> Result<u64, Unread> {
    let thread = LivingThread::find(folder, None)?;
    thread.map_or(Ok(0), |thread| thread.resident_pages())
}

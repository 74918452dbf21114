//! Reads a process whose first thread has ended while others live.
//!
//! Status, memory and command line of the process are those of its first thread, and that has
//! none of them any more. Those of its other threads are the same.

use super::procfs::{Folder, Unread};
use super::stat::{STAT_LEN, Stat};

/// A living thread of a process whose first thread has ended.
#[derive(Debug)]
pub(in crate::source) struct LivingThread<'f> {
    folder: &'f Folder,
    pub(super) tid: u32,
    /// Its own, without the name.
    pub(in crate::source) stat: Stat<'static>,
}

impl<'f> LivingThread<'f> {
    /// Finds a living thread; `None` if all have ended. `last` is the one that was found last.
    pub(in crate::source) fn find(
        folder: &'f Folder,
        last: Option<u32>,
    ) -> Result<Option<Self>, Unread> {
        // It saves the list, which can have thousands of threads.
        if let Some(tid) = last
            && let Ok(Some(stat)) = living(folder, tid)
        {
            return Ok(Some(Self { folder, tid, stat }));
        }
        let mut found = Ok(None);
        folder.threads(|tid| {
            match living(folder, tid) {
                Ok(Some(stat)) => found = Ok(Some((tid, stat))),
                // It has ended since it was listed.
                Ok(None) | Err(Unread::Gone) => {}
                Err(unread) => found = Err(unread),
            }
            !matches!(found, Ok(Some(_)))
        })?;
        Ok(found?.map(|(tid, stat)| Self { folder, tid, stat }))
    }

    /// Reads its `stat` again; [`Unread::Gone`] if it has ended.
    pub(in crate::source) fn read_stat(&self) -> Result<Stat<'static>, Unread> {
        living(self.folder, self.tid)?.ok_or(Unread::Gone)
    }

    /// Reads a file, as far as the buffer reaches.
    pub(in crate::source) fn read<'a>(
        &self,
        name: &str,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], Unread> {
        self.folder.read_of_thread(self.tid, name, buffer)
    }

    /// Reads a file to its end, or up to `max_bytes`.
    pub(in crate::source) fn read_long(
        &self,
        name: &str,
        max_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), Unread> {
        self.folder
            .read_long_of_thread(self.tid, name, max_bytes, content)
    }
}

/// Reads `stat` of a thread; `None` if it has ended.
fn living(folder: &Folder, tid: u32) -> Result<Option<Stat<'static>>, Unread> {
    let mut line = [0; STAT_LEN];
    let line = folder.read_of_thread(tid, "stat", &mut line)?;
    let stat = Stat::parse(line).ok_or(Unread::Failed)?.without_name();
    Ok(Some(stat).filter(|stat| !stat.has_ended()))
}

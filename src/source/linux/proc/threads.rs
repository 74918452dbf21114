//! Reads a process whose first thread has ended while others live.
//!
//! Status, memory and command line of the process are those of its first thread, and that has
//! none of them any more. Those of its other threads are the same.

use super::procfs::{Folder, Unread};
use super::stat::{STAT_LEN, Stat};
use super::statm::{Pages, pages};

/// Threads can turn over while they are listed. After so many lists the process is unknown.
const MAX_LISTS: u32 = 8;

/// A living thread of a process whose first thread has ended.
#[derive(Debug)]
pub(in crate::source) struct LivingThread<'f> {
    folder: &'f Folder,
    pub(in crate::source) tid: u32,
    /// Its own, without the name. Without memory, no thread of the process has any.
    pub(in crate::source) stat: Stat<'static>,
}

/// What one list of the threads has shown.
#[derive(Default)]
struct List {
    /// It has memory.
    living: Option<(u32, Stat<'static>)>,
    /// It has no memory any more.
    exiting: Option<(u32, Stat<'static>)>,
    tids: Vec<u32>,
    failed: Option<Unread>,
}

impl<'f> LivingThread<'f> {
    /// Finds a living thread; `None` if all have ended. `last` is the one that was found last.
    ///
    /// # Errors
    ///
    /// Also if the threads change so fast that none is found.
    pub(in crate::source) fn find(
        folder: &'f Folder,
        last: Option<u32>,
    ) -> Result<Option<Self>, Unread> {
        let this = |(tid, stat)| Self { folder, tid, stat };
        // It saves the list, which can have thousands of threads.
        if let Some(tid) = last
            && let Ok(stat) = stat_of(folder, tid)
            && stat.has_memory
            && !stat.has_ended()
        {
            return Ok(Some(this((tid, stat))));
        }
        let mut before = None;
        for _ in 0..MAX_LISTS {
            let list = List::read(folder)?;
            if let Some(living) = list.living {
                return Ok(Some(this(living)));
            }
            if let Some(unread) = list.failed {
                return Err(unread);
            }
            // A thread can create another and end, after the list and before its `stat` is read.
            // Those that have ended create none: a second list that is whole shows that.
            if before.as_ref() == Some(&list.tids) && list.is_whole(folder)? {
                return Ok(list.exiting.map(this));
            }
            before = Some(list.tids);
        }
        Err(Unread::Failed)
    }

    /// Reads the resident pages of the process: of another thread if this one has ended since.
    pub(in crate::source) fn resident_pages(&self) -> Result<u64, Unread> {
        match pages_of(self.folder, self.tid) {
            Ok(Pages::Resident(pages)) => return Ok(pages),
            Ok(Pages::NoMemory) if !self.stat.has_memory => return Ok(0),
            _ => {}
        }
        for _ in 0..MAX_LISTS {
            let mut found = None;
            self.folder.threads(|tid| {
                if let Ok(Pages::Resident(pages)) = pages_of(self.folder, tid) {
                    found = Some(pages);
                }
                found.is_none()
            })?;
            if let Some(pages) = found {
                return Ok(pages);
            }
        }
        Err(Unread::Failed)
    }

    /// Reads the command line of a process, up to `max_bytes`, and then `stat`, from the same
    /// living thread: of another if that one ends meanwhile.
    pub(in crate::source) fn read_command(
        folder: &'f Folder,
        max_bytes: usize,
        command: &mut Vec<u8>,
    ) -> Result<Stat<'static>, Unread> {
        for _ in 0..MAX_LISTS {
            let tid = Self::find(folder, None)?.ok_or(Unread::Gone)?.tid;
            let read = folder
                .read_long_of_thread(tid, "cmdline", max_bytes, command)
                .and_then(|()| stat_of(folder, tid));
            match read {
                Err(Unread::Gone) => {}
                Ok(stat) if command.is_empty() && !stat.has_memory => {}
                read => return read,
            }
        }
        Err(Unread::Failed)
    }
}

impl List {
    /// Reads the threads until one is found that has memory.
    fn read(folder: &Folder) -> Result<Self, Unread> {
        let mut list = Self::default();
        folder.threads(|tid| {
            list.tids.push(tid);
            match stat_of(folder, tid) {
                Ok(stat) if stat.has_ended() => {}
                Ok(stat) if stat.has_memory => list.living = Some((tid, stat)),
                Ok(stat) => list.exiting = Some((tid, stat)),
                // It has ended since it was listed.
                Err(Unread::Gone) => {}
                Err(unread) => list.failed = Some(unread),
            }
            list.living.is_none()
        })?;
        Ok(list)
    }

    /// Returns whether it has as many threads as the process. A long list can lack some, because
    /// threads that end move the others.
    fn is_whole(&self, folder: &Folder) -> Result<bool, Unread> {
        let mut line = [0; STAT_LEN];
        let stat = Stat::parse(folder.read(c"stat", &mut line)?).ok_or(Unread::Failed)?;
        Ok(stat.threads == self.tids.len() as u64)
    }
}

fn stat_of(folder: &Folder, tid: u32) -> Result<Stat<'static>, Unread> {
    let mut line = [0; STAT_LEN];
    let line = folder.read_of_thread(tid, "stat", &mut line)?;
    Ok(Stat::parse(line).ok_or(Unread::Failed)?.without_name())
}

fn pages_of(folder: &Folder, tid: u32) -> Result<Pages, Unread> {
    let mut buffer = [0; 128];
    pages(folder.read_of_thread(tid, "statm", &mut buffer)?)
}

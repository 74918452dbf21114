//! Reads the resident memory of a process.

use super::inspect::{Rules, Why};
use super::known::Known;
use super::procfs::{Procfs, Unread};
use super::stat::number;
use super::threads::LivingThread;
use crate::model::Status;

impl Rules {
    /// Returns the resident memory, from `statm` (proc_pid_statm(5)), because that of `stat` is
    /// rough. `thread` is read if the first thread has ended.
    pub(super) fn memory(
        &self,
        procfs: &Procfs,
        known: &Known,
        thread: &Result<Option<LivingThread<'_>>, Unread>,
        before: Option<&Known>,
        why: Why,
    ) -> Result<Option<u64>, Unread> {
        if !self.collect.memory {
            return Ok(None);
        }
        // Neither has memory of its own.
        if known.is_kernel_thread || known.status == Some(Status::Zombie) {
            return Ok(Some(0));
        }
        if let Some(before) = before
            && why != Why::Turn
            && before.resources.rss_bytes.is_some()
            && known.has_memory_of(before)
        {
            return Ok(before.resources.rss_bytes);
        }
        let mut buffer = [0; 128];
        let statm = match thread {
            Ok(Some(thread)) => thread.read("statm", &mut buffer)?,
            Ok(None) => procfs.read_of(known.pid, "statm", &mut buffer)?,
            Err(_) => return Err(Unread::Failed),
        };
        Ok(Some(resident_pages(statm)?.saturating_mul(self.page_bytes)))
    }
}

/// Parses the resident pages of `statm`.
pub(in crate::source) fn resident_pages(statm: &[u8]) -> Result<u64, Unread> {
    let pages = statm.split(|&byte| byte == b' ').nth(1).and_then(number);
    pages.ok_or(Unread::Failed)
}

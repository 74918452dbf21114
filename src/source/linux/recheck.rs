//! Rechecks the processes that a scan missed.

use super::adopt::adopt;
use super::inspect::{Inspected, Why};
use super::proc::procfs::Listed;
use super::source::LinuxSource;
use crate::model::{Result, Timestamp};
use crate::source::{Row, ScanSummary};

impl LinuxSource {
    /// Emits the processes that still exist.
    pub(super) fn recheck_all(
        &mut self,
        pids: &[u32],
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Result<()> {
        let procfs = self.open()?;
        // The scan has already counted them.
        let mut seen = ScanSummary::default();
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        pids.dedup();
        for pid in pids {
            // No folder has inode 0, so the next scan reads the process again.
            let listed = Listed { pid, inode: 0 };
            let buffers = &mut self.buffers;
            // This scan did not emit it, but it may be the process that had the pid in the scan
            // before.
            let before = buffers.known.binary_search_by_key(&pid, |known| known.pid);
            let before = before.ok().map(|index| buffers.known[index].lost());
            let before = before.filter(|before| !before.has_exited);
            let (line, readers) = (&mut buffers.line, &mut buffers.readers);
            let why = Why::Changes;
            // It is lost, so it is read in full.
            let entry = self
                .rules
                .entry(listed, before.as_ref(), &mut readers.clocks);
            let mut inspected = self.rules.inspect(&procfs, entry, why, line, readers);
            inspected.count_earlier(&self.exited);
            if let Some(ear) = &self.ear {
                adopt(ear, &self.expected, &mut inspected, None);
                // What is rechecked was reported already.
                if let Inspected::Read(read) = &mut inspected {
                    read.is_heard = true;
                }
                // What was hidden from the scan may be hidden again.
                let was_read = before.filter(|before| !before.is_denied);
                if matches!(inspected, Inspected::Gone)
                    && ear.reports_all()
                    && was_read.is_some_and(|before| self.awaited.waits(pid, before.start()))
                {
                    inspected = Inspected::Failed(before);
                }
            }
            if matches!(inspected, Inspected::Gone) {
                let is_hidden = self.namespace.is_hidden(&procfs, pid)
                    && before.is_none_or(|before| !self.rules.is_replaced(&before));
                match before {
                    before if is_hidden => inspected = Inspected::Failed(before),
                    Some(before) => {
                        let (ticks, now_ns) = (before.start_ticks, Timestamp::monotonic_now_ns());
                        self.exited.add(pid, ticks, before.nth, now_ns);
                    }
                    None => {}
                }
            }
            // The scan has missed it, and its row has no inode. One that is gone although its exit was not heard may
            // have been followed by another.
            if self.ear.is_some() || !matches!(inspected, Inspected::Gone) {
                self.expected.doubt();
            }
            let gathered = &mut buffers.waiting.gathered;
            self.details
                .gather_if_read(&procfs, &mut inspected, false, gathered);
            let (rules, known) = (&self.rules, &mut self.known);
            buffers
                .waiting
                .add(rules, pid, inspected, known, &mut seen, emit);
        }
        self.emit_waiting(&mut seen, emit);
        self.known.sort_unstable_by_key(|known| known.pid);
        Ok(())
    }
}

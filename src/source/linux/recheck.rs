//! Rechecks the processes that a scan missed.

use super::adopt::adopt;
use super::inspect::{Inspected, Why};
use super::proc::procfs::Listed;
use super::source::LinuxSource;
use super::walk::is_too_young;
use crate::model::{Result, Timestamp};
use crate::source::{Row, ScanSummary};

impl LinuxSource {
    /// Emits the processes that still exist.
    pub(super) fn recheck_all(
        &mut self,
        pids: &[u32],
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Result<()> {
        self.expected.begin_recheck(pids);
        let procfs = self.open()?;
        // The scan has already counted them.
        let mut seen = ScanSummary::default();
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        pids.dedup();
        for pid in pids {
            if is_too_young(self.ear.as_ref(), &self.expected, pid) {
                self.expected.look_again(pid);
                emit(Row::Unreadable { pid });
                continue;
            }
            // No folder has inode 0, so the next scan reads the process again.
            let listed = Listed { pid, inode: 0 };
            let buffers = &mut self.buffers;
            // This scan did not emit it, but it may be the process that had the pid in the scan
            // before.
            let before = buffers.known.binary_search_by_key(&pid, |known| known.pid);
            let before = before.ok().map(|index| buffers.known[index].lost());
            let before = before.filter(|before| !before.has_exited);
            let (line, clocks) = (&mut buffers.line, &mut buffers.clocks);
            let why = Why::Changes;
            // It is lost, so it is read in full.
            let entry = self.rules.entry(listed, before.as_ref(), clocks);
            let mut inspected = self.rules.inspect(&procfs, entry, why, line, clocks);
            inspected.count_earlier(&self.exited);
            if let Some(ear) = &self.ear {
                let is_replaced = adopt(ear, &mut inspected, before.as_ref());
                let start = before.map(|before| before.start());
                let start = start.or_else(|| ear.start_of_last(pid));
                if (is_replaced || matches!(inspected, Inspected::Gone))
                    && ear.reports_all()
                    && start.is_some_and(|start| self.awaited.waits(pid, start))
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

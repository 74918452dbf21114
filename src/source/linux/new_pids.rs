//! Finds the pids that may have been born between two scans, so that polling needs no list of `/proc` either.
//!
//! The kernel counts forks, and gives free pids in ascending order. If it has started nothing since the scan before,
//! nothing was born. Otherwise the new pids are those that it has given since then. This holds only where both numbers
//! come from the kernel and no process is hidden. So it is tried out first, and each later list of `/proc` must agree.

use std::ops::RangeInclusive;
use std::thread;

use super::known::Known;
use super::proc::births::own_started_total;
use super::proc::last_pid::{last_pid, pids_of_a_round};
use super::proc::namespace::is_first;
use super::proc::procfs::{Listed, Procfs};

/// A fork gets its pid a moment before its process is there. So pids that were given less than this time before the
/// last scan may still be new.
pub(super) const SETTLE_NS: u64 = 1_000_000_000;

/// What the kernel had counted when a scan began, or a moment later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    began_ns: u64,
    /// Forks since boot, threads included.
    started: u64,
    pub(super) last_pid: u32,
}

/// The pids that may have been born since the scan before.
#[derive(Debug, Default)]
pub(super) struct NewPids {
    /// `None`: it was not tried out.
    pub(super) is_trusted: Option<bool>,
    /// Forks in other pid namespaces are counted too.
    pub(super) counts_others: bool,
    pub(super) last: Option<Counted>,
    /// Processes that have this pid or a lower one existed when the last scan began.
    pub(super) settled_pid: Option<u32>,
    /// The next that will have settled, and a time after it was given.
    settling: Option<(u32, u64)>,
    /// The last scan has found all processes.
    is_complete: bool,
    /// The result for the current scan, if nothing else can be new.
    pids: Option<RangeInclusive<u32>>,
}

impl NewPids {
    /// Creates one that never returns pids, where CPU clocks are not those of the processes.
    pub(super) fn never() -> Self {
        Self {
            is_trusted: Some(false),
            ..Self::default()
        }
    }

    /// Tries out whether both numbers move when a thread is born: a sandbox may have made them up.
    pub(super) fn try_out(&mut self, procfs: &Procfs) -> bool {
        let mut buffer = Vec::new();
        let mut count = || Some((own_started_total(procfs, &mut buffer)?, last_pid(procfs)?));
        let before = count();
        let thread = thread::Builder::new().spawn(|| {});
        let has_started = thread.is_ok_and(|thread| thread.join().is_ok());
        let moves = match (before, count()) {
            (Some(before), Some(after)) => before.0 < after.0 && before.1 != after.1,
            _ => false,
        };
        self.counts_others = !is_first(procfs);
        has_started && moves && !procfs.hides()
    }

    /// Lets each scan list `/proc` from now on.
    pub(super) fn distrust(&mut self, why: &str) {
        log::info!("each scan lists /proc from now on: {why}");
        self.is_trusted = Some(false);
    }

    /// Returns whether there are numbers, so that the next scan may do without a list.
    pub(super) fn are_counted(&self) -> bool {
        self.last.is_some()
    }

    /// Begins a scan. Returns the pids that may be new; `None` if others may be new too, or if they are more than
    /// `limit`.
    pub(super) fn begin_scan(
        &mut self,
        procfs: &Procfs,
        started: Option<u64>,
        now_ns: u64,
        limit: usize,
    ) -> Option<RangeInclusive<u32>> {
        let was_complete = std::mem::take(&mut self.is_complete);
        let last = self.last.take();
        self.pids = None;
        if self.is_trusted.is_none() {
            self.is_trusted = Some(self.try_out(procfs));
            return None;
        }
        let started = started.filter(|_| self.is_trusted == Some(true))?;
        let idle = last.filter(|last| last.started == started);
        let last_pid = match idle {
            Some(last) => last.last_pid,
            None => last_pid(procfs)?,
        };
        let now = Counted {
            began_ns: now_ns,
            started,
            last_pid,
        };
        self.last = Some(now);
        match last {
            Some(last) if was_complete && self.is_certain(procfs, last, now) => {
                let settled = self
                    .settling
                    .filter(|&(_, given_ns)| last.began_ns.saturating_sub(given_ns) >= SETTLE_NS);
                if let Some((pid, _)) = settled {
                    (self.settled_pid, self.settling) = (Some(pid), None);
                }
                self.settling.get_or_insert((last.last_pid, now.began_ns));
            }
            _ => (self.settled_pid, self.settling) = (None, None),
        }
        let pids = self.settled_pid? + 1..=now.last_pid;
        self.pids = Some(pids.clone());
        let len = pids.end().saturating_sub(*pids.start()) as usize;
        (len < limit).then_some(pids)
    }

    /// Returns whether all pids that were given between the two are above the first one's last.
    fn is_certain(&self, procfs: &Procfs, last: Counted, now: Counted) -> bool {
        let forks = now.started.checked_sub(last.started);
        let pids = now.last_pid.checked_sub(last.last_pid);
        match (forks, pids) {
            // They are not those of this namespace alone, so only their number is compared with a whole round.
            (Some(forks), Some(_)) if self.counts_others => {
                forks == 0 || forks < pids_of_a_round(procfs) / 2
            }
            // A fork can choose its pid (`set_tid` of clone3(2)), which is not the last one then. That shows unless
            // others were given that no fork counts: the kernel skips pids in use.
            (Some(forks), Some(pids)) => forks <= u64::from(pids),
            // It has begun again at the lowest one.
            _ => false,
        }
    }

    /// Ends a scan that has found all processes. `listed` are those of a list, if it made one.
    pub(super) fn end_scan(&mut self, before: &[Known], listed: Option<&[Listed]>) {
        self.is_complete = true;
        let (Some(pids), Some(listed)) = (&self.pids, listed) else {
            return;
        };
        let mut before = before.iter().peekable();
        let unexpected = listed.iter().find(|listed| {
            while before.next_if(|known| known.pid < listed.pid).is_some() {}
            let was_known = before.peek().is_some_and(|known| known.pid == listed.pid);
            !was_known && !pids.contains(&listed.pid)
        });
        if let Some(unexpected) = unexpected {
            self.distrust(&format!(
                "{unexpected:?} is not among the new pids, {pids:?}"
            ));
        }
    }
}
